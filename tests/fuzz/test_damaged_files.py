"""Five hundred damaged files through each reader: a refusal or an answer, never a crash or a hang.

The damage is drawn from seeds that are kept, so that a file that once broke a reader stays among them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FILES = 500
"""Damaged files a reader is given; the seeds are 0 up to this."""

BROKE: dict[str, tuple[int, ...]] = {"image": (502, 3174, 3222), "clean": (779,)}
"""Seeds beyond those whose files once broke a reader."""

LONGEST_S, MOST_BYTES = 10.0, 10**9
"""How long one file may take, and how much memory the whole process."""

pytestmark = pytest.mark.long


@pytest.mark.parametrize("reader", ["image", "cad", "clean", "picture", "result", "table"])
def test_damaged_files_are_refused_or_read(reader: str, tmp_path: Path) -> None:
    """No damage ends the process, takes 10 seconds or a gigabyte, or raises anything but our own error."""
    for first, count in ((0, FILES), *((seed, 1) for seed in BROKE.get(reader, ()))):
        told = tmp_path / "told.json"
        answer = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.damage", reader),
                *(str(first), str(count), str(tmp_path), str(told)),
            ],
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr[-3000:]
        found = json.loads(told.read_text(encoding="utf-8"))
        assert found["crashes"] == []
        assert found["read"] + found["refused"] == count
        assert found["slowest_seconds"] < LONGEST_S
        assert found["peak_bytes"] < MOST_BYTES
        assert found["without_remedy"] == []
        if count == FILES:
            # damage that every reader refuses would test nothing
            assert found["read"] > FILES // 20
