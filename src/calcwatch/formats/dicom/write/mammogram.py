"""Phantom images written as DICOM: Digital Mammography X-Ray Image Storage, PS3.3 A.27.

The bytes depend on the image alone: UIDs are made from what the image shows, dates are the image's own.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    JPEGLSLossless,
)

from calcwatch.codes.body import BREAST
from calcwatch.codes.views import VIEW_MODIFIERS, ViewModifier
from calcwatch.codes.views import VIEWS as VIEW_CODES
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.views import VIEWS, Beam
from calcwatch.formats.dicom.content_items import coded
from calcwatch.formats.dicom.write.common_modules import with_meta

if TYPE_CHECKING:
    from pathlib import Path

    from calcwatch.phantom.truth import PhantomImage

_TIME = "120000"
"""Phantoms have a date and no time: noon."""


def write_mammogram(image: PhantomImage, path: Path, *, jpeg_ls: bool = False) -> None:
    """Write a phantom image as a DICOM file that ``dciodvfy`` accepts; whole or not at all.

    Args:
        image: The phantom image; the same image gives the same bytes.
        path: The file; one that is there is replaced.
        jpeg_ls: Compress the pixels without loss (PS3.5 A.4.3).

    Raises:
        OSError: The file cannot be written.

    """
    dataset, content = mammogram_dataset(image), BytesIO()
    if jpeg_ls:
        # The UID is of what the image shows, and lossless compression does not change that.
        dataset.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    dataset.save_as(content, enforce_file_format=True)
    # In the same folder, since a rename is atomic only within a file system.
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def mammogram_dataset(image: PhantomImage) -> Dataset:
    """The DICOM data set of a phantom image.

    Args:
        image: The phantom image.

    Returns:
        A data set with uncompressed pixels and file meta information.

    """
    dataset = Dataset()
    _add_patient_and_study(dataset, image)
    _add_equipment(dataset, image)
    _add_acquisition(dataset, image)
    _add_view(dataset, image)
    _add_image(dataset, image)
    _add_gray_scale(dataset, image)
    _add_pixels(dataset, image)
    return with_meta(dataset, implementation=UID(_uid("implementation")))


def _uid(*names: object) -> str:
    """A UID derived from a UUID (PS3.5 B.2) that is the same for the same names."""
    return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(['calcwatch', *map(str, names)])).int}"


def _add_patient_and_study(dataset: Dataset, image: PhantomImage) -> None:
    study = (image.patient_id, image.study_date)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = f"Phantom^{image.seed}"
    dataset.PatientID = image.patient_id
    # Type 2: must be there, and a phantom has none to state.
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "F"
    dataset.StudyInstanceUID = _uid("study", *study)
    # Raw and presented images of a study belong to different series.
    dataset.SeriesInstanceUID = _uid("series", *study, image.for_processing)
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = image.study_date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = _TIME
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = str(image.seed)
    dataset.AccessionNumber = ""
    dataset.StudyDescription = "Synthetic mammogram (phantom)"
    dataset.SeriesNumber = "1"
    dataset.Modality = "MG"


def _add_equipment(dataset: Dataset, image: PhantomImage) -> None:
    dataset.Manufacturer = "calcwatch"
    dataset.ManufacturerModelName = "phantom"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    dataset.InstitutionName = ""
    dataset.DetectorType = "FILM" if image.film else "SCINTILLATOR"
    dataset.DetectorConfiguration = "AREA"
    dataset.DetectorID = "phantom"
    dataset.DetectorDescription = ""
    dataset.DateOfLastDetectorCalibration = dataset.TimeOfLastDetectorCalibration = ""
    dataset.DetectorTemperature = None
    dataset.DetectorActiveTime = None


def _add_acquisition(dataset: Dataset, image: PhantomImage) -> None:
    dataset.KVP = "28"
    dataset.ExposureTime = str(round(800 * image.relative_dose))
    dataset.Exposure = str(round(80 * image.relative_dose))
    dataset.AnodeTargetMaterial = "TUNGSTEN"
    dataset.FilterMaterial = "RHODIUM"
    dataset.BodyPartThickness = str(round(image.thickness_mm))
    dataset.CompressionForce = "100"
    dataset.DistanceSourceToDetector = "650"
    dataset.DistanceSourceToPatient = _number(650 / image.magnification)
    dataset.EstimatedRadiographicMagnificationFactor = _number(image.magnification)
    dataset.OrganDose = f"{0.013 * image.relative_dose:.5f}"
    dataset.OrganExposed = "BREAST"
    dataset.ExposureControlMode = "AUTOMATIC"
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.PositionerPrimaryAngle = str(_positioner_angle(image.view_position))
    dataset.AcquisitionContextSequence = []


def _number(value: float) -> str:
    """A number as a decimal string, which has room for 16 characters."""
    return f"{value:.10g}"


def _positioner_angle(view: ViewPosition) -> int:
    """Angle between beam and vertical, negative where the beam enters from the lateral side (C.8.11.5)."""
    angle = round(90.0 - (VIEWS[view].tilt_degrees or 0.0))
    return -angle if view is ViewPosition.LM else angle


def _add_view(dataset: Dataset, image: PhantomImage) -> None:
    is_left, beam = image.laterality is Laterality.LEFT, VIEWS[image.view_position].beam
    # Down the columns of a left breast runs toward the patient's right, medial, and the other way round.
    sideways = "R" if is_left else "L"
    down = {Beam.VERTICAL: sideways, Beam.OBLIQUE: f"F{sideways}", Beam.HORIZONTAL: "F", None: "F"}[beam]
    dataset.ImageLaterality = str(image.laterality)
    # The chest wall is at the left edge of a left breast's image: rows run away from it, to anterior.
    dataset.PatientOrientation = ["A" if is_left else "P", down]
    dataset.ViewPosition = str(image.view_position)
    dataset.BodyPartExamined = "BREAST"
    dataset.AnatomicRegionSequence = [coded(BREAST)]
    view = coded(VIEW_CODES[image.view_position])
    # Type 2: there, though without items.
    is_magnified = image.magnification > 1
    modifiers = [coded(VIEW_MODIFIERS[ViewModifier.MAGNIFICATION])] if is_magnified else []
    view.ViewModifierCodeSequence = modifiers
    dataset.ViewCodeSequence = [view]
    dataset.BreastImplantPresent = "NO"
    # A magnification view shows a part of the breast.
    dataset.PartialView = "YES" if is_magnified else "NO"


def _add_image(dataset: Dataset, image: PhantomImage) -> None:
    raw = image.for_processing
    dataset.SOPClassUID = (
        DigitalMammographyXRayImageStorageForProcessing
        if raw
        else DigitalMammographyXRayImageStorageForPresentation
    )
    # The pixels enter the UID: two different images can never share an identity.
    shown = sha256(image.stored.tobytes()).hexdigest()
    dataset.SOPInstanceUID = _uid("image", image.patient_id, image.study_date, image.instance, shown)
    dataset.InstanceNumber = str(image.instance)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""] if raw else ["DERIVED", "PRIMARY", ""]
    dataset.PresentationIntentType = "FOR PROCESSING" if raw else "FOR PRESENTATION"
    dataset.ImageComments = "Synthetic mammogram, not of a patient"
    dataset.QualityControlImage = "NO"
    has_text = any(item.kind == "burned_in_text" for item in image.truth.non_lesions)
    # True to the picture: de-identification believes the attribute.
    dataset.BurnedInAnnotation = "YES" if has_text else "NO"
    dataset.LossyImageCompression = "00"
    dataset.ImagerPixelSpacing = [_number(image.pixel_spacing_mm * image.magnification)] * 2
    # The calibration says that it holds in the breast.
    dataset.PixelSpacing = [_number(image.pixel_spacing_mm)] * 2
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = f"magnification {_number(image.magnification)}"


def _add_gray_scale(dataset: Dataset, image: PhantomImage) -> None:
    raw = image.for_processing
    # Raw values grow with X-rays, so dense tissue is low, and low is to be shown white.
    dataset.PhotometricInterpretation = "MONOCHROME1" if raw else "MONOCHROME2"
    dataset.PixelIntensityRelationship = "LIN" if raw else "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if raw else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if raw else "IDENTITY"
    # A window is for display; raw images have none.
    if not raw:
        center, width = image.window
        dataset.WindowCenter, dataset.WindowWidth = f"{center:g}", f"{width:g}"
        dataset.VOILUTFunction = "LINEAR"


def _add_pixels(dataset: Dataset, image: PhantomImage) -> None:
    narrow = image.bits_stored <= 8
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = image.stored.shape
    dataset.BitsAllocated = 8 if narrow else 16
    dataset.BitsStored = image.bits_stored
    dataset.HighBit = image.bits_stored - 1
    dataset.PixelRepresentation = 0
    # Little-endian whatever the machine: the transfer syntax says so.
    pixels = image.stored.astype(np.uint8 if narrow else np.dtype("<u2")).tobytes()
    # Values have an even length (PS3.5 7.1.1).
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    # Explicit VR with 16 bits allocated needs OW.
    dataset["PixelData"].VR = "OB" if narrow else "OW"
