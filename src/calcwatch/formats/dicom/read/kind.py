"""What a DICOM file holds: an image calcwatch analyzes, or the reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    BreastProjectionXRayImageStorageForPresentation,
    BreastProjectionXRayImageStorageForProcessing,
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    MediaStorageDirectoryStorage,
)

from calcwatch.codes.body import BREAST, SIDES
from calcwatch.codes.views import SPECIMEN, VIEWS
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.read.header import holds_no_text, integer, items, word
from calcwatch.formats.dicom.read.quirks import is_code, is_snomed_value, may_be_mammogram, sop_class_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    from calcwatch.formats.dicom.read.parse import DicomFile

MAMMOGRAPHY = frozenset(
    {DigitalMammographyXRayImageStorageForPresentation, DigitalMammographyXRayImageStorageForProcessing}
)
"""SOP classes of mammograms, whatever else their headers say."""

TOMOSYNTHESIS = frozenset(
    {
        BreastTomosynthesisImageStorage,
        BreastProjectionXRayImageStorageForPresentation,
        BreastProjectionXRayImageStorageForProcessing,
    }
)
"""SOP classes of breast tomosynthesis and of the projections it is made from."""


_LARGEST_HEADER = 2**20
"""Bytes of private attributes that are no header any more; tomosynthesis of Hologic is wrapped like that."""


def check_is_mammogram(file: DicomFile) -> None:
    """Check that a file holds one mammogram in one frame.

    Args:
        file: A parsed file.

    Raises:
        UnreadableImage: It is encrypted, or cut off before its pixels.
        UnsupportedImage: It is anything else than a single mammogram; the message says what.

    """
    dataset, sop_class = file.dataset, sop_class_of(file.dataset)
    # The order gives the most telling reason: an index or an object without pixels is no "not a mammogram".
    if sop_class == MediaStorageDirectoryStorage:
        raise UnsupportedImage("this is a DICOMDIR, an index of other files, and holds no image")
    if file.pixels is None:
        raise _no_pixels(file, sop_class)
    if maker := private_container(dataset, sop_class, file.size - file.pixels.offset):
        raise UnsupportedImage(
            f"this is a container of {maker}: its pictures are in private attributes that only programs of "
            "that maker read, and Pixel Data holds no mammogram; export it again as a Digital Mammography or "
            "Breast Tomosynthesis image"
        )
    frames = integer(dataset, "NumberOfFrames") or 1
    # Before the evidence of a breast, which tomosynthesis has: it gets a remedy of its own.
    if sop_class in TOMOSYNTHESIS:
        raise UnsupportedImage(
            f"this is a tomosynthesis image of {frames} frames: it is described, its analysis comes in a "
            "later release; analyze the mammogram or the synthetic image of the same examination"
        )
    if not breast_evidence(dataset, sop_class):
        raise UnsupportedImage(
            f"not a mammogram: {sop_class_name(sop_class) or 'no SOP Class'}, "
            f"Modality {word(dataset, 'Modality') or 'not given'}, "
            f"Body Part Examined {word(dataset, 'BodyPartExamined') or 'not given'}; "
            "leave it out, or correct its header"
        )
    # Specimens are filed under the mammography SOP classes; only the view tells them from a breast.
    if any(is_snomed_value(item, SPECIMEN) for item in items(dataset, "ViewCodeSequence")):
        raise UnsupportedImage("not a mammogram: the view says radiograph of a tissue specimen")
    if frames > 1:
        raise UnsupportedImage(f"the file holds {frames} frames; a mammogram has one: export them one by one")


def private_container(dataset: Dataset, sop_class: str, pixel_bytes: int) -> str:
    """Whose container a file is that keeps its pictures in private attributes.

    Args:
        dataset: The header.
        sop_class: SOP class of the file; the mammography ones hold what they say.
        pixel_bytes: Length of Pixel Data as it lies in the file.

    Returns:
        The private creator of attributes that hold more than Pixel Data and than any header; ``""`` for none.

    """
    if sop_class in MAMMOGRAPHY or sop_class in TOMOSYNTHESIS:
        return ""
    sizes: dict[int, int] = {}
    for tag in tuple(dataset.keys()):
        if tag.is_private and not tag.is_private_creator:
            sizes[tag.group] = sizes.get(tag.group, 0) + _size(dataset, tag)
    least = max(pixel_bytes, _LARGEST_HEADER)
    group = next((group for group, size in sizes.items() if size > least), None)
    if group is None:
        return ""
    # The block of private attributes is named by its creator, where the writer kept to PS3.5 7.8.1.
    creator = dataset.get((group, 0x0010))
    return str(creator.value).strip() if creator is not None else f"private group {group:04X}"


def _size(dataset: Dataset, tag: BaseTag) -> int:
    """Bytes of an element, those of the items of a sequence together."""
    waiting, size = [(dataset, tag)], 0
    # A stack, because items may be nested deeper than Python may call.
    while waiting:
        owner, place = waiting.pop()
        found = owner.get_item(place, keep_deferred=True)
        inside = getattr(found, "value", None)
        if isinstance(inside, Sequence):
            waiting.extend((item, part) for item in inside for part in tuple(item.keys()))
        elif isinstance(inside, bytes | str):
            size += len(inside)
    return size


def breast_evidence(dataset: Dataset, sop_class: str) -> str:
    """What in a header says that the image is a radiograph of the breast.

    Args:
        dataset: The header.
        sop_class: SOP class of the file, ``""`` where it names none.

    Returns:
        The name of the attribute; ``""`` for nothing.

    """
    if sop_class in MAMMOGRAPHY:
        return "SOP Class"
    # A breast MRI or ultrasound also says BREAST: first it has to be a radiograph.
    if not may_be_mammogram(dataset, sop_class):
        return ""
    regions, views = items(dataset, "AnatomicRegionSequence"), items(dataset, "ViewCodeSequence")
    # Ordered from the surest witness; the first is named to the user.
    evidence = {
        "Modality MG": word(dataset, "Modality") == "MG",
        "Body Part Examined": "BREAST" in word(dataset, "BodyPartExamined").upper(),
        "Organ Exposed": word(dataset, "OrganExposed") == "BREAST",
        "Positioner Type": word(dataset, "PositionerType") == "MAMMOGRAPHIC",
        "Anatomic Region Sequence": any(
            is_snomed_value(region, code) for region in regions for code in (BREAST, *SIDES.values())
        ),
        "View Code Sequence": any(is_code(view, code) for view in views for code in VIEWS.values()),
    }
    return next((name for name, is_given in evidence.items() if is_given), "")


def sop_class_name(uid: str) -> str:
    """The Standard's name of a SOP class.

    Args:
        uid: Its UID, or ``""``.

    Returns:
        The name; the UID when it is not a known one, ``""`` for ``""``.

    """
    return UID(uid).name if uid else ""


def _no_pixels(file: DicomFile, sop_class: str) -> UnreadableImage | UnsupportedImage:
    """Why a file without pixels has none."""
    if items(file.dataset, "EncryptedAttributesSequence"):
        return UnreadableImage(
            "the file is encrypted (Encrypted Attributes Sequence) and holds no readable pixels; "
            "decrypt it where it was encrypted"
        )
    name = sop_class_name(sop_class) or "without SOP Class"
    # Reports and presentation states have no pixels by right; an image with Rows has lost them.
    if "Image Storage" not in name and not integer(file.dataset, "Rows"):
        return UnsupportedImage(f"no pixels: this object ({name}) is not an image; leave it out")
    return UnreadableImage(
        f"no pixels: the file ends after {file.size} bytes without Pixel Data; it is truncated or was stored "
        "without its image: copy or export it again"
    )


def is_film_unread(dataset: Dataset) -> bool:
    """Whether what tells film is there and is no text, so that nobody knows.

    Args:
        dataset: Its header.

    Returns:
        Yes or no; what cannot be read is not taken for a no.

    """
    return any(holds_no_text(dataset, name) for name in ("ConversionType", "DetectorType", "Modality"))
