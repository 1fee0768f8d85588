"""Phantom examinations as DICOM files, with what is true of them beside."""

from __future__ import annotations

import json
from pathlib import Path

from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.examination import make_examination, make_prior_and_current
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomExamination, truth_json
from calcwatch.service.files.result_folder import writing


def make_phantom(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write one phantom examination: a DICOM file an image, and ``truth.json``.

    Args:
        seed: The same seed gives the same files.
        out: Folder to write into; files of those names are replaced, others stay.
        settings: What is made; ``None``: a woman's both views of one breast as usual.

    Returns:
        The DICOM files in order.

    Raises:
        ResultNotWritten: The folder cannot be written.

    """
    return _write(make_examination(seed, settings=settings or PhantomSettings()), out)


def make_phantom_days(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write an examination and the one a year before, as ``make_phantom`` does.

    Args:
        seed: The same seed gives the same files.
        out: Folder that gets the folders ``current`` and ``prior``.
        settings: What is made; ``None``: as for ``make_phantom``.

    Returns:
        The DICOM files, those of the prior first.

    Raises:
        ResultNotWritten: The folder cannot be written.

    """
    prior, current = make_prior_and_current(seed, settings=settings or PhantomSettings())
    return (*_write(prior, out / "prior"), *_write(current, out / "current"))


def _write(examination: PhantomExamination, out: Path) -> tuple[Path, ...]:
    images = examination.images
    paths = tuple(
        out / f"{image.instance:02d}-{image.laterality}-{image.view_position}.dcm" for image in images
    )
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for image, path in zip(images, paths, strict=True):
            write_mammogram(image, path)
        # Truth beside the images and not in them: an analysis must have no way to see it.
        text = json.dumps(truth_json(examination), indent=1, allow_nan=False) + "\n"
        (out / "truth.json").write_text(text, encoding="utf-8")
    return paths
