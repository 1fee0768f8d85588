"""A file -> the marks of its Mammography CAD SR."""

from __future__ import annotations

from pathlib import Path

from calcwatch.domain.errors import CalcwatchError, UnreadableImage
from calcwatch.domain.findings import CadReport
from calcwatch.formats.dicom.read.cad_report import MAX_REPORT_BYTES, read_cad_report
from calcwatch.service.files.open_image import source_of


def read_cad_file(path: Path) -> CadReport:
    """Read the CAD report of any vendor from a file.

    Raises ``UnreadableImage`` or ``UnsupportedImage``, each with the file and the remedy.
    """
    source = source_of(path)
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_REPORT_BYTES else b""
    except OSError as problem:
        raise UnreadableImage(f"{source}: cannot be read: {problem.strerror or problem}") from problem
    if size > MAX_REPORT_BYTES:
        raise UnreadableImage(
            f"{source}: {size} bytes are more than the {MAX_REPORT_BYTES} of a CAD report; check the file"
        )
    try:
        return read_cad_report(content)
    except CalcwatchError as problem:
        raise type(problem)(f"{source}: {problem}") from problem
