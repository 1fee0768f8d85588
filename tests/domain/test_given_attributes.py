"""What the user states of an image: valid from birth."""

from __future__ import annotations

import pytest

from calcwatch.domain.image import GivenAttributes, Laterality, ViewPosition


def test_words() -> None:
    """Words of a table become attributes; empty words are not given."""
    given = GivenAttributes.from_text(
        patient_id=" P1 ",
        study_date="2026-01-31",
        image_laterality="r",
        view_position=" cc",
        pixel_spacing_mm="0.07",
        bits_stored="12",
    )
    assert given == GivenAttributes("P1", "20260131", Laterality.RIGHT, ViewPosition.CC, 0.07, 12)
    assert GivenAttributes.from_text(patient_id="", view_position="  ", study_date=None) == GivenAttributes()


@pytest.mark.parametrize(
    ("name", "word", "reason"),
    [
        ("image_laterality", "left", "image_laterality 'left' is not one of L, R, B"),
        ("view_position", "AP", "view_position 'AP' is not one of CC, MLO, ML"),
        ("study_date", "31.1.2026", "study_date '31.1.2026' is no date; write it YYYY-MM-DD or YYYYMMDD"),
        ("study_date", "20261301", "study_date '20261301' is no day of the calendar"),
        ("study_date", "2026-02-30", "study_date '2026-02-30' is no day of the calendar"),
        ("pixel_spacing_mm", "0,07", "pixel_spacing_mm '0,07' is not a number"),
        ("pixel_spacing_mm", "70", "not between 0.005 and 2 mm"),
        ("pixel_spacing_mm", "nan", "not between 0.005 and 2 mm"),
        ("pixel_spacing_mm", "-0.1", "not between 0.005 and 2 mm"),
        ("bits_stored", "twelve", "bits_stored 'twelve' is not a number"),
        ("bits_stored", "12.5", "is not a number"),
        ("bits_stored", "7", "bits_stored 7 is not between 8 and 16"),
        ("bits_stored", "17", "bits_stored 17 is not between 8 and 16"),
    ],
)
def test_wrong_words(name: str, word: str, reason: str) -> None:
    """A wrong word is refused with its name, its value and what is allowed."""
    with pytest.raises(ValueError, match=reason):
        GivenAttributes.from_text(**{name: word})
