"""Calcifications inserted into real images that have none, beside the same images left alone.

Where something may be inserted is the breast as the analysis finds it: no insertion tests whether the breast
is found. What is inserted, and so what is true, does not depend on the analysis.
"""

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
from calcwatch_lab.bench.truth.truth import Case, TrueCalcification, TrueGroup, Truth
from calcwatch_lab.seeds import INSERTION_TEST_STREAM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from calcwatch.domain.image import GivenAttributes, Mammogram
    from calcwatch_lab.labels import LabeledImage

INSERTIONS = "insertions"
"""First word of the names of data sets of inserted calcifications."""

_SETTINGS = InsertionSettings(scatters=5, blanks=10)  # of the usual contrasts
_SKIN_MM = 3.0  # nothing is inserted so near to the rim of the breast
_GAINS = (0.2, 0.5)  # gray a unit of attenuation makes: a flat and a steep look-up table


def insertion_cases(folder: str, backgrounds: Sequence[LabeledImage]) -> list[Case]:
    """Make two cases of each background: with calcifications inserted, and as it is.

    Args:
        folder: Name of the folder they are of.
        backgrounds: Images without calcifications.

    Returns:
        The cases, two an image, in their order.

    """
    return [
        Case(
            f"{INSERTIONS}, {folder}",
            image.patient,
            f"{image.path.name} {variant}",
            partial(load, image.path, image.given),
            variant,
        )
        for image in backgrounds
        for variant, load in (("inserted", load_inserted), ("as it is", load_untouched))
    ]


def load_untouched(path: Path, given: GivenAttributes) -> tuple[Mammogram, Truth]:
    """Read one image of which it is known that it shows no calcification.

    Args:
        path: Its file.
        given: What the file may not say.

    Returns:
        The image, and that there is nothing.

    """
    return open_image(path, given), Truth(positive=False, located=True, grouped=True)


def load_inserted(path: Path, given: GivenAttributes) -> tuple[Mammogram, Truth]:
    """Read one image and insert calcifications; the file's name decides which, so runs agree.

    Args:
        path: Its file.
        given: What the file may not say.

    Returns:
        The image with calcifications, and where they are.

    Raises:
        UnsuitableImage: Its spacing is not known, or no breast is found to insert into.

    """
    mammogram = open_image(path, given)
    area, spacing = breast_area(mammogram), mammogram.description.pixel_spacing
    if spacing is None or not area.any():
        raise UnsuitableImage(f"{mammogram.description.source}: no spacing or no breast to insert into")
    # crc32 and not hash(), which Python salts anew in every process.
    rng = np.random.default_rng([INSERTION_TEST_STREAM, crc32(path.name.encode())])
    insertion = insert(
        rng,
        mammogram.gray,
        area,
        spacing_mm=spacing.mm,
        gray_step=mammogram.gray_step,
        settings=replace(_SETTINGS, gain=float(rng.uniform(*_GAINS))),
    )
    # Another picture now: tracking UIDs made from the digest must differ from those of the original.
    description = replace(mammogram.description, sha256=f"{mammogram.description.sha256} inserted")
    return (
        replace(mammogram, gray=insertion.gray, description=description),
        truth_of_insertion(insertion, spacing.mm),
    )


def breast_area(mammogram: Mammogram) -> NDArray[np.uint8]:
    """Find where something may be inserted, with the analysis' own breast mask.

    Args:
        mammogram: The image.

    Returns:
        1 where the breast is, 3 mm inside its rim, in the file's own orientation and size.

    """
    image = normalize(mammogram)
    inner = erode(find_breast(image).mask & image.foreground, round(image.px(_SKIN_MM)))
    frame, whole = image.frame, np.zeros(mammogram.gray.shape, np.uint8)
    window = (slice(frame.top, frame.top + frame.rows), slice(frame.left, frame.left + frame.columns))
    whole[window] = inner[:, ::-1] if frame.mirrored else inner
    return whole


def truth_of_insertion(insertion: Insertion, spacing_mm: float) -> Truth:
    """Say what was inserted in the words of the bench.

    Args:
        insertion: What was made.
        spacing_mm: Distance of two pixels.

    Returns:
        Its calcifications, and its groups of two and more.

    """
    inserted = insertion.calcifications
    numbers = sorted({calcification.group for calcification in inserted})
    members = [
        tuple(n for n, calcification in enumerate(inserted) if calcification.group == number)
        for number in numbers
    ]
    return Truth(
        calcifications=tuple(
            TrueCalcification(
                calcification.row,
                calcification.column,
                calcification.outline,
                calcification.detectability,
                name=f"{n}",
            )
            for n, calcification in enumerate(inserted)
        ),
        # A single calcification was drawn as a group of one member and is none.
        groups=tuple(_group(insertion, group, spacing_mm) for group in members if len(group) > 1),
        positive=bool(inserted),
        located=True,
        grouped=True,
    )


def _group(insertion: Insertion, members: tuple[int, ...], spacing_mm: float) -> TrueGroup:
    points = np.array(
        [(insertion.calcifications[n].row, insertion.calcifications[n].column) for n in members]
    )
    row, column = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.hypot(*(points - (row, column)).T).max()) * spacing_mm
    return TrueGroup(float(row), float(column), radius, members)
