"""A file -> the marks of its Mammography CAD SR."""

from __future__ import annotations

from pathlib import Path

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.findings import CadReport
from calcwatch.formats.dicom.read.cad_report import MAX_REPORT_BYTES, read_cad_report
from calcwatch.service.files.open_image import read_bounded, source_of


def read_cad_file(path: Path | str) -> CadReport:
    """Read the CAD report of any vendor from a file.

    Args:
        path: A Mammography CAD SR.

    Returns:
        What it marks, in its order.

    Raises:
        UnreadableImage: The file cannot be read or is damaged.
        UnsupportedImage: It is no CAD report. Both messages hold the file and the remedy.

    """
    path = Path(path)
    content = read_bounded(path, MAX_REPORT_BYTES, "of a CAD report; check the file")
    try:
        return read_cad_report(content)
    except CalcwatchError as problem:
        raise type(problem)(f"{source_of(path)}: {problem}") from problem
