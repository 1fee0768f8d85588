"""How a command ends: signals at any moment, odd streams, empty words, mistakes of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.service.inputs import write_good

RUN = "from calcwatch.cli.main import main; main()"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and streams of POSIX")


def shell(words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which $CW is the command."""
    line = words.replace("$CW", f'"{sys.executable}" -c "{RUN}"')
    return subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, env=os.environ | more
    )


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("$CW version >&-", 2),
        ("$CW check nowhere.dcm >&-", 2),
        ("$CW check nowhere.dcm 2>&-", 4),
        ("$CW check nowhere.dcm <&-", 4),
        ("$CW version <&- >&- 2>&-", 2),
    ],
)
def test_closed_streams(words: str, status: int) -> None:
    """A closed standard stream ends with a status, and where one can be told with a sentence."""
    ended = shell(words)
    assert ended.returncode == status
    assert "Traceback" not in ended.stderr
    if words.endswith(".dcm >&-"):
        assert ended.stderr == "calcwatch: cannot print: standard output is closed\n"


@pytest.mark.parametrize("more", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}])
def test_letters_that_a_stream_does_not_have(tmp_path: Path, more: dict[str, str]) -> None:
    """A name that the terminal may not know how to show is no reason to stop."""
    ended = shell(f"$CW check '{tmp_path}/größe.dcm'", PYTHONCOERCECLOCALE="0", **more)
    assert ended.returncode == 4, ended.stderr
    assert ended.stderr == ""
    assert "No such file" in ended.stdout


@pytest.mark.parametrize(
    "words", ["check ''", "check ' '", "analyze '' --out x", "analyze . --out ''", "check . --table="]
)
def test_empty_words(tmp_path: Path, words: str) -> None:
    """An empty argument is told: as a path it would be the folder one stands in."""
    ended = shell(f"cd '{tmp_path}' && $CW {words}")
    assert ended.returncode == 2
    assert "perhaps a variable that is not set" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.0])
def test_signals_at_any_moment(tmp_path: Path, number: signal.Signals, seconds: float) -> None:
    """A signal while the program loads, or works, ends it with its status, and nothing is left."""
    write_good(tmp_path, 1)
    # The interpreter and our first module have begun once this is printed; what comes before is not ours.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        # Tests may themselves run under nohup, which sets this signal aside for every child.
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "from calcwatch.cli.main import main; print('begun', flush=True); main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "analyze", str(tmp_path / "good-0.dcm"), "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert errors.endswith("calcwatch: interrupted\n")
    assert "Traceback" not in errors
    assert [entry.name for entry in tmp_path.iterdir()] == ["good-0.dcm"]


def test_signal_that_was_set_aside(tmp_path: Path) -> None:
    """A signal that the caller has set aside, as nohup does, does not end the command."""
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nprint('begun', flush=True); {RUN}"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "check", str(tmp_path / "gone.dcm")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 4


def test_mistake_of_ours_is_a_sentence(tmp_path: Path) -> None:
    """An error that nobody foresaw ends with a sentence that quotes nothing, and a status of its own."""
    code = (
        "from calcwatch.cli import commands\n"
        "def raises(): raise RuntimeError('SECRET^NAME')\n"
        "commands.app.command('raises')(raises)\n"
        f"{RUN}"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "raises"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "SECRET" not in ended.stderr
    assert "RuntimeError" not in ended.stderr
    assert ended.stderr.startswith("calcwatch: a mistake of calcwatch (<string>:2)")
