import base64

import cv2
import numpy as np
import pytest

from calcwatch.report.pictures import (
    SMALLEST_WINDOW,
    Box,
    box_round,
    breast_window,
    close_up,
    close_up_window,
    for_display,
    thumbnail,
)
from tests.formats.result.examples import breast_picture, findings


def decoded(uri: str) -> np.ndarray:
    pixels = cv2.imdecode(
        np.frombuffer(base64.b64decode(uri.split(",", 1)[1]), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert pixels is not None
    return pixels


def test_window_is_linear_and_clipped() -> None:
    """Black is 0, white is 255, the middle is in between, and what lies outside is clipped."""
    gray = np.array([[0.0, 0.2, 0.4, 0.6, 1.0]], dtype=np.float32)
    assert for_display(gray, (0.2, 0.6)).tolist() == [[0, 0, 128, 255, 255]]


def test_flat_image_is_not_stretched_to_noise() -> None:
    """A picture of one gray gets a window of the smallest width, not of none."""
    flat = np.full((50, 40), 0.5, dtype=np.float32)
    black, white = breast_window(flat, findings(empty=True))
    assert white - black == pytest.approx(SMALLEST_WINDOW)


def test_calcifications_are_not_blown_out() -> None:
    """In a close-up the brightest pixel of the calcifications is just white."""
    gray = breast_picture()
    box = Box(450, 250, 140, 140)
    _, white = close_up_window(gray, [(500.0, 300.0)], box)
    assert white == pytest.approx(float(gray[497:504, 297:304].max()))


def test_close_up_keeps_every_pixel() -> None:
    """A close-up is lossless: decoded, it is the image's pixels through the window."""
    gray, box, window = breast_picture(), Box(450, 250, 120, 130), (0.2, 0.8)
    picture = close_up(gray, box, window)
    assert (decoded(picture.uri) == for_display(gray[450:570, 250:380], window)).all()
    assert picture.uri.startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((100.0, 100.0), Box(85, 85, 30, 30)),
        ((0.0, 0.0), Box(0, 0, 30, 30)),
        ((199.0, 299.0), Box(170, 270, 30, 30)),
    ],
)
def test_box_stays_inside(point: tuple[float, float], expected: Box) -> None:
    """A box round a point at the border is moved inside the image and keeps its size."""
    assert box_round([point], margin_px=4, smallest_px=30, shape=(200, 300)) == expected


def test_box_of_a_small_image() -> None:
    """A box is never larger than the image."""
    assert box_round([(5.0, 5.0)], margin_px=50, smallest_px=96, shape=(20, 30)) == Box(0, 0, 20, 30)


def test_thumbnail_is_small_and_shows_all() -> None:
    """The thumbnail keeps the shape of the image and stays small."""
    picture = thumbnail(breast_picture(), (0.0, 1.0))
    rows, columns = decoded(picture.uri).shape
    assert max(rows, columns) == 900
    assert columns / rows == pytest.approx(900 / 1200, abs=0.002)
    assert len(picture.uri) < 200_000
