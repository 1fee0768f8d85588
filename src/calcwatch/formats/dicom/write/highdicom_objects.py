"""What goes into objects that highdicom makes, and what is put right in them.

highdicom draws UIDs and takes the moment of the export; here the same result gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from highdicom import sr
from highdicom.sr import CodedConcept

from calcwatch.codes.documents import DEVICE
from calcwatch.formats.dicom.write.common_modules import (
    add_equipment,
    add_moment,
    join_study,
    series_description,
    with_meta,
)
from calcwatch.formats.dicom.write.evidence import MANUFACTURER

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from calcwatch.codes.code import Code
    from calcwatch.formats.dicom.write.evidence import Evidence


def concept(code: Code) -> CodedConcept:
    """A code as highdicom takes it.

    Args:
        code: The concept.

    Returns:
        The same concept.

    """
    return CodedConcept(code.value, code.scheme, code.meaning, code.version or None)


def series(
    evidence: Evidence, kind: str, number: int, description: str, place: int | None = None
) -> dict[str, Any]:
    """Arguments of highdicom's constructors that say which series and instance an object is.

    Args:
        evidence: What it is made from.
        kind: Tells its UIDs from those of other objects of the result.
        number: Series Number (0020,0011).
        description: What the series holds, in a phrase.
        place: Of the image among the current ones, where each has an object of its own.

    Returns:
        Arguments by name.

    """
    # One series a kind, one instance an image: the place tells instances of a series apart.
    names = [kind] if place is None else [kind, place]
    return {
        "series_instance_uid": evidence.uid("series", kind),
        "series_number": number,
        "sop_instance_uid": evidence.uid("instance", *names),
        # The image's place, not a running number: an image without marks leaves a gap and shifts nothing.
        "instance_number": 1 if place is None else place + 1,
        "manufacturer": MANUFACTURER,
        "series_description": series_description(description),
    }


def settled(dataset: Dataset, evidence: Evidence) -> Dataset:
    """Put the study of the images, our equipment and their moment into an object.

    Args:
        dataset: As highdicom made it, with the moment of the export; it is changed.
        evidence: What it is made from.

    Returns:
        The object.

    """
    join_study(dataset, evidence.current[0])
    add_equipment(dataset, evidence)
    add_moment(dataset, evidence)
    # highdicom dates these entries by the export, and the same result has to give the same bytes.
    for equipment in dataset.get("ContributingEquipmentSequence", ()):
        equipment.pop("ContributionDateTime", None)
    # Last, since file meta repeats the SOP class and instance of the finished data set.
    return with_meta(dataset)


def observer(evidence: Evidence) -> sr.ObserverContext:
    """The device that observed (TID 1002): one UID for one version of the software.

    Args:
        evidence: What an object is made from.

    Returns:
        Name, maker and version.

    """
    version = evidence.version
    return sr.ObserverContext(
        observer_type=concept(DEVICE),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            # Of the version, not of the result: readers count a single device, not a device for each report.
            uid=f"2.25.{uuid5(NAMESPACE_OID, f'calcwatch {version}').int}",
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=f"calcwatch {version}",
        ),
    )
