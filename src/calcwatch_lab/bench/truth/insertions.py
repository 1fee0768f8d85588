"""Calcifications inserted into real images that have none, beside the same images left alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.image.arrays import erode
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.phantom.insertion import Insertion, InsertionSettings, insert
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.bench.truth.truth import Case, Shown, TrueCalcification, TrueGroup, Truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from calcwatch.domain.image import GivenAttributes, Mammogram
    from calcwatch_lab.labels import LabeledImage

INSERTIONS = "insertions"
"""First word of the names of data sets of inserted calcifications."""

TEST_STREAM = 9000
"""First number of the seed of every insertion that tests; training seeds its own otherwise."""

_SETTINGS = InsertionSettings(scatters=5, blanks=10)
_SKIN_MM = 3.0
_GAINS = (0.2, 0.5)


def insertion_cases(name: str, backgrounds: Sequence[LabeledImage]) -> list[Case]:
    """Each background twice: with calcifications inserted, and as it is; ``name``: of the folder."""
    return [
        Case(
            f"{INSERTIONS}, {name}",
            one.patient,
            f"{one.path.name} {words}",
            partial(show, one.path, one.given),
            words,
        )
        for one in backgrounds
        for words, show in (("inserted", show_inserted), ("as it is", show_untouched))
    ]


def show_untouched(path: Path, given: GivenAttributes) -> Shown:
    """Read one image of which it is known that it shows no calcification."""
    return Shown(open_image(path, given), Truth(positive=False, located=True, grouped=True))


def show_inserted(path: Path, given: GivenAttributes) -> Shown:
    """Read one image and insert calcifications; the file's name decides which, so runs agree.

    Raises ``UnsuitableImage`` when no breast is found to insert into.
    """
    mammogram = open_image(path, given)
    area, spacing = breast_area(mammogram), mammogram.description.pixel_spacing
    if spacing is None or not area.any():
        raise UnsuitableImage(f"{mammogram.description.source}: no spacing or no breast to insert into")
    rng = np.random.default_rng([TEST_STREAM, crc32(path.name.encode())])
    made = insert(
        rng,
        mammogram.gray,
        area,
        spacing_mm=spacing.mm,
        gray_step=mammogram.gray_step,
        settings=replace(_SETTINGS, gain=float(rng.uniform(*_GAINS))),
    )
    description = replace(mammogram.description, sha256=f"{mammogram.description.sha256} inserted")
    return Shown(
        replace(mammogram, gray=made.gray, description=description), true_of_insertion(made, spacing.mm)
    )


def breast_area(mammogram: Mammogram) -> NDArray[np.uint8]:
    """Return 1 where the breast is, 3 mm inside its rim, in the file's own orientation and size."""
    image = normalize(mammogram)
    inner = erode(find_breast(image).mask & image.foreground, round(image.px(_SKIN_MM)))
    frame, whole = image.frame, np.zeros(mammogram.gray.shape, np.uint8)
    window = (slice(frame.top, frame.top + frame.rows), slice(frame.left, frame.left + frame.columns))
    whole[window] = inner[:, ::-1] if frame.mirrored else inner
    return whole


def true_of_insertion(made: Insertion, spacing_mm: float) -> Truth:
    """Return what was inserted in the words of the bench."""
    found = made.calcifications
    numbers = sorted({one.group for one in found})
    members = [tuple(n for n, one in enumerate(found) if one.group == number) for number in numbers]
    return Truth(
        calcifications=tuple(
            TrueCalcification(one.row, one.column, one.outline, one.detectability, name=f"{n}")
            for n, one in enumerate(found)
        ),
        groups=tuple(_group(made, group, spacing_mm) for group in members if len(group) > 1),
        positive=bool(found),
        located=True,
        grouped=True,
    )


def _group(made: Insertion, members: tuple[int, ...], spacing_mm: float) -> TrueGroup:
    points = np.array([(made.calcifications[n].row, made.calcifications[n].column) for n in members])
    row, column = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.hypot(*(points - (row, column)).T).max()) * spacing_mm
    return TrueGroup(float(row), float(column), radius, members)
