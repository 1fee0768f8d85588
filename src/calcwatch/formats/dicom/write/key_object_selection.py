"""Images that carry findings, as a Key Object Selection (PS3.3 A.35.4, PS3.16 TID 2010)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom import ko

from calcwatch.codes.documents import OF_INTEREST
from calcwatch.formats.dicom.write.highdicom_objects import concept, observer, series, settled
from calcwatch.words.summary import RESEARCH_USE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from calcwatch.formats.dicom.write.evidence import Evidence


def key_object_selection(evidence: Evidence) -> Dataset | None:
    """The images of an examination with calcifications or groups.

    Images that are only compared with are not listed: the selection belongs to this study.

    Args:
        evidence: What it is made from.

    Returns:
        A Key Object Selection; ``None`` where no image has any.

    """
    with_findings = [
        header
        for header, image in zip(evidence.current, evidence.images, strict=True)
        if image.calcifications or image.groups
    ]
    if not with_findings:
        return None
    document = ko.KeyObjectSelectionDocument(
        evidence=with_findings,
        content=ko.KeyObjectSelection(
            document_title=concept(OF_INTEREST),
            referenced_objects=with_findings,
            observer_device_context=observer(evidence),
            description=f"Images with calcifications. {RESEARCH_USE}",
        ),
        **series(evidence, "ko", 9007, "key images"),
    )
    return settled(document, evidence)
