"""Names of findings: tracking UIDs (0062,0021) for what has none of its own, letters for groups."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from calcwatch.domain.findings import ImageFindings, NonLesion


def tracking_uid_of(*names: object) -> str:
    """Make a UID from names: the same names give the same UID (derived from a UUID, PS3.5 B.2).

    Args:
        *names: What identifies the thing, from the widest to the narrowest.

    Returns:
        A UID below 2.25.
    """
    return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(['calcwatch', *map(str, names)])).int}"


def non_lesion_uid(found: NonLesion, image: ImageFindings) -> str:
    """Make the tracking UID of something that is no calcification, from its image and place.

    Args:
        found: The non-lesion, in file pixels.
        image: The findings it belongs to.

    Returns:
        A UID below 2.25.
    """
    described = image.description
    return tracking_uid_of(
        described.sop_instance_uid or described.sha256 or described.source,
        f"{found.row:.3f}",
        f"{found.column:.3f}",
    )


def letter(index: int) -> str:
    """Name the group at a place in the order.

    Args:
        index: The place, 0 first.

    Returns:
        0 is A, 25 is Z, 26 is AA.
    """
    before = letter(index // 26 - 1) if index >= 26 else ""
    return before + ascii_uppercase[index % 26]
