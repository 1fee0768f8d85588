"""What de-identification keeps (PS3.15 Annex E): everything that is not named here is removed.

Rules are data: sets of keywords, and of the words that coded strings may have. An attribute that the
Standard adds tomorrow, a private one and a misused one are removed because nobody listed them.
"""

from __future__ import annotations

from calcwatch.codes.code import PRIVATE_SCHEME
from calcwatch.codes.private import IN_DICOM
from calcwatch.formats.dicom.read.quirks import SNOMED_RT_DESIGNATORS


def _listed(words: str) -> frozenset[str]:
    return frozenset(" ".join(words.split()).split(", "))


NUMBERS = _listed(
    """
    SamplesPerPixel, Rows, Columns, BitsAllocated, BitsStored, HighBit, NumberOfFrames, PixelRepresentation,
    PlanarConfiguration, PixelAspectRatio, PixelPaddingValue, PixelPaddingRangeLimit, SmallestImagePixelValue,
    LargestImagePixelValue, ImagerPixelSpacing, PixelSpacing, NominalScannedPixelSpacing, SliceThickness,
    SpacingBetweenSlices, EstimatedRadiographicMagnificationFactor, PixelIntensityRelationshipSign,
    RescaleIntercept, RescaleSlope, WindowCenter, WindowWidth, LossyImageCompressionRatio, KVP, ExposureTime,
    XRayTubeCurrent, Exposure, ExposureInuAs, ExposureTimeInuS, BodyPartThickness, CompressionForce,
    OrganDose, EntranceDoseInmGy, FocalSpots, DistanceSourceToDetector, DistanceSourceToPatient,
    DistanceSourceToEntrance, FilterThicknessMinimum, FilterThicknessMaximum, PositionerPrimaryAngle,
    PositionerSecondaryAngle, HalfValueLayer, RelativeXRayExposure, Sensitivity, DetectorActiveDimensions,
    DetectorElementSpacing, DetectorElementPhysicalSize, FieldOfViewOrigin, FieldOfViewRotation,
    FieldOfViewDimensions, SeriesNumber, InstanceNumber, AcquisitionNumber, SegmentNumber,
    ReferencedSegmentNumber, ReferencedFrameNumber, DimensionIndexValues, DimensionIndexPointer,
    FunctionalGroupPointer, LUTDescriptor, NumericValue, FloatingPointValue, GraphicData,
    GraphicDimensions, NumberOfGraphicPoints, GraphicLayerOrder, GraphicLayerRecommendedDisplayGrayscaleValue,
    GraphicLayerRecommendedDisplayCIELabValue, RecommendedDisplayCIELabValue, BoundingBoxTopLeftHandCorner,
    BoundingBoxBottomRightHandCorner, AnchorPoint, DisplayedAreaTopLeftHandCorner,
    DisplayedAreaBottomRightHandCorner, PresentationPixelSpacing, PresentationPixelAspectRatio,
    PresentationPixelMagnificationRatio, ImageRotation, ReferencedContentItemIdentifier, ImagePositionPatient,
    ImageOrientationPatient, StackPositionNumber, InStackPositionNumber, MaximumFractionalValue,
    ReferencedSampleNumber
    """
)
"""Attributes whose values are numbers or tags; a value that is none is removed."""

TERMS_OF = _listed(
    """
    ImageType, Modality, PresentationIntentType, PhotometricInterpretation, ImageLaterality, Laterality,
    FrameLaterality, ViewPosition, PatientOrientation, BodyPartExamined, OrganExposed, PatientSex,
    BreastImplantPresent, PartialView, BurnedInAnnotation, QualityControlImage, PixelIntensityRelationship,
    RescaleType, ModalityLUTType, PresentationLUTShape, VOILUTFunction, LossyImageCompression,
    LossyImageCompressionMethod, PixelSpacingCalibrationType, PositionerType, DetectorType,
    DetectorConfiguration, ExposureControlMode, AnodeTargetMaterial, FilterMaterial, FilterType,
    ConversionType, RecognizableVisualFeatures, ValueType, RelationshipType, ContinuityOfContent,
    CompletionFlag, VerificationFlag, PreliminaryFlag, GraphicType, BoundingBoxAnnotationUnits,
    AnchorPointAnnotationUnits, GraphicAnnotationUnits, GraphicFilled, AnchorPointVisibility,
    BoundingBoxTextHorizontalJustification, PresentationSizeMode, ImageHorizontalFlip, SegmentationType,
    SegmentAlgorithmType, SegmentsOverlap, SegmentationFractionalType, ContentLabel, MappingResource,
    GraphicLayer, SpecificCharacterSet, VolumetricProperties, VolumeBasedCalculationTechnique,
    PixelPresentation, SpatialLocationsPreserved, PixelOriginInterpretation, DimensionOrganizationType,
    FieldOfViewHorizontalFlip,
    MIMETypeOfEncapsulatedDocument
    """
)
"""Attributes whose values are words of the Standard; a value that is not in ``TERMS`` is removed."""

TERMS = _listed(
    """
    ORIGINAL, DERIVED, PRIMARY, SECONDARY, POST_PROCESSED, POST_CONTRAST, TOMOSYNTHESIS, GENERATED_2D, TOMO,
    NONE, VOLUME, MIXED, SAMPLED, UNMIXED, MG, SR, SEG, PR, OT, KO, DOC, CR, DX, FOR PRESENTATION,
    FOR PROCESSING, MONOCHROME1, MONOCHROME2, RGB, YBR_FULL, YBR_FULL_422, YBR_ICT, YBR_RCT, PALETTE COLOR, L,
    R, B, U, M, F, O, CC, MLO, ML, LM, LMO, XCC, XCCL, XCCM, FB, SIO, ISO, CV, AT, TAN, RL, RM, A, P, H, AL,
    AR, AF, AH, PL, FL, FR, HL, HR, PH, PF, LF, RF, LH, RH, FP, FA, HA, HP, LA, RA, LP, RP, PR, AFL, AFR, PFL,
    PFR, BREAST, YES, NO, LIN, LOG, DISP, US, OD, HU, IDENTITY, INVERSE, LINEAR, LINEAR_EXACT, SIGMOID, 00,
    01, ISO_10918_1, ISO_14495_1, ISO_15444_1, GEOMETRY, FIDUCIAL, MAMMOGRAPHIC, SCINTILLATOR, DIRECT,
    STORAGE, FILM, AREA, SLOT, AUTOMATIC, MANUAL, TUNGSTEN, MOLYBDENUM, RHODIUM, SILVER, ALUMINUM, COPPER,
    BERYLLIUM, STRIP, DV, DI, DF, WSD, SD, SI, DRW, SYN, CONTAINER, TEXT, CODE, NUM, DATE, TIME, DATETIME,
    UIDREF, PNAME, IMAGE, COMPOSITE, SCOORD, SCOORD3D, TCOORD, WAVEFORM, CONTAINS, HAS OBS CONTEXT,
    HAS ACQ CONTEXT, HAS CONCEPT MOD, HAS PROPERTIES, INFERRED FROM, SELECTED FROM, SEPARATE, CONTINUOUS,
    PARTIAL, COMPLETE, UNVERIFIED, VERIFIED, PRELIMINARY, FINAL, POINT, MULTIPOINT, POLYLINE, CIRCLE, ELLIPSE,
    INTERPOLATED, PIXEL, DISPLAY, MATRIX, Y, N, LEFT, RIGHT, CENTER, SCALE TO FIT, TRUE SIZE, MAGNIFY, BINARY,
    FRACTIONAL, LABELMAP, PROBABILITY, OCCUPANCY, SEMIAUTOMATIC, UNDEFINED, CALCIFICATIONS, CALCWATCH, GROUPS,
    NON_LESIONS, DCMR, ISO_IR 192, COLOR, MONOCHROME, 3D, 3D_TEMPORAL, TILED_FULL,
    TILED_SPARSE, application/pdf, REPLICATE, BILINEAR, RAW, FRAME
    """
)
"""Words that coded strings may have: defined terms of the Standard, and of calcwatch's own objects."""

TEMPLATES = frozenset(
    str(number)
    for numbers in (
        range(300, 322),  # measurements
        range(1001, 1021),  # observers and their devices
        range(1200, 1212),  # languages
        range(1400, 1421),  # measurements
        range(1500, 1503),
        range(2000, 2013),  # basic reports and key objects
        range(4000, 4024),  # mammography CAD
        range(4200, 4209),  # breast imaging reports
    )
    for number in numbers
)
"""Template Identifiers (0040,DB00) that may stay: of the templates that reports of the breast are made by."""

UIDS = _listed(
    """
    SOPInstanceUID, StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID, UID, ReferencedSOPInstanceUID,
    ReferencedFrameOfReferenceUID, TrackingUID, DimensionOrganizationUID, SynchronizationFrameOfReferenceUID,
    SourceImageUID, IrradiationEventUID, ConcatenationUID, SOPClassUID, ReferencedSOPClassUID
    """
)
"""Attributes whose values are UIDs: those of the Standard stay, every other is replaced."""

DATES = _listed(
    """
    StudyDate, SeriesDate, AcquisitionDate, ContentDate, AcquisitionDateTime, Date, DateTime,
    InstanceCreationDate, PresentationCreationDate, DateOfSecondaryCapture, FrameAcquisitionDateTime
    """
)
"""Dates, and dates with a time: shifted by as many days for all examinations of a person."""

TIMES = _listed(
    """
    StudyTime, SeriesTime, AcquisitionTime, ContentTime, Time, InstanceCreationTime, PresentationCreationTime,
    TimeOfSecondaryCapture
    """
)
"""Times of day: kept to the minute."""

SEQUENCES = _listed(
    """
    ViewCodeSequence, ViewModifierCodeSequence, AnatomicRegionSequence, AnatomicRegionModifierSequence,
    VOILUTSequence, ModalityLUTSequence, PresentationLUTSequence, SoftcopyVOILUTSequence, SourceImageSequence,
    ReferencedImageSequence, ReferencedInstanceSequence, ReferencedSeriesSequence, ReferencedSOPSequence,
    CurrentRequestedProcedureEvidenceSequence, PertinentOtherEvidenceSequence, PurposeOfReferenceCodeSequence,
    DerivationImageSequence, DerivationCodeSequence, SourceInstanceSequence,
    StudiesContainingOtherReferencedInstancesSequence, ContentSequence, ConceptNameCodeSequence,
    ConceptCodeSequence, MeasuredValueSequence, MeasurementUnitsCodeSequence,
    NumericValueQualifierCodeSequence, ContentTemplateSequence, SegmentSequence,
    SegmentedPropertyCategoryCodeSequence, SegmentedPropertyTypeCodeSequence, SegmentationMacroSequence,
    SegmentIdentificationSequence, SharedFunctionalGroupsSequence, PerFrameFunctionalGroupsSequence,
    PixelMeasuresSequence, PlanePositionSequence, PlaneOrientationSequence, FrameContentSequence,
    FrameAnatomySequence, FrameVOILUTSequence, PixelValueTransformationSequence,
    DimensionOrganizationSequence, DimensionIndexSequence, GraphicLayerSequence, GraphicAnnotationSequence,
    GraphicObjectSequence, TextObjectSequence, DisplayedAreaSelectionSequence, AcquisitionContextSequence,
    ReferencedPerformedProcedureStepSequence, PerformedProcedureCodeSequence
    """
)
"""Sequences whose items are cleaned by the same rules; the last ones lose all their items."""

# Removing them altogether would leave invalid objects: the Standard wants them there, even empty.
EMPTIED_SEQUENCES = frozenset(
    {
        "AcquisitionContextSequence",
        "ReferencedPerformedProcedureStepSequence",
        "PerformedProcedureCodeSequence",
    }
)
"""Sequences that must be there and say who did what for whom: they stay, without items."""

CODES = frozenset(
    {"CodeValue", "LongCodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"}
)
"""Parts of a code; they are judged together."""

SCHEMES = frozenset({"DCM", "SCT", *SNOMED_RT_DESIGNATORS, "UCUM", "LN", "BI", "RFC5646", PRIVATE_SCHEME})
"""Coding schemes whose codes may stay, each where a dictionary has it: a number that fits the shape of a
scheme may still be a patient's."""

OUR_CODES = frozenset(code.value for code in IN_DICOM)
"""Codes of our own scheme that may stay: any other was not written by us."""

# Type 1 attributes get a word, type 2 become empty: objects stay valid either way.
DUMMIES = {
    "TextValue": "removed",
    "PersonName": "removed",
    "UnformattedTextValue": "removed",
    "SegmentAlgorithmName": "removed",
    "SegmentLabel": "segment",
    "TrackingID": "finding",
    "StudyID": "",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "PatientBirthDate": "",
    "Manufacturer": "removed",
    "ManufacturerModelName": "removed",
    "DeviceSerialNumber": "removed",
    "SoftwareVersions": "removed",
    "ContentCreatorName": "",
    "ContentDescription": "",
    "DetectorID": "",
    "DetectorDescription": "",
    "DocumentTitle": "removed",
    "PixelSpacingCalibrationDescription": "removed",
}
"""Attributes that objects need and that say who, where or what in free words: their values are replaced."""

MAKERS = _listed(
    """
    HOLOGIC, LORAD, GE, GE MEDICAL SYSTEMS, GE HEALTHCARE, SIEMENS, SIEMENS HEALTHINEERS, FUJIFILM,
    FUJI PHOTO FILM, PHILIPS, PHILIPS MEDICAL SYSTEMS, SECTRA, SECTRA IMTEC, AGFA, AGFA HEALTHCARE, KODAK,
    CARESTREAM, CARESTREAM HEALTH, IMS, IMS GIOTTO, GIOTTO, PLANMED, METALTRONICA, KONICA MINOLTA, HOWTEK,
    LUMISYS, VIDAR, CALCWATCH
    """
)
"""Makers whose name may stay: gray levels are hard to judge without it."""

COMPANY_WORDS = frozenset({"INC", "LTD", "CO", "CORP", "CORPORATION", "GMBH", "AG", "AB", "OY", "SPA", "NV"})
"""Words of a company's name that say nothing of who it is."""
