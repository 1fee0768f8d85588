"""Phantom examinations as DICOM files, with what is true of them beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from calcwatch.dicom.write import write_mammogram
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage, truth_json
from calcwatch.service.result_folder import writing


def _name(image: PhantomImage) -> str:
    return f"{image.instance:02d}-{image.laterality}-{image.view_position}.dcm"


def make_phantom(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write one phantom examination into the folder ``out``: a DICOM file an image, and ``truth.json``.

    Files of those names are replaced, others stay. The same seed gives the same files. Returns the DICOM
    files in order; raises ``ResultNotWritten`` when the folder cannot be written.
    """
    examination = make_examination(seed, settings=settings or PhantomSettings())
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        return _write(examination.images, truth_json(examination), out)


def _write(images: Sequence[PhantomImage], truth: dict[str, object], out: Path) -> tuple[Path, ...]:
    paths = tuple(out / _name(image) for image in images)
    for image, path in zip(images, paths, strict=True):
        write_mammogram(image, path)
    text = json.dumps(truth, indent=1, allow_nan=False) + "\n"
    (out / "truth.json").write_text(text, encoding="utf-8")
    return paths
