import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from calcwatch import __version__
from calcwatch.cli.commands import app
from calcwatch.formats.result.schema import document_schema
from tests.service.inputs import stored, write_good

COMMANDS = ("analyze", "check", "explain", "schema", "phantom", "demo", "version")


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own."""
    line = [sys.executable, "-c", "from calcwatch.cli.main import main; main()", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def write_png(path: Path) -> Path:
    """Write a 12-bit picture as 16-bit PNG, which says nothing of itself."""
    path.write_bytes(cv2.imencode(".png", stored())[1].tobytes())
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """Every command explains itself and shows an example."""
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert f"calcwatch {name}" in answer.output.split("For example:")[1]


def test_help_is_quick() -> None:
    """Help comes without loading the imaging libraries."""
    started = time.monotonic()
    loaded = command("--help")
    assert loaded.returncode == 0
    assert time.monotonic() - started < 5
    heavy = "{'numpy', 'scipy', 'cv2', 'pydicom', 'rich'}"
    code = f"import sys, calcwatch.cli.commands; print({heavy} & set(sys.modules))"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "set()"


def test_schema_and_version() -> None:
    """The schema is printed as JSON; the version names package and analysis."""
    printed = json.loads(CliRunner().invoke(app, ["schema"]).output)
    assert printed == document_schema()
    for name in ("findings", "comparison", "history"):
        assert json.loads(CliRunner().invoke(app, ["schema", name]).output) == document_schema(name)
    refused = CliRunner().invoke(app, ["schema", "report"])
    assert refused.exit_code == 2
    assert "'report' is none of findings, comparison, history" in " ".join(refused.output.split())
    assert re.fullmatch(
        rf"calcwatch {re.escape(__version__)}, analysis \S+\n", CliRunner().invoke(app, ["version"]).output
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["analyze", "--out", "x"], "no files given"),
        (["analyze", "a.png", "--out", "x", "--pixel-spacing", "wide"], "is not a number"),
        (["analyze", "a.png", "--out", "x", "--pixel-spacing", "70"], "between 0.005 and 2 mm"),
        (["analyze", "a.png", "--out", "x", "--laterality", "M"], "not one of L, R"),
        (["analyze", "a.png", "--out", "x", "--view", "front"], "not one of CC, MLO"),
        (["analyze", "a.png", "--out", "x", "--bits-stored", "20"], "between 8 and 16"),
        (["analyze", "a.png", "--out", "x", "--score-threshold", "2"], "between 0 and 1"),
        (["analyze", "a.png", "--out", "x", "--workers", "0"], "--workers"),
        (["analyze", "a.png"], "--out"),
        (["explain"], "GROUP"),
        (["check"], "no files given"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_use(words: list[str], told: str) -> None:
    """Wrong use ends with status 2 and a sentence that names the value."""
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 2
    assert told in answer.stderr


def test_refused_folder_and_bad_table(tmp_path: Path) -> None:
    """A folder with other files and a table that cannot be used end with status 2 and a sentence."""
    (tmp_path / "notes.txt").write_text("mine")
    refused = command("analyze", tmp_path, "--out", tmp_path)
    table = command("analyze", "--table", tmp_path / "none.csv", "--out", tmp_path / "out")
    for answer in (refused, table):
        assert answer.returncode == 2
        assert answer.stderr.startswith("calcwatch: ")
        assert "Traceback" not in answer.stderr
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["notes.txt"]


def test_picture_with_options(tmp_path: Path) -> None:
    """A PNG is analyzed with what the options say of it; the summary names counts and the page; status 0."""
    png, out = write_png(tmp_path / "a.png"), tmp_path / "out"
    answer = command(
        "analyze", png, "--out", out, "--pixel-spacing", "0.1", "--laterality", "r", "--view", "ml",
        "--bits-stored", "12",
    )  # fmt: skip
    assert answer.returncode == 0
    assert "1 image analyzed, 0 files not analyzed, 1 group, 6 calcifications" in answer.stdout
    assert answer.stdout.rstrip().endswith(f"report: {out / 'report.html'}")
    assert "[1/1]" in answer.stderr
    document = json.loads((out / "findings.json").read_text())
    Draft202012Validator(document_schema()).validate(document)
    (image,) = document["images"]
    assert (image["image_laterality"], image["view_position"], image["pixel_spacing_mm"]) == ("R", "ML", 0.1)
    assert image["groups"][0]["radius_mm"] == pytest.approx(image["groups"][0]["radius_px"] * 0.1, abs=1e-3)


def test_picture_without_spacing_in_a_table(tmp_path: Path) -> None:
    """Without spacing sizes are null; --json-progress prints JSON lines only; a bad file makes status 3."""
    write_png(tmp_path / "a.png")
    (tmp_path / "empty.dcm").write_bytes(b"")
    table = tmp_path / "images.csv"
    table.write_text("file,patient_id,image_laterality,view_position\na.png,P7,L,MLO\nempty.dcm,P7,L,CC\n")
    answer = command(
        "analyze", "--table", table, "--out", tmp_path / "out", "--bits-stored", "12", "--json-progress"
    )
    assert answer.returncode == 3
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["found", "file", "written"]
    assert lines[1]["outcome"] == "analyzed"
    assert lines[1]["calcifications"] == 6
    assert 0 < lines[1]["seconds"] == round(lines[1]["seconds"], 3)
    assert lines[2]["report"] == str(tmp_path / "out" / "report.html")
    assert "empty.dcm" in answer.stderr
    image = json.loads((tmp_path / "out" / "findings.json").read_text())["images"][0]
    assert image["patient_id"] == "P7"
    assert image["pixel_spacing_mm"] is None
    assert {found["diameter_mm"] for found in image["calcifications"]} == {None}


def test_quiet_prints_errors_only(tmp_path: Path) -> None:
    """With --quiet a good run prints nothing; when no image could be analyzed the status is 4."""
    (good,) = write_good(tmp_path, 1)
    bad = tmp_path / "bad\x1b[2J.dcm"
    bad.write_bytes(b"nothing of the kind")
    quiet = command("analyze", good, "--out", tmp_path / "out", "--quiet", "--score-threshold", "0.9")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    settings = json.loads((tmp_path / "out" / "findings.json").read_text())["provenance"]["settings"]
    assert settings["score_threshold"] == 0.9
    none = command("analyze", bad, "--out", tmp_path / "out", "--quiet")
    assert (none.returncode, none.stdout) == (4, "")
    assert "neither DICOM nor PNG" in none.stderr
    assert "\x1b" not in none.stderr


def test_check_tells_what_was_understood(tmp_path: Path) -> None:
    """Check prints a line a fact, no patient data, and a status that says whether all will be analyzed."""
    (good,) = write_good(tmp_path, 1)
    answer = CliRunner().invoke(app, ["check", str(good)])
    assert answer.exit_code == 0
    told = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in answer.output.splitlines()[1:])
    assert told["modality"] == "MG"
    assert told["SOP class"].endswith("For Presentation")
    assert told["bits"] == "12 used of 12 stored"
    assert told["photometric interpretation"] == "MONOCHROME2"
    assert told["pixel spacing"].startswith("0.1 mm, from Imager Pixel Spacing")
    assert told["laterality"].startswith("L, from")
    assert told["view"].startswith("CC, from")
    assert any(name.startswith("pixel step") and "window" in words for name, words in told.items())
    assert told["will be analyzed"] == "yes"
    assert "SECRET" not in answer.output


def test_check_of_what_will_not_be_analyzed(tmp_path: Path) -> None:
    """Check says why a file will not be analyzed, also when only its pixels tell; in JSON on request."""
    (good,) = write_good(tmp_path, 1)
    dark = tmp_path / "dark.png"
    dark.write_bytes(cv2.imencode(".png", stored() // 256)[1].tobytes())
    some = CliRunner().invoke(app, ["check", str(good), str(dark), "--json"])
    assert some.exit_code == 3
    first, second = (json.loads(line) for line in some.stdout.splitlines())
    assert (first["will_be_analyzed"], second["will_be_analyzed"]) == (True, False)
    assert "breast_dark" in second["flags"]
    assert "almost no gray levels" in second["not_analyzed_because"]
    assert "SECRET" not in some.output
    none = CliRunner().invoke(app, ["check", str(tmp_path / "missing.dcm")])
    assert none.exit_code == 4
    assert "will be analyzed" in none.output
    assert "No such file" in none.output


def test_check_of_what_is_no_image(tmp_path: Path) -> None:
    """Of a file without an image only what is known is told, and the path stands once, above its reason."""
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(write_good(tmp_path, 1)[0].read_bytes()[:200])
    for path, reason in ((cut, "truncated"), (tmp_path / "missing.dcm", "No such file")):
        lines = CliRunner().invoke(app, ["check", str(path)]).output.splitlines()
        assert lines[0] == str(path)
        assert reason in lines[-1]
        assert len(lines) <= 3
        assert str(tmp_path) not in "".join(lines[1:])


def test_check_of_given_values(tmp_path: Path) -> None:
    """What the user gave is told as such."""
    answer = CliRunner().invoke(app, ["check", str(write_png(tmp_path / "a.png")), "--pixel-spacing", "0.1"])
    assert re.search(r"pixel spacing +0.1 mm, given by the user\n", answer.output)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_answer_that_cannot_be_printed(tmp_path: Path) -> None:
    """A full disk behind standard output ends with a sentence and a status, not with a traceback."""
    line = [
        sys.executable,
        "-c",
        "from calcwatch.cli.main import main; main()",
        "check",
        str(tmp_path / "x.dcm"),
    ]
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "calcwatch: cannot print: No space left on device\n"


AS_ANYBODY = (
    ["setpriv", "--inh-caps=-dac_override,-dac_read_search", "--bounding-set=-dac_override,-dac_read_search"]
    if os.geteuid() == 0
    else []
)
"""Words before a command that take the administrator's right to read everything away."""


@pytest.mark.skipif(bool(AS_ANYBODY) and shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_locked_paths(tmp_path: Path) -> None:
    """A named path that may not be read is one refused file, and a locked place for the result a sentence."""
    good, locked = write_good(tmp_path, 2)
    locked.chmod(0)
    (tmp_path / "mine").mkdir(mode=0)
    line = [*AS_ANYBODY, sys.executable, "-c", "from calcwatch.cli.main import main; main()"]
    place = str(tmp_path / "mine" / "out")
    checked, analyzed = (
        subprocess.run([*line, *words], capture_output=True, text=True, check=False)
        for words in (["check", str(good), str(locked)], ["analyze", str(good), "--out", place])
    )
    assert checked.returncode == 3
    assert checked.stdout.rstrip().endswith("no: cannot be read: Permission denied")
    assert analyzed.returncode == 2
    assert re.fullmatch(rf"calcwatch: cannot write to {place}: Permission denied; give .*\n", analyzed.stderr)


def test_demo_ends_with_a_report(tmp_path: Path) -> None:
    """The demo makes a phantom, analyzes it and prints where its page is."""
    answer = command("demo", "--out", tmp_path / "demo")
    assert answer.returncode == 0, answer.stderr
    report = Path(answer.stdout.rstrip().rsplit("report: ", 1)[1])
    assert report.read_text(encoding="utf-8").count('<section class="image"') == 2
    truth = json.loads((tmp_path / "demo" / "examination" / "truth.json").read_text())
    assert len(truth["images"]) == 2
