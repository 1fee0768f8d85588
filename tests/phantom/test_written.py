"""Phantoms as DICOM files."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.formats.dicom.read.mammogram import read_dicom
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.settings import PhantomSettings
from tests.phantom.views import SMALL, examine

DCIODVFY = shutil.which("dciodvfy")
KINDS = {
    "for presentation": SMALL,
    "for processing": replace(SMALL, for_processing=True, bits_stored=14),
    "film of 8 bits": replace(SMALL, film=True, bits_stored=8, non_lesions=(NonLesionKind.TEXT,)),
    "lateral views of the right breast": replace(
        SMALL, views=(ViewPosition.ML, ViewPosition.LM), lateralities=(Laterality.RIGHT,)
    ),
}


@pytest.mark.skipif(DCIODVFY is None, reason="dciodvfy (Debian dicom3tools) is not installed")
@pytest.mark.parametrize("jpeg_ls", [False, True], ids=["uncompressed", "jpeg-ls"])
@pytest.mark.parametrize("kind", KINDS)
def test_dciodvfy_finds_no_error(kind: str, jpeg_ls: bool, tmp_path: Path) -> None:
    """Every kind of file passes dciodvfy; its one known warning is that it does not list CC as a view."""
    for image in examine(90, KINDS[kind]).images:
        path = tmp_path / f"{image.instance}.dcm"
        write_mammogram(image, path, jpeg_ls=jpeg_ls)
        run = subprocess.run([str(DCIODVFY), "-new", str(path)], capture_output=True, text=True, check=False)
        lines = (run.stdout + run.stderr).splitlines()
        assert run.returncode == 0
        assert lines[0] in {"MammographyImageForPresentation", "MammographyImageForProcessing"}
        assert [line for line in lines[1:] if line and "ViewPosition(0018,5101)" not in line] == []


@pytest.mark.parametrize("jpeg_ls", [False, True], ids=["uncompressed", "jpeg-ls"])
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_come_back_bit_for_bit(kind: str, jpeg_ls: bool, tmp_path: Path) -> None:
    """Written and read by pydicom, the stored values are the phantom's own."""
    for image in examine(90, KINDS[kind]).images:
        path = tmp_path / "image.dcm"
        write_mammogram(image, path, jpeg_ls=jpeg_ls)
        dataset = pydicom.dcmread(path)
        assert np.array_equal(dataset.pixel_array, image.stored)
        assert (dataset.file_meta.TransferSyntaxUID == JPEGLSLossless) is jpeg_ls
        assert dataset.BitsStored == image.bits_stored


def test_our_own_reader_understands_the_file(tmp_path: Path) -> None:
    """Read by this package, side, view, spacing and gray are what the phantom says."""
    settings = replace(SMALL, lateralities=(Laterality.RIGHT,))
    for image in examine(91, settings).images:
        path = tmp_path / "image.dcm"
        write_mammogram(image, path)
        read = read_dicom(path.read_bytes(), "image.dcm")
        assert read.description.image_laterality is Laterality.RIGHT
        assert read.description.view_position is image.view_position
        assert read.description.pixel_spacing is not None
        assert read.description.pixel_spacing.mm == pytest.approx(0.1)
        assert read.description.patient_id == image.patient_id
        assert read.description.study_date == image.study_date
        assert np.abs(read.gray - image.stored / 4095).max() < 2e-3
        assert [flag for flag in read.description.flags if "conflict" in flag or "ambiguous" in flag] == []


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    """Written twice, the files are identical: no clock, no random UID."""
    image = examine(92, SMALL).images[0]
    for name in ("one.dcm", "two.dcm"):
        write_mammogram(image, tmp_path / name)
    assert (tmp_path / "one.dcm").read_bytes() == (tmp_path / "two.dcm").read_bytes()


def test_uids_tell_images_apart_and_keep_a_study_together(tmp_path: Path) -> None:
    """Views share study and series; images of other content, day or patient have other UIDs."""

    def uids(seed: int, settings: PhantomSettings) -> list[tuple[str, str, str]]:
        found = []
        for image in examine(seed, settings).images:
            write_mammogram(image, tmp_path / "image.dcm")
            dataset = pydicom.dcmread(tmp_path / "image.dcm", stop_before_pixels=True)
            found.append((dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID))
        return found

    first = uids(92, SMALL)
    assert len({study for study, _, _ in first}) == len({series for _, series, _ in first}) == 1
    others = uids(93, SMALL) + uids(92, replace(SMALL, study_date="20200101"))
    assert {study for study, _, _ in first}.isdisjoint({study for study, _, _ in others})
    brighter = uids(92, replace(SMALL, relative_dose=2.0))
    assert brighter[0][0] == first[0][0]
    every = [sop for _, _, sop in first + others + brighter]
    assert len(set(every)) == len(every)
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in every)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A folder that is not there is an error, and neither file nor part of it appears."""
    image = examine(92, SMALL).images[0]
    with pytest.raises(OSError, match="nowhere"):
        write_mammogram(image, tmp_path / "nowhere" / "image.dcm")
    (tmp_path / "image.dcm").mkdir()
    with pytest.raises(OSError, match=r"image\.dcm"):
        write_mammogram(image, tmp_path / "image.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["image.dcm"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Writing over an older file leaves only the new one."""
    path = tmp_path / "image.dcm"
    path.write_bytes(b"older")
    write_mammogram(examine(92, SMALL).images[0], path)
    assert [file.name for file in tmp_path.iterdir()] == ["image.dcm"]
    assert pydicom.dcmread(path, stop_before_pixels=True).Modality == "MG"
