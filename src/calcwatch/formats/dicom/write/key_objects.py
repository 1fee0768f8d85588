"""Images that carry findings, as a Key Object Selection (PS3.3 A.35.4, PS3.16 TID 2010)."""

from __future__ import annotations

from highdicom import ko
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence
from calcwatch.formats.dicom.write.highdicom_objects import complete, concept, observer, settled
from calcwatch.words.summary import RESEARCH_USE

_SERIES_NUMBER = 9007


def key_objects(evidence: Evidence) -> Dataset | None:
    """The images of the examination with calcifications or groups; ``None`` where no image has any.

    Images that are only compared with are not listed: the selection belongs to this study.
    """
    with_findings = [
        complete(header)
        for header, image in zip(evidence.current, evidence.images, strict=True)
        if image.calcifications or image.groups
    ]
    if not with_findings:
        return None
    document = ko.KeyObjectSelectionDocument(
        evidence=with_findings,
        content=ko.KeyObjectSelection(
            document_title=concept(codes.DCM.OfInterest),
            referenced_objects=with_findings,
            observer_device_context=observer(evidence),
            description=f"Images with calcifications. {RESEARCH_USE}",
        ),
        series_instance_uid=evidence.uid("series", "ko"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=evidence.uid("instance", "ko"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        series_description=f"calcwatch key images. {RESEARCH_USE}"[:64],
    )
    return settled(document, evidence)
