"""All pictures that the page shows of one image, cut out while its pixels are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
from calcwatch.domain.image import Point
from calcwatch.formats.result.order import ordered_groups, ordered_non_lesions, single_calcifications
from calcwatch.report.pictures import (
    Box,
    Picture,
    box_round,
    breast_window,
    close_up,
    close_up_window,
    thumbnail,
)

SHOWN_GROUPS = 12
"""Groups of an image that get pictures; the rest stand in the table and on the overlay."""

SHOWN_TILES = 16
"""Calcifications of a group, and single ones of an image, that get a tile of their own."""

_GROUP_MARGIN_PX = 32


@dataclass(frozen=True)
class ImagePictures:
    """Pictures of one image: the whole, its first groups and single calcifications by tracking UID, the rest.

    ``non_lesions``: of the first things that are no calcifications, in their order.
    """

    whole: Picture
    groups: Mapping[str, Picture]
    singles: Mapping[str, Picture]
    non_lesions: tuple[Picture, ...]


def tile_side(diameters_px: Sequence[float], smallest_px: int) -> int:
    """Side in pixels of the tiles of calcifications of these diameters: room round the largest."""
    return max(smallest_px, int(np.ceil(2.4 * max(diameters_px))))


def take_pictures(gray: NDArray[np.float32], findings: ImageFindings) -> ImagePictures:
    """Cut out everything the page shows of an image. ``gray``: rows x columns, 0 black to 1 white."""
    members = {found.tracking_uid: found for found in findings.calcifications}
    groups = ordered_groups(findings)[:SHOWN_GROUPS]
    singles = single_calcifications(findings)[:SHOWN_TILES]
    others = ordered_non_lesions(findings)[:SHOWN_TILES]
    return ImagePictures(
        whole=thumbnail(gray, breast_window(gray, findings)),
        groups={group.tracking_uid: _group_picture(gray, group, members) for group in groups},
        singles={found.tracking_uid: _single_picture(gray, found) for found in singles},
        non_lesions=tuple(_non_lesion_picture(gray, found) for found in others),
    )


def _group_picture(
    gray: NDArray[np.float32], group: CalcificationGroup, members: Mapping[str, Calcification]
) -> Picture:
    inside = [members[uid] for uid in group.members if uid in members]
    centers = [(found.row, found.column) for found in inside] or [(group.row, group.column)]
    box = box_round(centers, margin_px=_GROUP_MARGIN_PX, smallest_px=120, shape=_shape(gray))
    return _close_up(gray, box, centers)


def _single_picture(gray: NDArray[np.float32], found: Calcification) -> Picture:
    center = (found.row, found.column)
    smallest = tile_side([found.diameter_px], 96)
    return _close_up(
        gray, box_round((center,), margin_px=0, smallest_px=smallest, shape=_shape(gray)), (center,)
    )


def _non_lesion_picture(gray: NDArray[np.float32], found: NonLesion) -> Picture:
    points = found.outline or ((found.row, found.column),)
    return _close_up(gray, box_round(points, margin_px=16, smallest_px=96, shape=_shape(gray)), points)


def _close_up(gray: NDArray[np.float32], box: Box, points: Sequence[Point]) -> Picture:
    return close_up(gray, box, close_up_window(gray, points, box))


def _shape(gray: NDArray[np.float32]) -> tuple[int, int]:
    return gray.shape[0], gray.shape[1]
