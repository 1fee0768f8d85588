"""Pieces of two examinations side by side: aligned, at one scale, the same specks joined by a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcwatch.comparison.register import to_prior
from calcwatch.domain.change import Change, ImagePair, Registration
from calcwatch.domain.findings import ImageFindings, TissueMap
from calcwatch.domain.image import Point
from calcwatch.formats.result.run import Step
from calcwatch.report.sheets import Cutting, Sheet, cut_sheet

SIDE_PX = 360
"""Side of a piece in the page, in pixels."""

WHOLE_PX = 460
"""Side of the piece that shows a whole breast."""

_LEAST_MM, _MARGIN_MM = 18.0, 12.0
_STEP_MM = 4.0  # over which the turn of the prior is measured

SheetOf = Callable[[int], Sheet]
"""Place of an image in the run -> its sheet."""


@dataclass(frozen=True)
class Mark:
    """A ring: where in the picture, how large, and what it stands for (``same``, ``alone``, ``group``)."""

    x: float
    y: float
    radius: float
    kind: str
    label: str = ""


@dataclass(frozen=True)
class SideBySide:
    """Two pictures next to each other with their marks; ``lines``: x, y in the left and in the right one."""

    left: str
    right: str
    side: int
    left_marks: tuple[Mark, ...]
    right_marks: tuple[Mark, ...]
    lines: tuple[tuple[Point, Point], ...]
    scale_bar_px: float | None


@dataclass(frozen=True, eq=False)
class _Pair:
    """An aligned pair with its findings and sheets; every list is prior, current."""

    images: tuple[ImageFindings, ImageFindings]
    sheets: tuple[Sheet, Sheet]
    registration: Registration
    matches: tuple[tuple[str, str], ...]


def pair_pictures(
    step: Step, pair: ImagePair, sheets: SheetOf, *, shown: tuple[Change, ...], letters: tuple[str, ...]
) -> tuple[SideBySide | None, tuple[SideBySide | None, ...]]:
    """The whole breasts side by side, and a piece round each of the changes; ``None`` without an alignment.

    ``letters``: names the changes on the whole breast.
    """
    if pair.registration is None:
        return None, tuple(None for _ in shown)
    aligned = _Pair(
        (step.compared.prior[pair.prior], step.compared.examination.images[pair.current]),
        (sheets(step.prior[pair.prior]), sheets(step.current[pair.current])),
        pair.registration,
        tuple((match.prior, match.current) for match in pair.matches),
    )
    return _whole(aligned, shown, letters), tuple(_round(aligned, change) for change in shown)


def _whole(pair: _Pair, shown: tuple[Change, ...], letters: tuple[str, ...]) -> SideBySide:
    tissue = pair.registration.current
    rows, columns = (length * tissue.cell_size for length in tissue.mask.shape)
    middle = np.array([rows / 2, columns / 2])
    cuts = _cut(pair, middle, WHOLE_PX / (max(rows, columns) + 4.0), WHOLE_PX)
    marks: tuple[list[Mark], list[Mark]] = ([], [])
    lines = []
    for change, name in zip(shown, letters, strict=True):
        if change.prior_place is None or change.place is None:
            continue
        ends = cuts[0].at(change.prior_place), cuts[1].at(change.place)
        for side, (x, y) in enumerate(ends):
            marks[side].append(Mark(x, y, 12.0, "group", name))
        lines.append(ends)
    return _beside(cuts, marks, lines, None)


def _round(pair: _Pair, change: Change) -> SideBySide | None:
    if change.place is None:
        return None
    tissue = pair.registration.current
    middle = tissue.to_working(np.array([change.place]))[0]
    extent = max(change.current.extent_mm or 0.0, change.prior.extent_mm or 0.0)
    scale = SIDE_PX / max(_LEAST_MM, extent + _MARGIN_MM)
    cuts = _cut(pair, middle, scale, SIDE_PX)
    same = {uid for match in pair.matches for uid in match}
    places = [
        {one.tracking_uid: cut.at((one.row, one.column)) for one in image.calcifications}
        for image, cut in zip(pair.images, cuts, strict=True)
    ]
    marks = tuple(
        [
            Mark(*place, radius=7.0, kind="same" if uid in same else "alone")
            for uid, place in those.items()
            if _is_shown(place)
        ]
        for those in places
    )
    lines = [
        (places[0][then], places[1][now])
        for then, now in pair.matches
        if _is_shown(places[0][then]) and _is_shown(places[1][now])
    ]
    return _beside(cuts, (marks[0], marks[1]), lines, 5 * scale if tissue.in_mm else None)


def _is_shown(place: Point) -> bool:
    return all(0 <= part <= SIDE_PX for part in place)


def _beside(
    cuts: tuple[Cutting, Cutting],
    marks: tuple[list[Mark], list[Mark]],
    lines: list[tuple[Point, Point]],
    bar: float | None,
) -> SideBySide:
    return SideBySide(
        cuts[0].uri, cuts[1].uri, cuts[0].side, tuple(marks[0]), tuple(marks[1]), tuple(lines), bar
    )


def _cut(pair: _Pair, middle: NDArray[np.float64], scale: float, side: int) -> tuple[Cutting, Cutting]:
    """Pieces of both images round a place (mm) of the current one; ``scale``: picture pixels in a mm."""
    registration = pair.registration
    there = to_prior(registration, middle[None])[0]
    flip = -1.0 if registration.current.mirrored else 1.0
    turns = _turn_at(registration, middle), np.eye(2)
    ways = [
        _way(tissue, place, turn * np.array([[1.0], [flip]]) * scale, side)
        for tissue, place, turn in zip(
            (registration.prior, registration.current), (there, middle), turns, strict=True
        )
    ]
    return cut_sheet(pair.sheets[0], ways[0], side), cut_sheet(pair.sheets[1], ways[1], side)


def _turn_at(registration: Registration, middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """How the prior is turned to lie as the current image does: a rotation, scaled where not in mm."""
    off = _STEP_MM * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    moved = to_prior(registration, middle + off)
    jacobian = np.stack([moved[0] - moved[1], moved[2] - moved[3]], axis=1) / (2 * _STEP_MM)
    left, stretch, right = np.linalg.svd(jacobian)
    in_mm = registration.prior.in_mm and registration.current.in_mm
    size = 1.0 if in_mm else 1.0 / max(float(stretch.mean()), 1e-3)
    return np.asarray((left @ right).T * size)


def _way(
    tissue: TissueMap, place: NDArray[np.float64], turn: NDArray[np.float64], side: int
) -> NDArray[np.float64]:
    """Takes (column, row) of the file to (x, y) of the picture; ``turn``: (row, column) in mm to (y, x)."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])  # row, column of the file
    ends = (tissue.to_working(corners) - place) @ turn.T + side / 2
    start, down, right = ends
    matrix = np.stack([right - start, down - start, start], axis=1)  # of y, x by column, row, 1
    return np.asarray(matrix[::-1])
