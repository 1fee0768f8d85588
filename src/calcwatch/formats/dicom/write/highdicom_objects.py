"""What calcwatch puts right in objects that highdicom makes, so that the same result gives the same bytes."""

from __future__ import annotations

from copy import deepcopy
from uuid import NAMESPACE_OID, uuid5

from highdicom import sr
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.formats.dicom.content import AnyCode, coded
from calcwatch.formats.dicom.write.derived import (
    add_equipment,
    add_moment,
    join_study,
    local_moment,
    with_meta,
)
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence

_NEEDED = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"),
    *("AccessionNumber", "ReferringPhysicianName", "Modality", "InstanceNumber"),
)


def complete(header: Dataset) -> Dataset:
    """A header as highdicom wants it: every attribute it copies is there, empty where the image has none."""
    copied = deepcopy(header)
    for keyword in _NEEDED:
        if keyword not in copied:
            setattr(copied, keyword, None if keyword == "InstanceNumber" else "")
    return copied


def concept(code: AnyCode) -> CodedConcept:
    """A code as highdicom takes it, without the invisible spaces of pydicom's dictionary."""
    item = coded(code)
    version = item.get("CodingSchemeVersion")
    return CodedConcept(item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning, version)


def settled(dataset: Dataset, evidence: Evidence) -> Dataset:
    """The object with the study of its images, our equipment and moment instead of today's. Returns it."""
    join_study(dataset, evidence.current[0])
    add_equipment(dataset, evidence)
    add_moment(dataset, evidence)
    for other in dataset.get("ContributingEquipmentSequence", ()):
        other.ContributionDateTime = local_moment(evidence).strftime("%Y%m%d%H%M%S")
    return with_meta(dataset)


def observer(evidence: Evidence) -> sr.ObserverContext:
    """The device that observed: one UID for one version of the software."""
    version = evidence.version
    return sr.ObserverContext(
        observer_type=concept(codes.DCM.Device),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=f"2.25.{uuid5(NAMESPACE_OID, f'calcwatch {version}').int}",
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=f"calcwatch {version}",
        ),
    )
