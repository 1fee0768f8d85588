"""What one run leaves: its images, the examinations they make up, files without findings, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calcwatch.comparison.compare import Compared
from calcwatch.domain.assessment import ExaminationFindings, GroupReading
from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.words.flags import HARMLESS_REASONS


@dataclass(frozen=True)
class NotAnalyzed:
    """A file that gave no findings, and why.

    Attributes:
        source: Its path as given.
        reason_code: One of ``calcwatch.words.flags.REASONS``.
        message: The reason in words: the thing, the value and the remedy.
        sha256: Of its content, in hexadecimal; empty when that could not be read.

    """

    source: str
    reason_code: str
    message: str
    sha256: str = ""

    @property
    def is_error(self) -> bool:
        """Whether an image may have been missed."""
        return self.reason_code not in HARMLESS_REASONS


@dataclass(frozen=True)
class ReadExamination:
    """One examination of a run.

    Attributes:
        places: Where each of ``findings.images`` stands among the images of the run, 0 first.
        findings: What the images say together.
        stated: What a person stated of the woman, name and value.
        questions: Plain question of each input that a suggestion may miss; one without is shown by its name.
            No document holds them.

    Raises:
        ValueError: The places are not as many as the images, or a group has no reading: an examination that
            lost a group must not pass as read.

    """

    places: tuple[int, ...]
    findings: ExaminationFindings
    stated: tuple[tuple[str, str], ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Both are walked in step; a difference would give an image the readings of another.
        if len(self.places) != len(self.findings.images):
            raise ValueError(f"{len(self.places)} places for {len(self.findings.images)} images")
        groups = {group.tracking_uid for image in self.findings.images for group in image.groups}
        # A group without a reading would silently have no category.
        if groups != {reading.tracking_uid for reading in self.findings.groups}:
            raise ValueError(f"an examination of {len(groups)} groups was not read group by group")


@dataclass(frozen=True)
class Run:
    """Everything that ``findings.json`` holds.

    Attributes:
        provenance: How it was made.
        images: Findings of each image, in the order in which the files were found.
        examinations: Images of one woman and day, read together; in any order.
        not_analyzed: Files that gave no findings.

    """

    provenance: Provenance
    images: tuple[ImageFindings, ...]
    examinations: tuple[ReadExamination, ...] = ()
    not_analyzed: tuple[NotAnalyzed, ...] = ()


@dataclass(frozen=True, eq=False)
class Step:
    """One comparison of a run.

    Attributes:
        prior: Places in the run of the images of the prior examination, as ``compared`` counts them.
        current: Places in the run of those of the current one.
        compared: Both examinations and what became of every group.

    """

    prior: tuple[int, ...]
    current: tuple[int, ...]
    compared: Compared


def worklist(examinations: Sequence[ReadExamination]) -> tuple[ReadExamination, ...]:
    """Put examinations in the order in which a reader wants them.

    Args:
        examinations: Those of a run.

    Returns:
        The same, highest score first, then highest suspicion, then as they were given.

    """
    # Score first, as the worklist shows it; suspicion orders within a decile. sorted keeps ties as they were.
    return tuple(sorted(examinations, key=lambda read: (-read.findings.score, -read.findings.suspicion)))


def images_as_read(examinations: Sequence[ReadExamination]) -> dict[int, ImageFindings]:
    """Findings of each image as its examination has them, which knows more than the image alone.

    Args:
        examinations: Those of a run.

    Returns:
        Place of the image in the run, 0 first -> its findings.

    """
    return {
        place: image
        for examination in examinations
        for place, image in zip(examination.places, examination.findings.images, strict=True)
    }


def readings_by_place(examinations: Sequence[ReadExamination]) -> dict[int, dict[str, GroupReading]]:
    """What examinations say of the groups of each image.

    Args:
        examinations: Those of a run.

    Returns:
        Place of the image in the run, 0 first -> tracking UID of a group of its examination -> its reading.

    """
    return {
        place: readings
        for examination in examinations
        for readings in [{reading.tracking_uid: reading for reading in examination.findings.groups}]
        for place in examination.places
    }


def first_given(images: Sequence[ImageFindings], name: str) -> str | None:
    """Say what images tell of themselves.

    Args:
        images: Those of one examination.
        name: A field of ``ImageDescription``.

    Returns:
        Its value in the first image that has one; ``None``: none has.

    """
    given: list[str | None] = [getattr(image.description, name) for image in images]
    return next((value for value in given if value), None)


def study_date_of(images: Sequence[ImageFindings]) -> str | None:
    """Day of an examination.

    Args:
        images: Its images; a prior may hold some of earlier days, where a view was left out since.

    Returns:
        The latest Study Date (``YYYYMMDD``); ``None`` where no image has one.

    """
    return max(
        (image.description.study_date for image in images if image.description.study_date), default=None
    )


def study_dates(steps: Sequence[Step]) -> list[str | None]:
    """Days of a series of examinations.

    Args:
        steps: Comparisons of each examination with the one before; at least one.

    Returns:
        Study Date (``YYYYMMDD``) of each examination, the earliest first; ``None`` where none is known.

    """
    days = [steps[0].compared.prior, *(step.compared.examination.images for step in steps)]
    return [study_date_of(images) for images in days]
