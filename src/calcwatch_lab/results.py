"""Results of ``calcwatch analyze``, read back: what a fit or a bench starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.errors import BadTable
from calcwatch.formats.result.document import read_document, read_result
from calcwatch.formats.result.image import WITH_SUGGESTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from calcwatch.domain.findings import ImageFindings


def findings_file(path: Path) -> Path:
    """Name the ``findings.json`` of a result.

    Args:
        path: A folder that holds it, or that file.

    Returns:
        The file, whether it is there or not.
    """
    return path / "findings.json" if path.is_dir() else path


def read_examinations(path: Path) -> tuple[tuple[ImageFindings, ...], ...]:
    """Read the examinations of a result.

    Args:
        path: A folder that holds ``findings.json``, or that file.

    Returns:
        The images of each examination, in the order of the worklist.

    Raises:
        BadTable: It is no result.
        NotInResult: It is of a version that cannot be read, or holds no suggestions.

    """
    file = findings_file(path)
    try:
        results = read_result(read_document(file.read_bytes(), file, least=WITH_SUGGESTIONS))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadTable(
            f"{file}: no findings.json with examinations; make one with: calcwatch analyze"
        ) from error
    return tuple(result.examination.images for result in results)


def read_images(path: Path) -> dict[str, ImageFindings]:
    """Read the images of a result.

    Args:
        path: A folder that holds ``findings.json``, or that file.

    Returns:
        What was found in each image, by its source.

    Raises:
        BadTable: It is no result.
        NotInResult: It is of a version that cannot be read, or holds no suggestions.

    """
    return {image.description.source: image for images in read_examinations(path) for image in images}
