"""Opening one file of any format, told by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, ImageDescription, Laterality, QualityFlag
from calcwatch.service.files import open_image as module
from calcwatch.service.files.open_image import describe_image, open_image, tell_format
from tests.formats.dicom.make import DEFLATED, attributes, file_bytes, gradient, mammogram

NONE = GivenAttributes()


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_dicom_by_content(tmp_path: Path) -> None:
    """A DICOM file is opened whatever its name, with its path and the hash of its bytes."""
    path = written(tmp_path / "picture.png", file_bytes(mammogram(gradient())))
    found = open_image(path, NONE).description
    assert (found.file_format, found.source) == ("DICOM", str(path))
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert describe_image(path, NONE) == found


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n", b"P5 ", b"PK\x03\x04", b"BM"])
def test_dicm_goes_before_what_the_preamble_holds(tmp_path: Path, start: bytes) -> None:
    """A DICOM file whose preamble starts like another format is DICOM, image or not."""
    for name, content in (
        ("mammogram", file_bytes(mammogram(gradient()))),
        ("slice", file_bytes(mammogram(gradient(), Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))),
    ):
        path = written(tmp_path / name, start + content[len(start) :])
        assert describe_image(path, NONE).file_format == "DICOM"
        assert tell_format(path.read_bytes()[:512]).file_format == "DICOM"
    assert "not a mammogram" in describe_image(path, NONE).not_analyzed_because


def test_a_given_side_tells_how_a_picture_lies(tmp_path: Path) -> None:
    """How a view from above lies is judged with the side that the user gives."""
    dataset = mammogram(
        gradient(),
        ImageLaterality=None,
        PatientOrientation=["A", "R"],
        ViewPosition="CC",
        ViewCodeSequence=None,
    )
    path = written(tmp_path / "cc.dcm", file_bytes(dataset))
    assert QualityFlag.ORIENTATION_UNKNOWN in open_image(path, NONE).description.flags
    left = open_image(path, GivenAttributes(image_laterality=Laterality.LEFT)).description
    assert left.flags == ()
    right = open_image(path, GivenAttributes(image_laterality=Laterality.RIGHT)).description
    assert right.flags == (QualityFlag.UPSIDE_DOWN,)


def test_nothing_need_be_stated(tmp_path: Path) -> None:
    """A file is opened and described by its path alone, as if nothing were stated of it."""
    dicom = written(tmp_path / "a.dcm", file_bytes(mammogram(gradient())))
    picture = tmp_path / "a.png"
    Image.fromarray(np.full((20, 24), 51, np.uint8)).save(picture)
    for path in (dicom, picture):
        assert open_image(path).description == open_image(path, NONE).description
        assert describe_image(path) == open_image(path).description == open_image(str(path)).description


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_picture_by_content(tmp_path: Path, kind: str) -> None:
    """Pictures are opened whatever their name, with what the user states of them."""
    path = tmp_path / "image.dcm"
    Image.fromarray(np.full((20, 24), 51, np.uint8)).save(path, kind)
    given = GivenAttributes.from_text(pixel_spacing_mm="0.1", image_laterality="L", view_position="CC")
    found = open_image(path, given)
    assert found.gray.shape == (20, 24)
    assert found.gray[0, 0] == np.float32(0.2)
    assert found.description.pixel_spacing is not None
    assert describe_image(path, given) == found.description
    assert found.description.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


BARE: dict[str, Any] = {
    "ImagerPixelSpacing": None,
    "ImageLaterality": None,
    "ViewPosition": None,
    "ViewCodeSequence": None,
    "PatientID": None,
    "StudyDate": None,
    "PatientOrientation": ["A", "R"],
}
STATED = GivenAttributes.from_text(
    pixel_spacing_mm="0.05",
    image_laterality="L",
    view_position="CC",
    patient_id="P9",
    study_date="20200202",
)


def test_given_values_fill_a_header(tmp_path: Path) -> None:
    """What a DICOM header does not say comes from the user, and its flags go."""
    path = written(tmp_path / "a.dcm", file_bytes(mammogram(gradient(), **BARE)))
    before, after = describe_image(path, NONE), describe_image(path, STATED)
    unknown = {QualityFlag.PIXEL_SPACING_UNKNOWN, QualityFlag.LATERALITY_UNKNOWN, QualityFlag.VIEW_UNKNOWN}
    assert unknown <= set(before.flags)
    assert after.flags == ()
    assert after.pixel_spacing is not None
    assert after.pixel_spacing.source == "given by the user"
    assert (after.image_laterality, after.view_position) == ("L", "CC")
    assert (after.laterality_source, after.view_source) == ("given by the user", "given by the user")
    assert (after.patient_id, after.study_date) == ("P9", "20200202")


def test_header_wins_over_given_values(tmp_path: Path) -> None:
    """A header that says otherwise than the user wins, and each difference is named and flagged."""
    path = written(tmp_path / "a.dcm", file_bytes(mammogram(gradient())))
    found = open_image(path, STATED).description
    assert found.pixel_spacing is not None
    assert found.pixel_spacing.mm == pytest.approx(0.07)
    assert "0.05 mm given by the user is not used" in found.pixel_spacing_note
    assert (found.image_laterality, found.view_position) == ("R", "MLO")
    # Two IDs of one woman are known to people alone.
    assert found.patient_id == "P9"
    assert "but the user says L" in found.laterality_source
    assert "but the user says CC" in found.view_source
    assert set(found.flags) == {
        QualityFlag.PIXEL_SPACING_AMBIGUOUS,
        QualityFlag.LATERALITY_CONFLICT,
        QualityFlag.VIEW_CONFLICT,
    }


def test_given_spacing_of_no_mammogram(tmp_path: Path) -> None:
    """A given spacing that no mammogram has refuses a DICOM image without its own, as it does a picture."""
    path = written(tmp_path / "a.dcm", file_bytes(mammogram(gradient(), **BARE)))
    with pytest.raises(UnsupportedImage, match=r"a.dcm: .* 0.4 mm apart .*given by the user"):
        open_image(path, GivenAttributes(pixel_spacing_mm=0.4))


def test_given_values_that_agree(tmp_path: Path) -> None:
    """Given values that repeat the header change nothing."""
    path = written(tmp_path / "a.dcm", file_bytes(mammogram(gradient())))
    same = GivenAttributes.from_text(pixel_spacing_mm="0.07", image_laterality="R", view_position="MLO")
    assert describe_image(path, same) == describe_image(path, NONE)


def sealed(size: int = 300) -> bytes:
    return b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03".ljust(size, b"\0")


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"", UnreadableImage, "0 bytes"),
        (b"just text", UnsupportedImage, "neither DICOM nor PNG, TIFF or PGM"),
        (b"\xff\xd8\xff\xe0", UnsupportedImage, "a JPEG picture; convert it"),
        (b"PK\x03\x04\x14\0\0\0", UnsupportedImage, "a ZIP archive; unpack it first"),
        (b"PK\x03\x04\x14\0\x01\0", UnreadableImage, "a ZIP archive encrypted with a password"),
        (b"\x1f\x8b\x08", UnsupportedImage, "a gzip archive"),
        (sealed(), UnreadableImage, "encrypted in a CMS envelope"),
        (
            file_bytes(attributes(SOPClassUID="1.2.840.10008.1.3.10", SOPInstanceUID="1.2")),
            UnsupportedImage,
            "a DICOMDIR, an index",
        ),
        (file_bytes(mammogram(gradient()))[:900], UnreadableImage, "truncated"),
        (file_bytes(mammogram(gradient()), DEFLATED)[:-50], UnreadableImage, "truncated"),
        (b"\x89PNG\r\n\x1a\n", UnreadableImage, "damaged"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, kind: type[CalcwatchError], reason: str) -> None:
    """A bad file is refused with its path and reason; describing it tells the reason and does not fail."""
    path = written(tmp_path / "bad.dcm", content)
    with pytest.raises(kind, match=reason) as caught:
        open_image(path, NONE)
    described = describe_image(path, NONE)
    assert str(caught.value) == f"{path}: {described.not_analyzed_because}"
    assert described.source == str(path)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is refused with the system's reason."""
    with pytest.raises(UnreadableImage, match="cannot be read: No such file or directory"):
        open_image(tmp_path / "gone.dcm", NONE)
    described = describe_image(tmp_path / "gone.dcm", NONE)
    assert described == ImageDescription(
        str(tmp_path / "gone.dcm"), not_analyzed_because="cannot be read: No such file or directory"
    )


def test_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than the bound is refused before it is read."""
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10)
    with pytest.raises(UnreadableImage, match="11 bytes are more than the 10"):
        open_image(written(tmp_path / "big.png", bytes(11)), NONE)


def test_formats() -> None:
    """The format is told by first bytes alone; other pictures are told from files that are no pictures."""
    assert tell_format(file_bytes(mammogram(gradient()))[:512]).file_format == "DICOM"
    assert tell_format(b"P5 4 4 255 ").file_format == "PGM"
    assert tell_format(b"GIF89a").is_picture
    assert not tell_format(b"a,b,c\n").is_picture
    assert tell_format(b"").otherwise.startswith("neither DICOM nor PNG, TIFF or PGM")
    assert tell_format(sealed()).is_encrypted
