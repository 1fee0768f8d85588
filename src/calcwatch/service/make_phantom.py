"""Phantom examinations as DICOM files, with what is true of them beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.examination import make_examination, make_prior_and_current
from calcwatch.phantom.history.make import make_history
from calcwatch.phantom.history.settings import HistorySettings
from calcwatch.phantom.history.truth import history_json
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomExamination, truth_json
from calcwatch.service.files.result_folder import check_result_folder, result_folder, writing

_TRUTH = "truth.json"


def make_phantom(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write one phantom examination: a DICOM file an image, and ``truth.json``.

    Args:
        seed: The same seed gives the same files.
        out: Folder to write to; a former phantom there is replaced.
        settings: What is made; ``None``: a woman's both views of one breast as usual.

    Returns:
        The DICOM files in order.

    Raises:
        ResultNotWritten: The folder holds other files or cannot be written.

    """
    check_result_folder(out, is_phantom)
    examination = make_examination(seed, settings=settings or PhantomSettings())
    with result_folder(out, is_phantom) as folder:
        names = _write(examination, folder, out)
    return tuple(out / name for name in names)


def make_phantom_days(seed: int, out: Path, *, settings: PhantomSettings | None = None) -> tuple[Path, ...]:
    """Write an examination and the one a year before, as ``make_phantom`` does.

    Args:
        seed: The same seed gives the same files.
        out: Folder that gets the folders ``current`` and ``prior``; a former phantom there is replaced.
        settings: What is made; ``None``: as for ``make_phantom``.

    Returns:
        The DICOM files, those of the prior first.

    Raises:
        ResultNotWritten: The folder holds other files or cannot be written.

    """
    check_result_folder(out, is_phantom)
    days = make_prior_and_current(seed, settings=settings or PhantomSettings())
    with result_folder(out, is_phantom) as folder:
        names = [
            f"{day}/{name}"
            for day, examination in zip(("prior", "current"), days, strict=True)
            for name in _write(examination, folder / day, out)
        ]
    return tuple(out / name for name in names)


def make_phantom_history(
    seed: int, out: Path, *, settings: HistorySettings | None = None
) -> tuple[Path, ...]:
    """Write a woman with a history: a folder a date, as ``make_phantom`` does, and what is true of all.

    Args:
        seed: The same seed gives the same files.
        out: Folder that gets a folder for each study date, and ``truth.json`` beside them; a former phantom
            there is replaced.
        settings: What is made; ``None``: a woman as her seed draws her.

    Returns:
        The DICOM files, oldest date first.

    Raises:
        ResultNotWritten: The folder holds other files or cannot be written.

    """
    check_result_folder(out, is_phantom)
    history = make_history(seed, settings or HistorySettings())
    with result_folder(out, is_phantom) as folder:
        names = [
            f"{date.study_date}/{name}"
            for date in history.dates
            for name in _write(date.examination, folder / date.study_date, out)
        ]
        with writing(out):
            _write_truth(history_json(history), folder)
    return tuple(out / name for name in names)


def is_phantom(folder: Path) -> bool:
    """Tell whether a folder holds a phantom examination, or several.

    Args:
        folder: Any path.

    Returns:
        Whether what is true of them lies there.

    """
    return any((folder / place / _TRUTH).is_file() for place in ("", "prior", "current"))


def _write(examination: PhantomExamination, folder: Path, out: Path) -> tuple[str, ...]:
    """Write an examination into a folder that is going to be one at ``out``; names of the images in order."""
    images = examination.images
    names = tuple(f"{image.instance:02d}-{image.laterality}-{image.view_position}.dcm" for image in images)
    with writing(out):
        folder.mkdir(exist_ok=True)
        for image, name in zip(images, names, strict=True):
            write_mammogram(image, folder / name)
        # Truth beside the images and not in them: an analysis must have no way to see it.
        _write_truth(truth_json(examination), folder)
    return names


def _write_truth(truth: dict[str, Any], folder: Path) -> None:
    text = json.dumps(truth, indent=1, allow_nan=False) + "\n"
    (folder / _TRUTH).write_text(text, encoding="utf-8")
