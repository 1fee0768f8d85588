"""The order in which findings of an image are written and shown, and the letters of its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.identity import letter

if TYPE_CHECKING:
    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion


def ordered_calcifications(findings: ImageFindings) -> tuple[Calcification, ...]:
    """Put the calcifications of an image in order.

    Args:
        findings: Of one image.

    Returns:
        All of them, most believable first, then from top to bottom and left to right.

    """
    return tuple(
        sorted(
            findings.calcifications,
            # Place and UID break ties, so that the order never depends on how the list was made.
            key=lambda found: (-found.score, found.row, found.column, found.tracking_uid),
        )
    )


def ordered_groups(findings: ImageFindings) -> tuple[CalcificationGroup, ...]:
    """Put the groups of an image in order.

    Args:
        findings: Of one image.

    Returns:
        All of them, most suspicious first, then most believable, from top to bottom, left to right. A group
        whose suspicion is not known comes before all others: what is unknown is never put out of sight.

    """

    def rank(group: CalcificationGroup) -> tuple[float, float, float, float, str]:
        # Not known goes to the top: it must not sink below groups that are known to be harmless.
        suspicion = 1.0 if group.suspicion is None else group.suspicion
        return -suspicion, -group.score, group.row, group.column, group.tracking_uid

    return tuple(sorted(findings.groups, key=rank))


def ordered_non_lesions(findings: ImageFindings) -> tuple[NonLesion, ...]:
    """Put the things that are no calcifications in order.

    Args:
        findings: Of one image.

    Returns:
        All of them, by kind, then from top to bottom and left to right.

    """
    return tuple(sorted(findings.non_lesions, key=lambda found: (found.kind.value, found.row, found.column)))


def group_letters(findings: ImageFindings) -> dict[str, str]:
    """Name the groups of an image by letters.

    Args:
        findings: Of one image.

    Returns:
        Tracking UID of each group -> its letter; A is the first group of the image in its order.

    """
    # By the order on the page, so that A is the group a reader sees first.
    return {group.tracking_uid: letter(place) for place, group in enumerate(ordered_groups(findings))}


def single_calcifications(findings: ImageFindings) -> tuple[Calcification, ...]:
    """Calcifications in no group.

    Args:
        findings: Of one image.

    Returns:
        Those that are no member of a group, most believable first.

    """
    grouped = {uid for group in findings.groups for uid in group.members}
    return tuple(found for found in ordered_calcifications(findings) if found.tracking_uid not in grouped)
