"""DICOM files made on the spot, of every variation the reader has to tell apart."""

from __future__ import annotations

import tempfile
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless

MG_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MG_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
JPEG_BASELINE, JPEG_EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS, JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_LS_NEAR = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS, JPEG_2000 = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"
RLE = str(RLELossless)

_GDCM_SYNTAXES = {
    JPEG_BASELINE: gdcm.TransferSyntax.JPEGBaselineProcess1,
    JPEG_EXTENDED: gdcm.TransferSyntax.JPEGExtendedProcess2_4,
    JPEG_LOSSLESS: gdcm.TransferSyntax.JPEGLosslessProcess14,
    JPEG_LOSSLESS_SV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
}

Pixels = NDArray[np.generic]


def code(value: str, scheme: str = "SCT", meaning: str = "concept", **more: Any) -> Dataset:
    """Return a code sequence item."""
    return attributes(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning, **more)


def attributes(**given: Any) -> Dataset:
    """Return a data set of these attributes; lists of data sets become sequences, ``None`` is left out."""
    dataset = Dataset()
    for keyword, value in given.items():
        is_sequence = isinstance(value, list) and all(isinstance(item, Dataset) for item in value)
        if value is not None:
            setattr(dataset, keyword, Sequence(value) if is_sequence else value)
    return dataset


def lut_item(
    first: int, entries: list[int] | NDArray[np.uint16], bits: int, explanation: str = ""
) -> Dataset:
    """Return an item of VOI LUT Sequence or Modality LUT Sequence."""
    item = Dataset()
    vr = "SS" if first < 0 else "US"
    item.add_new("LUTDescriptor", vr, [len(entries) % 65536, first, bits])
    item.LUTExplanation = explanation
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return item


def gradient(rows: int = 24, columns: int = 32, top: int = 4095) -> NDArray[np.uint16]:
    """Return a picture that holds many values from 0 to ``top``."""
    return np.linspace(0, top, rows * columns).round().astype(np.uint16).reshape(rows, columns)


def mammogram(pixels: Pixels, *, bits: int = 12, high_bit: int | None = None, **given: Any) -> Dataset:
    """Return a right MLO For Presentation; attributes given replace its own, ``None`` removes one."""
    cells = np.ascontiguousarray(pixels)
    base: dict[str, Any] = {
        "SOPClassUID": MG_PRESENTATION,
        "SOPInstanceUID": "1.2.3.4",
        "StudyInstanceUID": "1.2.3",
        "StudyDate": "20260102",
        "PatientID": "P1",
        "Modality": "MG",
        "PresentationIntentType": "FOR PRESENTATION",
        "ImagerPixelSpacing": [0.07, 0.07],
        "EstimatedRadiographicMagnificationFactor": 1,
        "ImageLaterality": "R",
        "PatientOrientation": ["P", "FL"],
        "ViewPosition": "MLO",
        "ViewCodeSequence": [code("399368009", meaning="medio-lateral oblique")],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": cells.shape[-2],
        "Columns": cells.shape[-1],
        "NumberOfFrames": cells.shape[0] if cells.ndim == 3 else None,
        "BitsAllocated": cells.dtype.itemsize * 8,
        "BitsStored": bits,
        "HighBit": bits - 1 if high_bit is None else high_bit,
        "PixelRepresentation": int(cells.dtype.kind == "i"),
        "WindowCenter": 2 ** (bits - 1),
        "WindowWidth": 2**bits,
    }
    dataset = attributes(**(base | given))
    data = cells.tobytes()
    dataset.add_new("PixelData", "OW" if cells.dtype.itemsize == 2 else "OB", data + b"\0" * (len(data) % 2))
    return dataset


def file_bytes(dataset: Dataset, syntax: str = EXPLICIT) -> bytes:
    """Return the data set as a DICOM file in a transfer syntax, its pixels compressed for real."""
    if syntax in _GDCM_SYNTAXES:
        return _by_gdcm(file_bytes(dataset), _GDCM_SYNTAXES[syntax])
    copy = FileDataset(BytesIO(), Dataset(dataset), file_meta=_file_meta(dataset, syntax))
    if UID(syntax).is_encapsulated:
        copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        options: dict[str, Any] = {"jls_error": 3} if syntax == JPEG_LS_NEAR else {}
        options |= {"j2k_cr": [4]} if syntax == JPEG_2000 else {}
        # GDCM's own encoder of run lengths ends the program on small pictures.
        options |= {"encoding_plugin": "pydicom"} if syntax == RLE else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copy.compress(UID(syntax), generate_instance_uid=False, **options)
    elif syntax == BIG_ENDIAN and dataset.BitsAllocated == 16:
        copy.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    return written(copy)


def written(dataset: FileDataset) -> bytes:
    """Return a data set, with the file meta it has, as the bytes of its file."""
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _file_meta(dataset: Dataset, syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3.4")
    meta.TransferSyntaxUID = UID(syntax)
    return meta


def _by_gdcm(content: bytes, syntax: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.dcm", Path(folder) / "after.dcm"
        before.write_bytes(content)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(before))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(after))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return after.read_bytes()
