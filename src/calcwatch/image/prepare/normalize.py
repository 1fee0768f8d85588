"""A mammogram -> one orientation, a crop round the breast, a working scale in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from calcwatch.image.arrays import enlarged, largest_part
from calcwatch.image.settings.prepare import NormalizeSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Mammogram, Point

_Pixel = TypeVar("_Pixel", bound=np.generic)


@dataclass(frozen=True)
class CropFrame:
    """Where a crop lies in its file: the one place where crop pixels become file pixels.

    Attributes:
        top: File row of the first row of the crop.
        left: File column of the leftmost column that the crop covers.
        rows: Rows of the crop.
        columns: Columns of the crop.
        mirrored: Whether columns of the crop run from right to left in the file, so that the chest wall is on
            the left of the crop.
    """

    top: int
    left: int
    rows: int
    columns: int
    mirrored: bool

    def to_file(self, row: float, column: float) -> Point:
        """Turn a point of the crop into a point of the file as stored.

        Args:
            row: Row in crop pixels.
            column: Column in crop pixels.

        Returns:
            Row and column in file pixels.
        """
        # centers of pixels are mirrored: the last column becomes 0
        inner = self.columns - 1 - column if self.mirrored else column
        return float(row) + self.top, float(inner) + self.left


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedImage:
    """The crop round the breast, chest wall on the left.

    Attributes:
        gray: float32, rows x columns of the crop, 0 black to 1 white.
        foreground: uint8, same shape: 1 where something was imaged, else 0.
        background: Gray of the air round the breast; the darkest gray where the picture shows none.
        frame: Where the crop lies in the file.
        spacing_mm: Millimeters a pixel in the plane of the breast, ``None`` when not known.
        working_mm: What filter sizes are derived from: ``spacing_mm`` where that is known, else an assumed
            spacing, which never makes a length in millimeters.
        gray_step: Difference of gray between neighboring stored values.
    """

    gray: NDArray[np.float32]
    foreground: NDArray[np.uint8]
    background: float
    frame: CropFrame
    spacing_mm: float | None
    working_mm: float
    gray_step: float

    def px(self, mm: float) -> float:
        """Turn a length into pixels at the working scale.

        Args:
            mm: Length in millimeters.

        Returns:
            Length in pixels, not rounded.
        """
        return mm / self.working_mm


def normalize(mammogram: Mammogram, *, settings: NormalizeSettings = NormalizeSettings()) -> PreparedImage:
    """Crop round the largest thing imaged and turn the chest wall to the left.

    The crop follows the breast, so shifting or mirroring the picture changes the frame and nothing else.

    Args:
        mammogram: Gray levels and what the file says of them; not modified.
        settings: What tells the breast from the air round it.

    Returns:
        The crop; the whole picture with an empty foreground where it shows no contrast.
    """
    spacing = mammogram.description.pixel_spacing
    background, threshold = _background(mammogram.gray, mammogram.padding, settings)
    foreground = _largest_object(mammogram.gray, threshold, mammogram.padding, settings)
    frame = _frame_round(foreground, settings)
    return PreparedImage(
        gray=_cut(mammogram.gray, frame),
        foreground=_cut(foreground, frame),
        background=background,
        frame=frame,
        spacing_mm=spacing.mm if spacing else None,
        working_mm=spacing.mm if spacing else settings.assumed_spacing_mm,
        gray_step=mammogram.gray_step,
    )


def _background(
    gray: NDArray[np.float32], padding: NDArray[np.bool_] | None, settings: NormalizeSettings
) -> tuple[float, float]:
    """Gray of the air round the breast and the gray above which something was imaged."""
    # every so many rows and columns: a sample tells the gray range as well as all pixels
    step = max(1, round((gray.size / settings.max_samples) ** 0.5))
    sample = gray[::step, ::step]
    if padding is not None:
        # padding was never imaged, and its gray is whatever a vendor chose (DICOM PS3.3 C.7.5.1.1.2)
        sample = sample[~padding[::step, ::step]]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = float(sample.min()), float(np.quantile(sample, settings.brightest_quantile))
    # so even that single precision cannot tell one gray of the histogram from the next
    if high - low <= settings.histogram_bins * float(np.spacing(np.float32(max(abs(low), abs(high))))):
        return low, high
    counts, edges = np.histogram(sample, bins=settings.histogram_bins, range=(low, high))
    # air is a narrow peak at the dark end; peaks further up are tissue
    peak = int(np.argmax(counts[: int(settings.background_range * settings.histogram_bins)]))
    in_peak = counts[max(0, peak - settings.peak_bins) : peak + settings.peak_bins + 1].sum()
    # a picture that is all breast has a highest bin as well, with few pixels in it
    if in_peak < settings.background_share * sample.size:
        return low, low - 1.0  # no air: a threshold below every gray makes all of it foreground
    background = float(edges[peak])
    return background, background + settings.above_background * (high - low)


def _largest_object(
    gray: NDArray[np.float32],
    threshold: float,
    padding: NDArray[np.bool_] | None,
    settings: NormalizeSettings,
) -> NDArray[np.uint8]:
    """1 inside the largest connected region brighter than ``threshold``, at full resolution."""
    # view: a bool is a byte, so the mask costs no copy
    bright = (cv2.blur(gray, (settings.smoothing_px, settings.smoothing_px)) > threshold).view(np.uint8)
    if padding is not None:
        bright[padding] = 0
    # which region is the largest shows on larger pixels; one more of them all round holds its fine rim
    largest = largest_part(np.ascontiguousarray(bright[:: settings.reduction_px, :: settings.reduction_px]))
    bright &= enlarged(cv2.dilate(largest, np.ones((3, 3), np.uint8)), gray.shape)
    rim = np.ones((settings.smoothing_px, settings.smoothing_px), np.uint8)  # what the smoothing added
    return np.asarray(cv2.erode(bright, rim, borderType=cv2.BORDER_CONSTANT, borderValue=1), np.uint8)


def _frame_round(foreground: NDArray[np.uint8], settings: NormalizeSettings) -> CropFrame:
    """Bounding box of the foreground with a margin; mirrored when the breast is heavier on its right."""
    height, width = foreground.shape
    left, top, columns, rows = cv2.boundingRect(foreground)
    if rows == 0:
        return CropFrame(0, 0, height, width, mirrored=False)
    # binary: the brightness of the breast must not move its center
    moments = cv2.moments(foreground, binaryImage=True)
    # a breast is widest at the chest wall: the side its center of mass is on is the chest wall's
    heavy_right = moments["m10"] / moments["m00"] > left + (columns - 1) / 2
    first_row, first_column = max(0, top - settings.margin_px), max(0, left - settings.margin_px)
    last_row = min(height, top + rows + settings.margin_px)
    last_column = min(width, left + columns + settings.margin_px)
    return CropFrame(first_row, first_column, last_row - first_row, last_column - first_column, heavy_right)


def _cut(image: NDArray[_Pixel], frame: CropFrame) -> NDArray[_Pixel]:
    cut = image[frame.top : frame.top + frame.rows, frame.left : frame.left + frame.columns]
    # copied once here: OpenCV would copy a mirrored view in every filter
    return np.ascontiguousarray(cut[:, ::-1] if frame.mirrored else cut)
