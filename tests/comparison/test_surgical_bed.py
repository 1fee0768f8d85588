"""Beds on an image and carried over, and which groups lie in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.settings import DEFAULT
from calcwatch.comparison.surgical_bed import (
    SurgicalBed,
    carry_surgical_beds,
    place_in_surgical_bed,
    surgical_beds_of,
)
from calcwatch.domain.change import SurgicalBedPosition
from calcwatch.domain.findings import ImageFindings, NonLesion, NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.treatment import Operation, OperationKind, SurgicalBedMark, SurgicalBedSource, Treatment
from calcwatch.words.treatment import BED_UNKNOWN
from tests.comparison.aligned import PIXEL_MM, a_tissue, laid_over
from tests.exam.two_views import a_group, a_view

DAY = "20240115"
CIRCLE = SurgicalBedMark(DAY, ViewPosition.CC, row=1000.0, column=300.0, radius_mm=10.0)


def view(
    *, side: Laterality = Laterality.LEFT, forward_mm: float = 30.0, spacing: bool = True
) -> ImageFindings:
    """A CC view with one group so far before the chest wall, at the height of the nipple."""
    shown = a_view(
        ViewPosition.CC, a_group("g", forward_mm, 0.0), side=side, spacing_mm=0.1 if spacing else None
    )
    return replace(shown, description=replace(shown.description, study_date=DAY))


def treatment(*marks: SurgicalBedMark) -> Treatment:
    return Treatment((Operation("20200101", Laterality.LEFT, OperationKind.LUMPECTOMY, bed=marks),))


@pytest.mark.parametrize(
    ("forward_mm", "place", "beyond"),
    [
        (30.0, SurgicalBedPosition.INSIDE, -8.0),
        (41.0, SurgicalBedPosition.INSIDE, 3.0),
        (46.0, SurgicalBedPosition.OUTSIDE, 8.0),
    ],
)
def test_in_or_out_of_a_drawn_circle(forward_mm: float, place: SurgicalBedPosition, beyond: float) -> None:
    """Its farthest member (2 mm from its middle) counts, with a margin of 5 mm beyond the rim of 10."""
    image = view(forward_mm=forward_mm)
    found, margin, reasons = place_in_surgical_bed(
        surgical_beds_of(treatment(CIRCLE), image), image, image.groups[0], 5.0
    )
    assert found is place
    assert margin == pytest.approx(beyond, abs=0.5)
    assert "lumpectomy, drawn" in reasons[0]


def test_a_polygon_is_a_bed() -> None:
    """A drawn outline needs no spacing to be a bed, but without spacing no margin can be told."""
    square = SurgicalBedMark(
        DAY, ViewPosition.CC, outline=((900.0, 200.0), (900.0, 400.0), (1100.0, 400.0), (1100.0, 200.0))
    )
    image = view()
    assert (
        place_in_surgical_bed(surgical_beds_of(treatment(square), image), image, image.groups[0], 0.0)[0]
        is SurgicalBedPosition.INSIDE
    )
    blind = view(spacing=False)
    assert surgical_beds_of(treatment(square), blind)
    assert (
        place_in_surgical_bed(surgical_beds_of(treatment(square), blind), blind, blind.groups[0], 5.0)[0]
        is None
    )
    assert not surgical_beds_of(treatment(CIRCLE), blind)


@pytest.mark.parametrize(
    "image",
    [
        view(side=Laterality.RIGHT),
        replace(view(), description=replace(view().description, study_date="20230115")),
        replace(view(), description=replace(view().description, view_position=ViewPosition.MLO)),
        replace(view(), description=replace(view().description, study_date=None)),
    ],
)
def test_a_bed_belongs_to_one_image(image: ImageFindings) -> None:
    """On the other side, another day, another view, or a day that is not known, there is none."""
    assert surgical_beds_of(treatment(CIRCLE), image) == ()
    assert place_in_surgical_bed((), image, image.groups[0], 5.0) == (None, None, (BED_UNKNOWN,))


def test_clips_that_were_found_make_a_bed() -> None:
    """The bed lies 10 mm round the clips of the image; without clips there is none."""
    mark = SurgicalBedMark(DAY, ViewPosition.CC, SurgicalBedSource.CLIPS)
    image = view()
    assert surgical_beds_of(treatment(mark), image) == ()
    clips = tuple(NonLesion(NonLesionKind.CLIP, 1000.0, column, ()) for column in (250.0, 350.0))
    clipped = replace(image, non_lesions=clips)
    (bed,) = surgical_beds_of(treatment(mark), clipped)
    assert bed.outline[:, 1].min() == pytest.approx(150, abs=2)
    assert bed.outline[:, 1].max() == pytest.approx(450, abs=2)
    assert place_in_surgical_bed((bed,), clipped, clipped.groups[0], 0.0)[0] is SurgicalBedPosition.INSIDE


def test_a_bed_that_is_carried_unsurely_is_not_known() -> None:
    """With an error above 10 mm the place is not known, and says so."""
    image = view()
    (bed,) = surgical_beds_of(treatment(CIRCLE), image)
    unsure = SurgicalBed(bed.outline, DEFAULT.surgical_bed.max_carried_error_mm + 0.1, bed.words)
    assert place_in_surgical_bed((unsure,), image, image.groups[0], 5.0)[0] is None
    sure = SurgicalBed(bed.outline, 2.0, bed.words)
    position, _, reasons = place_in_surgical_bed((unsure, sure), image, image.groups[0], 5.0)
    assert (position, "error 2 mm" in reasons[0]) == (SurgicalBedPosition.INSIDE, True)


def test_the_nearest_of_several_beds_counts() -> None:
    """Outside the far one, inside the near one: inside."""
    image = view()
    far = SurgicalBedMark(DAY, ViewPosition.CC, row=400.0, column=300.0, radius_mm=10.0)
    assert (
        place_in_surgical_bed(surgical_beds_of(treatment(far, CIRCLE), image), image, image.groups[0], 5.0)[0]
        is SurgicalBedPosition.INSIDE
    )


def test_a_bed_is_carried_over_by_the_registration() -> None:
    """It lies where the registration puts it, with the error of both, and says so."""
    square = np.array([[500.0, 200.0], [500.0, 400.0], [700.0, 400.0], [700.0, 200.0]])
    registration = laid_over(a_tissue(), a_tissue(), error_mm=3.0, off_mm=2.0)
    (carried,) = carry_surgical_beds([SurgicalBed(square, 4.0, "bed of the lumpectomy, drawn")], registration)
    assert carried.outline == pytest.approx(square - (2.0 / PIXEL_MM, 0.0), abs=0.5)
    assert carried.error == pytest.approx(5.0)
    assert carried.words == "bed of the lumpectomy, drawn, carried over"
