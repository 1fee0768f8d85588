"""Which pixels of an image show the breast: where letters may be burned in, the others are blacked out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.image import GivenAttributes
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.service.files.open_image import open_image

MARGIN_MM = 2.0
"""Kept round the breast, so that the skin line stays whole."""


def breast_pixels(path: Path) -> NDArray[np.bool_]:
    """Pixels of an image file that show the breast and a margin round it; rows x columns.

    Raises ``UnsuitableImage`` where no breast is found: nobody can say then what may stay, and what
    ``open_image`` raises.
    """
    mammogram = open_image(path, GivenAttributes())
    image = normalize(mammogram)
    breast = find_breast(image)
    if breast.area_px == 0:
        raise UnsuitableImage("no breast was found, so nobody can say what may stay; leave this image out")
    radius = round(image.px(MARGIN_MM))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask = breast.mask[:, ::-1] if image.frame.mirrored else breast.mask
    whole = np.zeros(mammogram.gray.shape, np.uint8)
    frame = image.frame
    whole[frame.top : frame.top + frame.rows, frame.left : frame.left + frame.columns] = mask
    kept: NDArray[np.bool_] = cv2.dilate(whole, disk).astype(bool)
    return kept
