"""Which group a person's statement is of: the one with its identifier, or the nearest to its place."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING

from calcwatch.exam.settings import ExamSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.findings import CalcificationGroup, ImageFindings
    from calcwatch.domain.statements import FindingStatement, NamedFinding


def assign_statements(
    named: Sequence[NamedFinding],
    images: Sequence[ImageFindings],
    *,
    settings: ExamSettings = ExamSettings(),
) -> dict[str, FindingStatement]:
    """Find the group that each statement is of.

    Args:
        named: Statements, each with how its finding was named.
        images: Findings of all images of the woman.
        settings: How near a group must lie to a place.

    Returns:
        Tracking UID -> statement, in the order of ``named``. A statement that is of no group stands under how
        it was named: whoever reads the examination says so, and nothing is silently dropped.

    Raises:
        ValueError: Two statements are of the same group, or one names an image by a name that several have.
    """
    assigned: dict[str, FindingStatement] = {}
    for finding in named:
        name = _group_of(finding, images, settings) or finding.words
        if name in assigned:
            raise ValueError(f"{finding.words}: something is stated twice of this finding; state it once")
        assigned[name] = finding.statement
    return assigned


def findings_of_day(
    named: Sequence[NamedFinding],
    day: Sequence[ImageFindings],
    images: Sequence[ImageFindings],
    *,
    settings: ExamSettings = ExamSettings(),
) -> tuple[NamedFinding, ...]:
    """Keep the statements that one examination of several must hear.

    Args:
        named: Statements of a woman.
        day: Images of the examination.
        images: Images of all her examinations, these among them.
        settings: How near a group must lie to a place.

    Returns:
        Those of groups of the day, and those of no group at all, so that this is told.

    Raises:
        ValueError: Two statements are of the same group, or one names an image by a name that several have.
    """
    assign_statements(named, images, settings=settings)
    return tuple(
        finding
        for finding in named
        if _group_of(finding, day, settings) or not _group_of(finding, images, settings)
    )


def _group_of(finding: NamedFinding, images: Sequence[ImageFindings], settings: ExamSettings) -> str | None:
    """Tracking UID of the group that a statement is of; ``None`` where there is none."""
    if finding.tracking_uid is not None:
        uids = {group.tracking_uid for image in images for group in image.groups}
        return finding.tracking_uid if finding.tracking_uid in uids else None
    near = [
        (distance, group.tracking_uid)
        for image in _named_images(finding, images)
        for group in image.groups
        if (distance := _distance_mm(group, finding, image, settings)) <= settings.statements.max_distance_mm
    ]
    return min(near)[1] if near else None


def _named_images(finding: NamedFinding, images: Sequence[ImageFindings]) -> list[ImageFindings]:
    """The image that a statement names; a name that several files have is refused."""
    exactly = [image for image in images if image.description.source == finding.image]
    # the name of the file alone is what a person sees; both kinds of slash, as sources are kept as given
    called = exactly or [
        image
        for image in images
        if image.description.source.replace("\\", "/").rsplit("/", maxsplit=1)[-1] == finding.image
    ]
    # a statement of one day's finding would count for what lies at the same place on another day
    if len(called) > 1:
        raise ValueError(
            f"{finding.words}: {len(called)} files are called so; write the path of the one that is meant"
        )
    return called


def _distance_mm(
    group: CalcificationGroup, finding: NamedFinding, image: ImageFindings, settings: ExamSettings
) -> float:
    """From the stated place to the nearest member of a group."""
    spacing = image.description.pixel_spacing
    unit = (spacing.row_mm, spacing.column_mm) if spacing else (settings.statements.assumed_pixel_mm,) * 2
    places = [(member.row, member.column) for member in image.members_of(group)]
    return min(
        hypot((row - (finding.row or 0.0)) * unit[0], (column - (finding.column or 0.0)) * unit[1])
        for row, column in [*places, (group.row, group.column)]
    )
