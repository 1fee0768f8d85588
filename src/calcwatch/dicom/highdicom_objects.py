"""What calcwatch puts right in objects that highdicom makes, so that the same result gives the same bytes."""

from __future__ import annotations

from copy import deepcopy

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from calcwatch.dicom.content import AnyCode, coded
from calcwatch.dicom.derived import add_equipment, add_moment, join_study, with_meta
from calcwatch.dicom.evidence import Evidence

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
    return CodedConcept(item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)


def settled(dataset: Dataset, evidence: Evidence) -> Dataset:
    """The object with the study of its images, our equipment and moment instead of today's. Returns it."""
    join_study(dataset, evidence.current[0])
    add_equipment(dataset, evidence)
    add_moment(dataset, evidence)
    return with_meta(dataset)
