"""Phantom examinations as DICOM files, with what is true of them beside."""

from __future__ import annotations

import json
from pathlib import Path

from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.examination import make_examination, make_prior_and_current
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomExamination, PhantomImage, truth_json
from calcwatch.service.files.result_folder import writing


def _name(image: PhantomImage) -> str:
    return f"{image.instance:02d}-{image.laterality}-{image.view_position}.dcm"


def make_phantom(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write one phantom examination into the folder ``out``: a DICOM file an image, and ``truth.json``.

    Files of those names are replaced, others stay. The same seed gives the same files. Returns the DICOM
    files in order; raises ``ResultNotWritten`` when the folder cannot be written.
    """
    return _write(make_examination(seed, settings=settings or PhantomSettings()), out)


def make_phantom_days(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write an examination and the one a year before, into the folders ``current`` and ``prior`` of ``out``.

    Otherwise as ``make_phantom``; the DICOM files of the prior come first.
    """
    prior, current = make_prior_and_current(seed, settings=settings or PhantomSettings())
    return (*_write(prior, out / "prior"), *_write(current, out / "current"))


def _write(examination: PhantomExamination, out: Path) -> tuple[Path, ...]:
    paths = tuple(out / _name(image) for image in examination.images)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for image, path in zip(examination.images, paths, strict=True):
            write_mammogram(image, path)
        text = json.dumps(truth_json(examination), indent=1, allow_nan=False) + "\n"
        (out / "truth.json").write_text(text, encoding="utf-8")
    return paths
