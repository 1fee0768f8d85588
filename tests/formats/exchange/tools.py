"""Programs that check what calcwatch exports; none of their authors wrote a line of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DCMTK = Path("/usr/bin")
"""Where Debian puts DCMTK; pynetdicom installs programs of the same names beside Python."""

PIXELMED = Path("/usr/share/java/pixelmed.jar")
"""PixelMed's toolkit as Debian installs it."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test by name where a program of the system is not installed."""
    missing = [one for one in programs if not Path(one).is_file() and shutil.which(one) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed: {', '.join(missing)} (scripts/system-packages.sh)"
    )


def run(*words: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program; its answer is text."""
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=timeout, check=False
    )


def validator_errors(file: Path) -> list[str]:
    """Errors that dciodvfy finds."""
    answer = run("dciodvfy", file)
    lines = (answer.stdout + answer.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "Abort"))]


def pixelmed(file: Path) -> subprocess.Popen[str]:
    """Start PixelMed's validator of structured reports; it takes a minute and some memory."""
    limits = [f"-Djdk.xml.xpath{name}Limit=0" for name in ("ExprGrp", "ExprOp", "TotalOp")]
    command = ["java", "-Xmx6g", "-Xss64m", *limits, "-cp", str(PIXELMED)]
    return subprocess.Popen(
        [*command, "com.pixelmed.validate.DicomSRValidator", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
