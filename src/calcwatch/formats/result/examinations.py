"""Examinations of a run: their images, the order of the worklist, what they say of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calcwatch.domain.assessment import ExaminationFindings, GroupReading
from calcwatch.domain.findings import ImageFindings

Readings = Mapping[str, GroupReading]
"""Tracking UID of each group of an examination -> what the examination says of it."""


@dataclass(frozen=True)
class ReadExamination:
    """One examination of a run.

    ``places``: where each of ``findings.images`` stands among the images of the run, 0 first. ``stated``:
    what a person said of the woman, name and value. ``questions``: plain question of each input that a
    suggestion may miss; one without is shown by its name.

    Raises ``ValueError`` when the places are not as many as the images, or when a group has no reading: an
    examination that lost a group must not pass as read.
    """

    places: tuple[int, ...]
    findings: ExaminationFindings
    stated: tuple[tuple[str, str], ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.places) != len(self.findings.images):
            raise ValueError(f"{len(self.places)} places for {len(self.findings.images)} images")
        groups = {group.tracking_uid for image in self.findings.images for group in image.groups}
        if groups != {reading.tracking_uid for reading in self.findings.groups}:
            raise ValueError(f"an examination of {len(groups)} groups was not read group by group")


def readings_by_place(examinations: Sequence[ReadExamination]) -> dict[int, Readings]:
    """Place of each image in the run -> what its examination says of its groups, and of others of it."""
    return {
        place: readings
        for examination in examinations
        for readings in [{reading.tracking_uid: reading for reading in examination.findings.groups}]
        for place in examination.places
    }


def images_as_read(examinations: Sequence[ReadExamination]) -> dict[int, ImageFindings]:
    """Place of each image in the run -> its findings as its examination has them, where it knows more."""
    return {
        place: image
        for examination in examinations
        for place, image in zip(examination.places, examination.findings.images, strict=True)
    }


def worklist(examinations: Sequence[ReadExamination]) -> tuple[ReadExamination, ...]:
    """Examinations in the order a reader wants them: highest score, then suspicion, then order of the run."""
    return tuple(sorted(examinations, key=lambda one: (-one.findings.score, -one.findings.suspicion)))


def first_given(images: Sequence[ImageFindings], name: str) -> str | None:
    """Return what the first image that says it gives for a field of its description; ``None``: none does."""
    given: list[str | None] = [getattr(image.description, name) for image in images]
    return next((value for value in given if value), None)
