"""Our own scheme, 99CALCWATCH: concepts that no public scheme has a code for."""

from __future__ import annotations

from calcwatch.codes.code import PRIVATE_SCHEME, Code

EXAM_SCORE = Code(PRIVATE_SCHEME, "exam_score", "Worklist score, 1 to 10 (no probability)")
"""The examination's decile on the reference population; no probability."""

EXTENT = Code(PRIVATE_SCHEME, "extent", "Largest distance between two calcifications")
"""Extent of a group, between centers of calcifications."""

SUSPICION = Code(PRIVATE_SCHEME, "suspicion", "Probability that a reader would call it suspicious, 0 to 1")
"""Suspicion of a group; no probability of cancer."""

LASTING_TRACKING_UID = Code(PRIVATE_SCHEME, "lasting_uid", "Tracking UID through all examinations")
"""Names a group on all days; the Tracking Unique Identifier names it on one."""

RESOLVED = Code(PRIVATE_SCHEME, "resolved", "Finding resolved")
"""A change that PS3.16 CID 6002 has no code for: nothing of the finding is left."""

NOT_COMPARABLE = Code(PRIVATE_SCHEME, "not_comparable", "Not comparable with the prior")
"""A change that PS3.16 CID 6002 has no code for: the images do not allow a comparison."""

# The codes below this line stand in FHIR alone, where DICOM has coordinates and references of its own.
IN_DICOM = (EXAM_SCORE, EXTENT, SUSPICION, LASTING_TRACKING_UID, RESOLVED, NOT_COMPARABLE)
"""Private codes that our DICOM objects carry, and that de-identification therefore lets pass."""

ROW = Code(PRIVATE_SCHEME, "row", "Row of the center, 0 at the center of the top-left pixel")
"""Place of a finding down the image, in pixels of the file as stored; 0.5 less than DICOM counts."""

COLUMN = Code(PRIVATE_SCHEME, "column", "Column of the center, 0 at the center of the top-left pixel")
"""Place of a finding along the image, in pixels of the file as stored; 0.5 less than DICOM counts."""

SOP_INSTANCE_UID = Code(PRIVATE_SCHEME, "sop_instance_uid", "SOP Instance UID of the image")
"""SOP Instance UID (0008,0018) of the image that a finding lies on."""

IMAGE_DIGEST = Code(PRIVATE_SCHEME, "image_sha256", "SHA-256 of the image file")
"""The image that a finding lies on where its file has no SOP Instance UID."""

RESEARCH_USE = Code(PRIVATE_SCHEME, "research_use", "For research use")
"""Tag of every FHIR resource; its display is the full sentence of the room of words."""
