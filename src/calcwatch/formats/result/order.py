"""The order in which findings of an image are written and shown, and the letters of its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.uids import letter

if TYPE_CHECKING:
    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion


def ordered_calcifications(findings: ImageFindings) -> tuple[Calcification, ...]:
    """Calcifications of an image, most believable first, then from top to bottom and left to right."""
    return tuple(sorted(findings.calcifications, key=lambda c: (-c.score, c.row, c.column, c.tracking_uid)))


def ordered_groups(findings: ImageFindings) -> tuple[CalcificationGroup, ...]:
    """Groups of an image, most suspicious first, then most believable, from top to bottom, left to right.

    A group whose suspicion is not known comes before all others: what is unknown is never put out of sight.
    """
    return tuple(sorted(findings.groups, key=_rank))


def _rank(group: CalcificationGroup) -> tuple[float, float, float, float, str]:
    suspicion = 1.0 if group.suspicion is None else group.suspicion
    return -suspicion, -group.score, group.row, group.column, group.tracking_uid


def ordered_non_lesions(findings: ImageFindings) -> tuple[NonLesion, ...]:
    """Things that are no calcifications, by kind, then from top to bottom and left to right."""
    return tuple(sorted(findings.non_lesions, key=lambda n: (n.kind.value, n.row, n.column)))


def group_letters(findings: ImageFindings) -> dict[str, str]:
    """Tracking UID of each group -> its letter; A is the first group of the image in its order."""
    return {group.tracking_uid: letter(index) for index, group in enumerate(ordered_groups(findings))}


def single_calcifications(findings: ImageFindings) -> tuple[Calcification, ...]:
    """Calcifications in no group, most believable first."""
    grouped = {uid for group in findings.groups for uid in group.members}
    return tuple(found for found in ordered_calcifications(findings) if found.tracking_uid not in grouped)
