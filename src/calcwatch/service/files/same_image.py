"""The same image twice is one image: told by its pixels, its file and its SOP Instance UID."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import CalcwatchError, UnsuitableImage, UnsupportedImage
from calcwatch.domain.image import ImageDescription

_LABELS = {
    "patient_id": "Patient ID",
    "study_date": "Study Date",
    "image_laterality": "side",
    "view_position": "view",
}
"""What an image is filed by: where two copies differ in it, one of them is filed wrong."""

_SAME_SPACING = 0.01
"""Spacings that differ by no more than this share are the same, rounded: as for a spacing that is given."""


@dataclass(frozen=True)
class Twin:
    """An image that was met before, or says that it was.

    Attributes:
        first: Number of the image that it was met as.
        problem: Why it is not analyzed; the message starts with its source and names the other.
        is_error: The two contradict each other, so that a person has to look; else it is a mere copy.

    """

    first: int
    problem: CalcwatchError
    is_error: bool


@dataclass
class SeenImages:
    """The images of a run that were met so far.

    A class because it remembers them.

    Attributes:
        images: Number and description of each image, by what it is told by.

    """

    images: dict[tuple[str, str], tuple[int, ImageDescription]] = field(default_factory=dict)

    def meet(self, number: int, image: ImageDescription, pixels: str) -> Twin | None:
        """Tell whether an image was met before, and remember it if not.

        Args:
            number: Of the image in the run.
            image: Its description.
            pixels: Digest of its pixels, see ``digest_of_pixels``.

        Returns:
            What it was met as; ``None``: it is new.

        """
        same = self.images.get(("pixels", pixels)) or self.images.get(("file", image.sha256))
        uid = ("uid", image.sop_instance_uid or "")
        named_alike = self.images.get(uid) if image.sop_instance_uid else None
        if same is not None:
            return _twin(image, *same)
        if named_alike is not None:
            first, other = named_alike
            message = (
                f"{image.source}: it has the SOP Instance UID of {other.source} but other pixels, so nobody "
                "can say which of the two is meant; leave one of them out"
            )
            return Twin(first, UnsuitableImage(message), is_error=True)
        self.images[("pixels", pixels)] = number, image
        if image.sha256:
            self.images[("file", image.sha256)] = number, image
        if image.sop_instance_uid:
            self.images[uid] = number, image
        return None


def _twin(image: ImageDescription, first: int, other: ImageDescription) -> Twin:
    differing = [
        words
        for name, words in _LABELS.items()
        if getattr(image, name) and getattr(other, name) and getattr(image, name) != getattr(other, name)
    ]
    spacings = [it.pixel_spacing.mm for it in (image, other) if it.pixel_spacing is not None]
    # Else the sizes would be those of whichever comes first.
    if len(spacings) == 2 and abs(spacings[0] - spacings[1]) > _SAME_SPACING * spacings[1]:
        differing.append("pixel spacing")
    if not differing:
        problem = UnsupportedImage(f"{image.source}: the same image as {other.source}, analyzed once")
        return Twin(first, problem, is_error=False)
    # A copy under two names is nothing; the picture of one woman under two IDs is.
    message = (
        f"{image.source}: it has the pixels of {other.source} but another {' and '.join(differing)}, so one "
        "of the two is labeled wrong; leave that one out"
    )
    return Twin(first, UnsuitableImage(message), is_error=True)


def digest_of_pixels(gray: NDArray[np.float32]) -> str:
    """Tell a picture by its pixels.

    Args:
        gray: Rows x columns.

    Returns:
        SHA-256 of size and values, in hexadecimal.

    """
    digest = hashlib.sha256(f"{gray.shape}".encode())
    digest.update(np.ascontiguousarray(gray).data)
    return digest.hexdigest()


def spelled_alike(images: Iterable[ImageDescription]) -> tuple[str, str] | None:
    """Find two images whose Patient IDs differ in their spelling alone: case, spaces, signs, leading zeros.

    Args:
        images: Descriptions of the images of a run.

    Returns:
        Their sources; ``None`` where there are none.

    """
    first = {image.patient_id: image.source for image in images if image.patient_id}
    for earlier, later in combinations(sorted(first), 2):
        if _spelled(earlier) == _spelled(later):
            return first[earlier], first[later]
    return None


def _spelled(patient_id: str) -> str:
    letters = re.sub(r"[\W_]+", "", patient_id).casefold()
    return letters.lstrip("0") or letters
