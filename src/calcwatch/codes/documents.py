"""Kinds of documents and examinations, who observes, in which language, and how a file was de-identified."""

from __future__ import annotations

from calcwatch.codes.code import Code

CAD_REPORT = Code("DCM", "111036", "Mammography CAD Report")
"""Title of a Mammography CAD SR (PS3.16 TID 4000), and of the report on paper in a DICOM file."""

MEASUREMENT_REPORT = Code("DCM", "126000", "Imaging Measurement Report")
"""Title of a measurement report (PS3.16 TID 1500)."""

OF_INTEREST = Code("DCM", "113000", "Of Interest")
"""Title of a key object selection (PS3.16 CID 7010)."""

MAMMOGRAM_REPORT = Code("LN", "36625-2", "MG Breast Views")
"""A report of mammograms, whether made at screening or not: why an image was made is in no header."""

IMAGING_PROCEDURE = Code("SCT", "363679005", "Imaging procedure")
"""The examination itself, as the subject of a measurement."""

MAMMOGRAPHY = Code("DCM", "MG", "Mammography")
"""Modality (PS3.16 CID 33)."""

ENGLISH = Code("RFC5646", "en", "English")
"""Language of what is exported (PS3.16 CID 5000)."""

DEVICE = Code("DCM", "121007", "Device")
"""Type of observer: software, not a person (PS3.16 CID 270)."""

ARTIFICIAL_INTELLIGENCE = Code("DCM", "123110", "Artificial Intelligence")
"""Family of the algorithm that segments (PS3.16 CID 7162)."""

COMMENT = Code("DCM", "121106", "Comment")
"""Text that belongs to a measurement group; what stands in place of a heading that was taken away."""

SOURCE_OF_MEASUREMENT = Code("DCM", "121112", "Source of Measurement")
"""The image that a place or a measurement was taken from."""

BASIC_PROFILE = Code("DCM", "113100", "Basic Application Confidentiality Profile")
"""The profile of PS3.15 E.1 that all de-identified files follow (PS3.16 CID 7050)."""

RETAIN_PATIENT_CHARACTERISTICS = Code("DCM", "113108", "Retain Patient Characteristics Option")
"""Age and sex stay (PS3.15 E.3.7)."""

RETAIN_MODIFIED_DATES = Code(
    "DCM", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
)
"""Dates are moved, intervals stay (PS3.15 E.3.6)."""

CLEAN_PIXEL_DATA = Code("DCM", "113101", "Clean Pixel Data Option")
"""Burned-in text was blacked out (PS3.15 E.3.1)."""
