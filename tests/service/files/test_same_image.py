"""The same image twice is one image, and what contradicts itself is told."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing
from calcwatch.service.files.same_image import SeenImages, digest_of_pixels, spelled_alike


def image(source: str, **given: object) -> ImageDescription:
    return ImageDescription(source, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["pixels", "file", "uid"])
def test_a_copy_is_met_again(by: str) -> None:
    """A copy is told by its pixels or its file; one UID with other pixels is an error."""
    seen = SeenImages()
    first = image("a", sha256="1", sop_instance_uid="1.2", patient_id="P")
    assert seen.meet(0, first, "x") is None
    second = {
        "pixels": (image("b", sha256="2", sop_instance_uid="1.3"), "x"),
        "file": (image("b", sha256="1", sop_instance_uid="1.2"), "y"),
        "uid": (image("b", sha256="2", sop_instance_uid="1.2"), "y"),
    }[by]
    twin = seen.meet(1, *second)
    assert twin is not None
    assert (twin.first, twin.is_error) == (0, by == "uid")
    assert str(twin.problem).startswith("b: ")


@pytest.mark.parametrize(
    ("label", "values", "told"),
    [
        ("patient_id", ("P", "Q"), "another Patient ID"),
        ("study_date", ("20200101", "20210101"), "another Study Date"),
        ("image_laterality", (Laterality.LEFT, Laterality.RIGHT), "another side"),
        (
            "pixel_spacing",
            (PixelSpacing(0.07, 0.07, "a"), PixelSpacing(0.1, 0.1, "b")),
            "another pixel spacing",
        ),
    ],
)
def test_one_picture_under_two_labels_is_an_error(
    label: str, values: tuple[object, object], told: str
) -> None:
    """The same pixels as of another woman, day or side are an error that names no patient."""
    seen = SeenImages()
    seen.meet(0, image("a", **{label: values[0]}), "x")
    twin = seen.meet(1, image("b", **{label: values[1]}), "x")
    assert twin is not None
    assert twin.is_error
    assert told in str(twin.problem)
    assert "Q" not in str(twin.problem)


def test_other_images_are_new() -> None:
    """Images that share neither pixels nor file nor UID are all new, without a UID too."""
    seen = SeenImages()
    met = [seen.meet(place, image(str(place), sha256=str(place)), str(place)) for place in range(3)]
    assert met == [None, None, None]


def test_pixels_are_told_by_value_and_size() -> None:
    """The same values in another shape are another picture; how they lie in memory plays no part."""
    gray = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert digest_of_pixels(gray) == digest_of_pixels(np.asfortranarray(gray))
    assert digest_of_pixels(gray) != digest_of_pixels(gray.reshape(3, 2))


@pytest.mark.parametrize("ids", [("0012", "12"), ("ab-1", "AB 1"), ("A.1", "a1")])
def test_two_spellings_of_one_id(ids: tuple[str, str]) -> None:
    """Patient IDs that differ in case, spaces, signs or leading zeros alone are spelled alike."""
    assert spelled_alike([image("a", patient_id=ids[0]), image("b", patient_id=ids[1])]) is not None
    assert spelled_alike([image("a", patient_id=ids[0]), image("b", patient_id="other")]) is None
