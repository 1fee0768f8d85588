"""Pieces of two examinations side by side: aligned, at one scale, the same calcifications joined by a line.

For display only. The whole breast of each image is kept as a sheet until the other examination is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.comparison.register import to_prior
from calcwatch.domain.change import Change, ImagePair, Registration
from calcwatch.domain.findings import ImageFindings, TissueMap
from calcwatch.domain.image import Point
from calcwatch.formats.result.run import Step
from calcwatch.report.pictures import breast_window, encoded_jpeg, for_display
from calcwatch.report.template import Row

SIDE_PX = 360
"""Side of a piece in the page, in pixels."""

WHOLE_PX = 460
"""Side of the piece that shows a whole breast."""

SHEET_MM = 0.1
"""Pixels of a sheet are no finer than this: a pair of examinations fits in memory, every speck is seen."""

_LEAST_MM, _MARGIN_MM = 18.0, 12.0  # side of a piece at least, and beyond the extent of its group
_WHOLE_MARGIN_MM = 4.0  # round a whole breast
_STEP_MM = 4.0  # over which the turn of the prior is measured
_SCALE_BAR_MM = 5
_FLATTEST = 24.0  # display values that contrast is stretched from at least: noise is not blown up

SheetOf = Callable[[int], "Sheet"]
"""Place of an image in the run -> its sheet."""

_Cut = tuple[str, NDArray[np.float64]]
"""A square piece of a sheet as a data URI; 2 x 3, takes (column, row) of the file to (x, y) in it."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A breast as it is shown.

    Attributes:
        pixels: Rows x columns, 0 to 255.
        step: Pixels of the file in one of the sheet.

    """

    pixels: NDArray[np.uint8]
    step: float


def take_sheet(gray: NDArray[np.float32], findings: ImageFindings) -> Sheet:
    """Keep a breast for display.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        findings: Of the image.

    Returns:
        The sheet.

    """
    spacing = findings.description.pixel_spacing
    # Never enlarged: a sheet has no more pixels than its file.
    step = max(1.0, SHEET_MM / spacing.mm) if spacing else 1.0
    shown = for_display(gray, breast_window(gray, findings))
    size = (round(shown.shape[1] / step), round(shown.shape[0] / step))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA) if step > 1 else shown
    # The factor that came out, since the size was rounded to whole pixels.
    return Sheet(np.asarray(small, np.uint8), shown.shape[0] / small.shape[0])


def pair_pictures(
    step: Step, pair: ImagePair, sheets: SheetOf, changes: Sequence[Change], letters: Sequence[str]
) -> tuple[Row | None, tuple[Row | None, ...]]:
    """Show an aligned pair of images and its changes, prior beside current.

    Args:
        step: The comparison.
        pair: One of its pairs.
        sheets: Gives the sheets of its images.
        changes: Those to show.
        letters: Name each change on the whole breast.

    Returns:
        The whole breasts, and a piece round each change, for the macro ``beside``; ``None`` without an
        alignment, and for a change that has no place on the current image.

    """
    registration = pair.registration
    # Findings read from a file have no registration, and pictures of an unaligned pair would mislead.
    if registration is None:
        return None, tuple(None for _ in changes)
    images = step.compared.prior[pair.prior], step.compared.examination.images[pair.current]
    own_sheets = sheets(step.prior[pair.prior]), sheets(step.current[pair.current])
    matches = [(match.prior, match.current) for match in pair.matches]
    whole = _whole(own_sheets, registration, changes, letters)
    return whole, tuple(_piece(own_sheets, registration, images, matches, change) for change in changes)


def _whole(
    pair: tuple[Sheet, Sheet], registration: Registration, changes: Sequence[Change], letters: Sequence[str]
) -> Row:
    """The whole breasts, a lettered ring at each change that has a place on both."""
    tissue = registration.current
    rows, columns = (length * tissue.cell_size for length in tissue.mask.shape)
    middle = np.array([rows / 2, columns / 2])
    scale = WHOLE_PX / (max(rows, columns) + _WHOLE_MARGIN_MM)
    left, right = _cut_pair(pair, registration, middle, scale, WHOLE_PX)
    lines = [
        (name, _place(left, change.prior_place), _place(right, change.place))
        for change, name in zip(changes, letters, strict=True)
        if change.prior_place is not None and change.place is not None
    ]
    return {
        "left": left[0],
        "right": right[0],
        "side": WHOLE_PX,
        "left_marks": [_mark(start, 12.0, "group", name) for name, start, _ in lines],
        "right_marks": [_mark(end, 12.0, "group", name) for name, _, end in lines],
        "lines": [(start, end) for _, start, end in lines],
        "scale_bar_px": None,
    }


def _piece(
    pair: tuple[Sheet, Sheet],
    registration: Registration,
    images: tuple[ImageFindings, ImageFindings],
    matches: Sequence[tuple[str, str]],
    change: Change,
) -> Row | None:
    """A piece round a change, a ring at each calcification, the same ones joined."""
    if change.place is None:
        return None
    tissue = registration.current
    middle = tissue.to_working(np.array([change.place]))[0]
    extent = max(change.current.extent_mm or 0.0, change.prior.extent_mm or 0.0)
    scale = SIDE_PX / max(_LEAST_MM, extent + _MARGIN_MM)
    cuts = _cut_pair(pair, registration, middle, scale, SIDE_PX)
    matched = {uid for match in matches for uid in match}
    priors, currents = (
        {
            calcification.tracking_uid: place
            for calcification in image.calcifications
            if _is_shown(place := _place(cut, (calcification.row, calcification.column)))
        }
        for image, cut in zip(images, cuts, strict=True)
    )
    left_marks, right_marks = (
        [_mark(place, 7.0, "same" if uid in matched else "alone") for uid, place in places.items()]
        for places in (priors, currents)
    )
    return {
        "left": cuts[0][0],
        "right": cuts[1][0],
        "side": SIDE_PX,
        "left_marks": left_marks,
        "right_marks": right_marks,
        "lines": [
            (priors[prior], currents[current])
            for prior, current in matches
            if prior in priors and current in currents
        ],
        "scale_bar_px": _SCALE_BAR_MM * scale if tissue.in_mm else None,
    }


def _mark(place: Point, radius: float, kind: str, label: str = "") -> Row:
    """A ring at (x, y) of a picture; ``kind``: ``same``, ``alone`` or ``group``."""
    return {"x": place[0], "y": place[1], "radius": radius, "kind": kind, "label": label}


def _is_shown(place: Point) -> bool:
    return all(0 <= part <= SIDE_PX for part in place)


def _place(cut: _Cut, point: Point) -> Point:
    """(x, y) in the picture of a point (row, column) of the file."""
    x, y = cut[1] @ np.array([point[1], point[0], 1.0])
    return round(float(x), 1), round(float(y), 1)


def _cut_pair(
    pair: tuple[Sheet, Sheet],
    registration: Registration,
    middle: NDArray[np.float64],
    scale: float,
    side: int,
) -> tuple[_Cut, _Cut]:
    """Pieces of both images round a place (mm) of the current one; ``scale``: picture pixels in a mm."""
    # Working places have the chest wall on the left; both pictures are turned back to how the file shows it.
    flip = -1.0 if registration.current.mirrored else 1.0
    size = np.array([[1.0], [flip]]) * scale
    # Both pieces are centered on the same tissue, each in its own image.
    prior_middle = to_prior(registration, middle[None])[0]
    prior = _way(registration.prior, prior_middle, _turn_at(registration, middle) * size, side)
    current = _way(registration.current, middle, np.eye(2) * size, side)
    return _cut(pair[0], prior, side), _cut(pair[1], current, side)


def _turn_at(registration: Registration, middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """How the prior is turned to lie as the current image does: a rotation, scaled where not in mm."""
    off = _STEP_MM * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    moved = to_prior(registration, middle + off)
    jacobian = np.stack([moved[0] - moved[1], moved[2] - moved[3]], axis=1) / (2 * _STEP_MM)
    # The rotation nearest to the map: showing its stretch too would fake a change of size.
    left, stretch, right = np.linalg.svd(jacobian)
    in_mm = registration.prior.in_mm and registration.current.in_mm
    # Without millimeters on both sides the scale of the two images is only known from the registration.
    size = 1.0 if in_mm else 1.0 / max(float(stretch.mean()), 1e-3)
    return np.asarray((left @ right).T * size)


def _way(
    tissue: TissueMap, place: NDArray[np.float64], turn: NDArray[np.float64], side: int
) -> NDArray[np.float64]:
    """Takes (column, row) of the file to (x, y) of the picture; ``turn``: (row, column) in mm to (y, x)."""
    # Three points settle an affine map; the working places themselves say how they are turned and scaled.
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])  # row, column of the file
    ends = (tissue.to_working(corners) - place) @ turn.T + side / 2
    start, down, right = ends
    matrix = np.stack([right - start, down - start, start], axis=1)  # of y, x by column, row, 1
    return np.asarray(matrix[::-1])


def _cut(sheet: Sheet, way: NDArray[np.float64], side: int) -> _Cut:
    """Cut a square out; where the sheet ends it is black, contrast is stretched to what the piece shows."""
    scaled = way.copy()
    scaled[:, :2] *= sheet.step
    # The center of the sheet's first pixel is not that of the file's: half a step less half a pixel apart.
    scaled[:, 2] += way[:, :2] @ np.full(2, sheet.step / 2 - 0.5)
    piece = np.asarray(cv2.warpAffine(sheet.pixels, scaled, (side, side), flags=cv2.INTER_LINEAR), np.uint8)
    # Black beyond the sheet's end would pull the window down.
    inside = piece[piece > 0]
    if inside.size:
        black, white = np.percentile(inside, (1.0, 99.8))
        stretched = (piece.astype(np.float32) - black) * (255 / max(white - black, _FLATTEST))
        piece = np.asarray(np.clip(np.rint(stretched), 0, 255), np.uint8)
    return encoded_jpeg(piece), way
