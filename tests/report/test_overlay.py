import cv2
import numpy as np
import pytest

from calcwatch.domain.identity import letter
from calcwatch.report.marks import CALCIFICATION_COLOR, GROUP_COLOR, NON_LESION_COLOR
from calcwatch.report.overlay import OVERLAY_PX, draw_overlay, encode_png
from calcwatch.report.pictures import breast_window, for_display
from tests.formats.result.examples import (
    CLIP_PLACE,
    COLUMNS,
    GROUP_PLACES,
    ROWS,
    SINGLE_PLACE,
    breast_picture,
    findings,
)


def blue_green_red(name: str) -> np.ndarray:
    return np.array([int(name[place : place + 2], 16) for place in (5, 3, 1)])


def has_color(part: np.ndarray, name: str) -> bool:
    return bool((np.abs(part.astype(int) - blue_green_red(name)).max(axis=2) < 40).any())


def around(canvas: np.ndarray, place: tuple[int, int], reach: int) -> np.ndarray:
    row, column = place
    return canvas[row - reach : row + reach + 1, column - reach : column + reach + 1]


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return draw_overlay(breast_picture(), findings())


def test_marks_are_where_the_findings_are(drawn: np.ndarray) -> None:
    """Calcifications, the clip and the group are each marked in their own color at their place."""
    for place in (*GROUP_PLACES, SINGLE_PLACE):
        assert has_color(around(drawn, place, 12), CALCIFICATION_COLOR)
    assert has_color(around(drawn, CLIP_PLACE, 60), NON_LESION_COLOR)
    assert has_color(around(drawn, (520, 323), 60), GROUP_COLOR)
    assert not has_color(around(drawn, (950, 150), 60), CALCIFICATION_COLOR)


def test_marks_hide_no_pixel_of_what_they_mark(drawn: np.ndarray) -> None:
    """The pixels of each calcification and of the clip are those of the unmarked picture."""
    gray = breast_picture()
    plain = for_display(gray, breast_window(gray, findings()))
    for place in (*GROUP_PLACES, SINGLE_PLACE):
        assert (around(drawn, place, 3) == around(plain, place, 3)[:, :, None]).all()
    row, column = CLIP_PLACE
    box = (slice(row - 6, row + 6), slice(column - 20, column + 20))
    assert (drawn[box] == plain[box][:, :, None]).all()


def test_nothing_found_marks_nothing() -> None:
    """Without findings no mark is drawn inside the breast."""
    drawn = draw_overlay(breast_picture(), findings(empty=True))
    inside = drawn[400:800, 20:550]
    assert (inside == inside[:, :, :1]).all()


def test_scale_bar_only_with_spacing() -> None:
    """The scale bar is 10 mm long with known spacing and absent without."""
    gray = breast_picture()

    def longest_white_run(spacing_mm: float | None) -> int:
        low = draw_overlay(gray, findings(spacing_mm=spacing_mm, empty=True))[-30, COLUMNS // 2 :]
        return int((low.min(axis=1) > 200).sum())

    assert longest_white_run(0.1) == pytest.approx(100, abs=6)
    assert longest_white_run(0.2) == pytest.approx(50, abs=6)
    assert longest_white_run(None) < 40


def test_large_image_is_made_small() -> None:
    """A large image is shrunk to the longest side allowed; a small one keeps its pixels."""
    large = np.repeat(np.repeat(breast_picture(), 3, axis=0), 3, axis=1)
    drawn = draw_overlay(large, findings(empty=True))
    assert max(drawn.shape) == OVERLAY_PX
    assert drawn.shape[1] / drawn.shape[0] == pytest.approx(COLUMNS / ROWS, rel=0.01)
    assert draw_overlay(breast_picture(), findings()).shape == (ROWS, COLUMNS, 3)


def test_png_holds_the_picture(drawn: np.ndarray) -> None:
    """The PNG is lossless and the same bytes each time."""
    encoded = encode_png(drawn)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(decoded, drawn)
    assert encode_png(draw_overlay(breast_picture(), findings())) == encoded


def test_letters_go_on_after_z() -> None:
    """Groups are lettered A to Z, then AA, AB."""
    assert [letter(n) for n in (0, 25, 26, 27, 51, 52)] == ["A", "Z", "AA", "AB", "AZ", "BA"]
