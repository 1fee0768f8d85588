"""Files to analyze: good mammograms, and bad files of every kind."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.formats.dicom.make import TOMOSYNTHESIS, file_bytes, mammogram
from tests.formats.result.examples import SPACING_MM, breast_picture

CT = "1.2.840.10008.5.1.4.1.1.2"
ENVELOPE = b"\x30\x82\x10\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + b"\0" * 200
"""The start of a CMS EnvelopedData (RFC 5652): a file encrypted for DICOM Secure Media."""


def stored(seed: int = 1) -> NDArray[np.uint16]:
    """Return a 12-bit picture of a breast with a group of five specks and a clip."""
    return np.rint(breast_picture(seed) * 4095).astype(np.uint16)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _bomb() -> bytes:
    """Return a PNG of a few hundred bytes that claims 3.6 gigapixels."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 16, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def left_cc(pixels: NDArray[np.uint16], **given: Any) -> Dataset:
    base: dict[str, Any] = {
        "ImagerPixelSpacing": [SPACING_MM, SPACING_MM],
        "ImageLaterality": "L",
        "ViewPosition": "CC",
        "ViewCodeSequence": None,
        "PatientOrientation": ["A", "R"],
        "PatientID": "SECRET-ID",
        "PatientName": "SECRET^NAME",
        "PatientBirthDate": "19500102",
    }
    return mammogram(pixels, **(base | given))


def write_good(folder: Path, count: int = 2) -> list[Path]:
    """Write ``count`` different good mammograms."""
    paths = [folder / f"good-{number}.dcm" for number in range(count)]
    for number, path in enumerate(paths):
        uid = f"1.2.3.4.{number}"
        path.write_bytes(file_bytes(left_cc(stored(number + 1), SOPInstanceUID=uid)))
    return paths


def write_bad(folder: Path) -> dict[str, str]:
    """Write bad files of every kind; return file name -> the reason code each must be listed with."""
    good = file_bytes(left_cc(stored()))
    headless = left_cc(stored())
    del headless.PixelData
    files: dict[str, tuple[bytes, str]] = {
        "empty.dcm": (b"", "unreadable"),
        "truncated.dcm": (good[: len(good) // 2], "unreadable"),
        "no-pixels.dcm": (file_bytes(headless), "unreadable"),
        "ct.dcm": (file_bytes(left_cc(stored(), SOPClassUID=CT, Modality="CT")), "unsupported"),
        "tomosynthesis.dcm": (
            file_bytes(left_cc(np.stack([stored()[:64, :64]] * 3), SOPClassUID=TOMOSYNTHESIS)),
            "unsupported",
        ),
        "bomb.png": (_bomb(), "unreadable"),
        "photo.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 100, "unsupported"),
        "dark.dcm": (file_bytes(left_cc((stored() // 256).astype(np.uint16))), "unsuitable"),
        "saturated.dcm": (
            file_bytes(left_cc(np.where(stored() > 0, 4095, 0).astype(np.uint16))),
            "unsuitable",
        ),
        "readme.txt": (b"Where the images come from.\n", "not_an_image"),
    }
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    (folder / "loop").symlink_to(".", target_is_directory=True)
    return {name: code for name, (_, code) in files.items()} | {"loop": "unreadable"}
