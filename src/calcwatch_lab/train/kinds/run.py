"""``calcwatch-lab train kinds``: images and what readers said of their groups -> ``kinds.json``."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from calcwatch import __version__
from calcwatch.domain.errors import BadTable
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.image.describe.group_features import GROUP_FEATURES
from calcwatch.image.describe.kind import KIND_CLASSES
from calcwatch.models.cards import KINDS, SHIPPED
from calcwatch_lab.group_labels import Alarm, read_groups
from calcwatch_lab.labels import read_backgrounds
from calcwatch_lab.pages import write_texts
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import KIND_PHANTOMS
from calcwatch_lab.train.kinds.fit import LabeledPieces, fit_kinds
from calcwatch_lab.train.kinds.phantoms import phantom_pieces
from calcwatch_lab.train.kinds.pieces import measure_pieces
from calcwatch_lab.train.kinds.settings import KindTraining

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.describe.kind import KindModel, LinearModel
    from calcwatch_lab.group_labels import ReadGroup
    from calcwatch_lab.train.kinds.pieces import MeasuredPieces

_DIGITS = 6  # of a weight: the features are standardized


def train_kinds(
    images: Path,
    groups: Path,
    marks: Path,
    out: Path,
    *,
    leave_out: Collection[str],
    each: bool,
    source: str,
    phantoms: int,
    workers: int | None,
    on_done: Callable[[str, int, int], None],
) -> None:
    """Fit the models and write them.

    Args:
        images: Table of the images.
        groups: Table of what readers said.
        marks: Table of the calcifications of the groups.
        out: Folder to write to, which is made.
        leave_out: Patients whose images do not count.
        each: Fit a model for each woman without her, in a folder of her name, beside that of all.
        source: What the model says of its images.
        phantoms: How many phantoms to learn from beside them.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with what is measured, how many are done and how many there are.

    Raises:
        BadTable: A table cannot be used.
        TooFewSeeds: There are fewer phantoms to learn from.
        ResultNotWritten: ``out`` cannot be written.

    """
    labeled = [image for image in read_backgrounds(images) if image.patient not in leave_out]
    said = read_groups(groups, marks)
    seeds = KIND_PHANTOMS.take(phantoms)
    measured = run_tasks(measure_pieces, labeled, workers=workers, on_done=partial(on_done, "images"))
    sets = [with_labels(image, said.get(image.name, ())) for image in measured]
    _check_labeled(groups, sets)
    made = run_tasks(phantom_pieces, seeds, workers=workers, on_done=partial(on_done, "phantoms"))
    write_kinds(out, fit_kinds([*sets, *made]), sets, phantoms=len(made), source=source)
    if each:
        for woman in sorted({image.woman for image in sets}):
            rest = [image for image in sets if image.woman != woman]
            folder = out / woman
            shutil.copytree(SHIPPED, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__*"))
            without = f"{source}, without {woman}"
            write_kinds(folder, fit_kinds([*rest, *made]), rest, phantoms=len(made), source=without)


def with_labels(
    image: MeasuredPieces, said: Sequence[ReadGroup], *, settings: KindTraining = KindTraining()
) -> LabeledPieces:
    """Give each piece what readers said of the groups that it is.

    Args:
        image: The pieces of an image.
        said: Groups of that image as readers labeled them.
        settings: When a label holds for a piece.

    Returns:
        The labeled pieces.
    """
    kinds = np.zeros((len(image.features), len(KIND_CLASSES)))
    alarm = np.full(len(image.features), np.nan)
    levels = {Alarm.BENIGN: 0.0, Alarm.PROBABLY_BENIGN: settings.probably_benign, Alarm.SUSPICIOUS: 1.0}
    for place, marks in enumerate(image.marks):
        alarms: list[float] = []
        for group in said:
            if _is_same(marks, group.marks, image.spacing_mm, settings):
                alarms += [levels[alarm] for alarm in group.alarms]
                for kind in group.kinds:
                    kinds[place, KIND_CLASSES.index(kind)] += 1
        if alarms:
            alarm[place] = np.mean(alarms)
    kinds /= np.maximum(kinds.sum(axis=1, keepdims=True), 1.0)
    return LabeledPieces(image.woman, image.features, image.places_mm, kinds, alarm)


def _is_same(
    own: NDArray[np.float64], labeled: NDArray[np.float64], spacing_mm: float, settings: KindTraining
) -> bool:
    """Whether a label holds: the group covers the piece, and the piece is a good part of the group."""
    if not len(labeled):
        return False
    reach = settings.same_mm / spacing_mm
    covered = (cKDTree(labeled).query(own)[0] <= reach).mean()
    part = (cKDTree(own).query(labeled)[0] <= reach).mean()
    return bool(covered >= settings.min_covered and part >= settings.min_part)


def _check_labeled(groups: Path, images: Sequence[LabeledPieces]) -> None:
    """Refuse labels that nothing can be fitted to."""
    alarms = np.concatenate([np.zeros(0), *(image.alarm for image in images)])
    known = alarms[np.isfinite(alarms)]
    if not (known > 0).any() or not (known < 1).any():
        raise BadTable(
            f"{groups}: {len(known)} of the groups were found in the images; some that readers call "
            "suspicious and some that they do not are needed"
        )


def write_kinds(
    out: Path, model: KindModel, images: Sequence[LabeledPieces], *, phantoms: int, source: str
) -> None:
    """Write ``kinds.json``.

    Args:
        out: Folder to write to, which is made.
        model: The fitted models.
        images: The labeled images they were fitted to.
        phantoms: How many phantoms they were fitted to beside.
        source: What the file says of the images.

    Raises:
        ResultNotWritten: ``out`` cannot be written.

    """
    alarms = np.concatenate([image.alarm for image in images])
    known = alarms[np.isfinite(alarms)]
    whole: dict[str, Any] = {
        "name": "kinds and suspicion of groups",
        "calcwatch": __version__,
        "analysis_version": ANALYSIS_VERSION,
        "source": source,
        "trained_on": sorted({image.woman for image in images if np.isfinite(image.alarm).any()}),
        "groups": len(known),
        "phantoms": phantoms,
        "suspicious_groups": int((known >= 0.5).sum()),  # called so by at least half of the readers
        "features": list(GROUP_FEATURES),
        "classes": list(KIND_CLASSES),
        **{name: _numbers(getattr(model, name)) for name in ("alone", "beside", "alarm")},
        "elsewhere": round(model.elsewhere, _DIGITS),
        "calibration": {"slope": round(model.slope, _DIGITS), "intercept": round(model.intercept, _DIGITS)},
    }
    write_texts(out, {KINDS: json.dumps(whole) + "\n"})


def _numbers(model: LinearModel) -> dict[str, Any]:
    return {
        name: np.round(getattr(model, name), _DIGITS).tolist()
        for name in ("mean", "scale", "weights", "bias")
    } | {"limit": model.limit}
