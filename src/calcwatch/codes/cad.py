"""Headings and statements of a Mammography CAD SR (PS3.16 TID 4000 to 4021)."""

from __future__ import annotations

from calcwatch.codes.code import Code

LANGUAGE = Code("DCM", "121049", "Language of Content Item and Descendants")
"""Heading (TID 1204)."""

IMAGE_LIBRARY = Code("DCM", "111028", "Image Library")
"""Heading (TID 4000)."""

IMAGE_LATERALITY = Code("DCM", "111027", "Image Laterality")
"""Of an image in the library (TID 4020); the answers are ``body.SIDES``."""

IMAGE_VIEW = Code("DCM", "111031", "Image View")
"""Of an image in the library (TID 4020); the answers are ``views.VIEWS``."""

PATIENT_ORIENTATION_ROW = Code("DCM", "111044", "Patient Orientation Row")
"""Of an image in the library (TID 4020): first value of Patient Orientation (0020,0020)."""

PATIENT_ORIENTATION_COLUMN = Code("DCM", "111043", "Patient Orientation Column")
"""Of an image in the library (TID 4020): second value of Patient Orientation (0020,0020)."""

STUDY_DATE = Code("DCM", "111060", "Study Date")
"""Of an image in the library (TID 4020)."""

STUDY_TIME = Code("DCM", "111061", "Study Time")
"""Of an image in the library (TID 4020)."""

CONTENT_DATE = Code("DCM", "111018", "Content Date")
"""Of an image in the library (TID 4020)."""

CONTENT_TIME = Code("DCM", "111019", "Content Time")
"""Of an image in the library (TID 4020)."""

HORIZONTAL_PIXEL_SPACING = Code("DCM", "111026", "Horizontal Pixel Spacing")
"""Of an image in the library (TID 4020), at the detector."""

VERTICAL_PIXEL_SPACING = Code("DCM", "111066", "Vertical Pixel Spacing")
"""Of an image in the library (TID 4020), at the detector."""

PROCESSING_SUMMARY = Code("DCM", "111017", "CAD Processing and Findings Summary")
"""Heading of everything that was found (TID 4001); the answers are ``PROCESSING_SUMMARIES``."""

# Keyed by both answers, so that no combination can be forgotten.
PROCESSING_SUMMARIES: dict[tuple[bool, bool], Code] = {
    (True, True): Code("DCM", "111242", "All algorithms succeeded; with findings"),
    (True, False): Code("DCM", "111241", "All algorithms succeeded; without findings"),
    (False, True): Code("DCM", "111244", "Not all algorithms succeeded; with findings"),
    (False, False): Code("DCM", "111243", "Not all algorithms succeeded; without findings"),
}
"""All that was tried in one word (CID 6047), by (all succeeded, there are findings)."""

INDIVIDUAL_IMPRESSION = Code("DCM", "111034", "Individual Impression/Recommendation")
"""Heading of findings that belong together (TID 4003)."""

IMPRESSION = Code("DCM", "111033", "Impression Description")
"""Heading: the reading in words (TID 4002)."""

RENDERING_INTENT = Code("DCM", "111056", "Rendering Intent")
"""Whether a finding is to be shown, as a question (TID 4006)."""

PRESENTATION_REQUIRED = Code(
    "DCM", "111150", "Presentation Required: Rendering device is expected to present"
)
"""Rendering intent (CID 6034) of groups: they are shown wherever the report is."""

PRESENTATION_OPTIONAL = Code("DCM", "111151", "Presentation Optional: Rendering device may present")
"""Rendering intent (CID 6034) of single calcifications and non-lesions: a reader may ask for them."""

NOT_FOR_PRESENTATION = Code("DCM", "111152", "Not for Presentation: Rendering device expected not to present")
"""Rendering intent (CID 6034) of other makers: what they keep for themselves."""

SINGLE_IMAGE_FINDING = Code("DCM", "111059", "Single Image Finding")
"""Heading of a finding on one image (TID 4006)."""

COMPOSITE_FEATURE = Code("DCM", "111015", "Composite Feature")
"""Heading of findings that are one thing seen more than once (TID 4004)."""

COMPOSITE_TYPE = Code("DCM", "111016", "Composite type")
"""How the parts of a composite belong together, as a question (TID 4005)."""

RELATED_SPATIALLY = Code("DCM", "111154", "Target Content Items are related spatially")
"""Composite type (CID 6035): seen in two views."""

RELATED_TEMPORALLY = Code("DCM", "111153", "Target Content Items are related temporally")
"""Composite type (CID 6035): seen on two days."""

SCOPE_OF_FEATURE = Code("DCM", "111057", "Scope of Feature")
"""On how many images a composite was seen, as a question (TID 4005)."""

ON_MULTIPLE_IMAGES = Code("DCM", "111158", "Feature detected on multiple images")
"""Scope of a composite (CID 6036)."""

DIFFERENCE_IN_NUMBER = Code("SCT", "129810007", "Difference in number of calcifications")
"""Of a group between two days (PS3.16 CID 6037)."""

DIFFERENCE_IN_SIZE = Code("SCT", "129806009", "Difference in size")
"""Of the extent of a group between two days (PS3.16 CID 6037)."""

CENTER = Code("DCM", "111010", "Center")
"""Middle of a finding, a point (TID 4021)."""

OUTLINE = Code("DCM", "111041", "Outline")
"""Border of a finding, a closed polyline (TID 4021)."""

TRACKING_IDENTIFIER = Code("DCM", "112039", "Tracking Identifier")
"""Name of a finding for people (TID 4108)."""

TRACKING_UNIQUE_IDENTIFIER = Code("DCM", "112040", "Tracking Unique Identifier")
"""Name of a finding for programs (TID 4108)."""

ALGORITHM_NAME = Code("DCM", "111001", "Algorithm Name")
"""Of what found it (TID 4019)."""

ALGORITHM_VERSION = Code("DCM", "111003", "Algorithm Version")
"""Of what found it (TID 4019)."""

ALGORITHM_PARAMETERS = Code("DCM", "111002", "Algorithm Parameters")
"""What it was set to (TID 4019)."""

SUMMARY_OF_DETECTIONS = Code("DCM", "111064", "Summary of Detections")
"""Heading (TID 4015); the answers are ``STATUSES``."""

SUCCESSFUL_DETECTIONS = Code("DCM", "111063", "Successful Detections")
"""Heading (TID 4015)."""

FAILED_DETECTIONS = Code("DCM", "111025", "Failed Detections")
"""Heading (TID 4015)."""

DETECTION_PERFORMED = Code("DCM", "111022", "Detection Performed")
"""What was looked for, as a question (TID 4017); the answers are kinds of findings (CID 6014)."""

SUMMARY_OF_ANALYSES = Code("DCM", "111065", "Summary of Analyses")
"""Heading (TID 4016); the answers are ``STATUSES``."""

SUCCESSFUL_ANALYSES = Code("DCM", "111062", "Successful Analyses")
"""Heading (TID 4016)."""

FAILED_ANALYSES = Code("DCM", "111024", "Failed Analyses")
"""Heading (TID 4016)."""

ANALYSIS_PERFORMED = Code("DCM", "111004", "Analysis Performed")
"""What was made of the detections, as a question (TID 4018)."""

COLLOCATION = Code("SCT", "133884007", "Spatial collocation analysis")
"""Analysis: views of a breast put together (CID 6043)."""

TEMPORAL_CORRELATION = Code("SCT", "133886009", "Temporal correlation")
"""Analysis: two days compared (CID 6043)."""

OVERALL_IMPRESSION = Code("DCM", "111234", "Overall Impression/Recommendation Analysis")
"""Analysis: everything assessed (CID 6043)."""

# Nothing tried is "Not Attempted" and never "Succeeded": silence is no result.
STATUSES: dict[tuple[bool, bool], Code] = {
    (True, False): Code("DCM", "111222", "Succeeded"),
    (True, True): Code("DCM", "111223", "Partially Succeeded"),
    (False, True): Code("DCM", "111224", "Failed"),
    (False, False): Code("DCM", "111225", "Not Attempted"),
}
"""What came of detections or analyses (CID 6042), by (some succeeded, some failed)."""
