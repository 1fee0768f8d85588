"""Tables of labels of every kind, and what is wrong with some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes
from calcwatch_lab.bench.truth.labeled import labeled_cases, load_labeled
from calcwatch_lab.labels import (
    read_backgrounds,
    read_labeled,
    read_labels,
    read_ratings,
    with_corrections,
    without_calcifications,
    without_patients,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four small pictures."""
    for name in "abcd":
        Image.fromarray(np.full((30, 20), 90, np.uint8)).save(tmp_path / f"{name}.png")
    return tmp_path


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    """A table of the folder."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_image_labels(folder: Path) -> None:
    """File, label, patient and spacing; images without a row and rows without an image are left alone."""
    write(
        folder, "file,patient,calcifications,pixel_spacing_mm\nb.png,P1,1,0.1\na.png,P2,0,\nz.png,P3,1,0.1\n"
    )
    first, second = read_labeled(folder)
    assert (first.path.name, first.patient, first.positive) == ("b.png", "P1", True)
    assert (first.given, second.positive) == (GivenAttributes(pixel_spacing_mm=0.1), False)
    assert not (first.located or first.grouped)


def test_clusters(folder: Path) -> None:
    """Two circles of one image, a cluster without a place, and a normal image."""
    write(
        folder,
        "image,pixel_spacing_mm,class,x_px,y_px_top_origin,radius_px\n"
        "a,0.2,CALC,5,7,3\na,0.2,CALC,6,20,4\nb,0.2,CALC,,,\nc,0.2,NORM,,,\n",
    )
    a, b, c = read_labeled(folder)
    assert [(own.positive, own.grouped) for own in (a, b, c)] == [
        (True, True),
        (True, False),
        (False, True),
    ]
    groups = load_labeled(a)[1].groups
    assert [(group.row, group.column) for group in groups] == [(7, 5), (20, 6)]
    assert [group.radius_mm for group in groups] == pytest.approx([0.6, 0.8])
    assert a.patient == "a.png"


def test_located_calcifications(folder: Path) -> None:
    """One row a calcification; a diameter becomes a circle, a row without a place an image without any."""
    write(
        folder,
        "file,row,column,diameter_mm,pixel_spacing_mm\na.png,5,7,0.4,0.1\na.png,9,9,,0.1\nb.png,,,,0.1\n",
    )
    a, b = read_labeled(folder)
    truth = load_labeled(a)[1]
    assert truth.located
    assert [len(true.outline) > 3 for true in truth.calcifications] == [True, False]
    assert np.ptp(np.array(truth.calcifications[0].outline), axis=0) == pytest.approx([4, 4])
    assert (b.positive, load_labeled(b)[1].calcifications) == (False, ())


def test_corrections(folder: Path) -> None:
    """A corrected label, a doubtful one, one without a row; a cluster is larger than a single mark."""
    write(folder, "file,calcifications\na.png,0\nb.png,0\nc.png,0\nd.png,1\n")
    table = write(
        folder,
        "file,row,column,what,corrected_label\n"
        "a.png,5,7,vascular calcification,1\na.png,9,9,cluster,1\na.png,1,1,line crossing,1\n"
        "b.png,2,2,cannot tell,?\n",
        "marks.csv",
    )
    given = read_labeled(folder)
    images = with_corrections(given, table)
    assert [image.corrected for image in images] == [True, None, False, True]
    assert images[0].seen == ((5.0, 7.0, 1.0), (9.0, 9.0, 5.0))
    assert [image.path.name for image in without_calcifications(images)] == ["c.png"]
    assert [image.path.name for image in without_calcifications(given)] == ["a.png", "b.png", "c.png"]


def test_corrections_of_other_images_change_nothing(folder: Path) -> None:
    """A table of corrections that names none of the images leaves them without corrections."""
    write(folder, "file,calcifications\na.png,0\n")
    table = write(folder, "file,row,column,what,corrected_label\nz.png,5,7,cluster,1\n", "marks.csv")
    assert read_labeled(folder) == with_corrections(read_labeled(folder), table)


def test_other_names_of_columns_mean_the_same(folder: Path) -> None:
    """``patient_id`` names the patient as ``patient`` does; a table without a folder names its images."""
    table = write(folder, "file,patient_id,calcifications\na.png,P1,0\nz.png,P2,1\n")
    assert [image.patient for image in read_labeled(folder)] == ["P1"]
    assert [(image.path.name, image.positive) for image in read_labels(table)] == [
        ("a.png", False),
        ("z.png", True),
    ]


def test_ratings(folder: Path) -> None:
    """Category, patient, notes, side and view; patients are left out, and a needed column is asked for."""
    table = write(
        folder,
        "file,patient,birads,calcifications,laterality,view,notes\n"
        "a.png,P1,4a,1,L,CC,some\nb.png,P2,2,0,R,MLO,\nc.png,P3,,1,,,\n",
    )
    first, second = read_ratings(table, leave_out={"P3"})
    assert (first.is_rated, first.is_suspicious, first.positive, first.notes) == (True, True, True, "some")
    assert first.given == GivenAttributes.from_text(image_laterality="L", view_position="CC")
    assert (second.is_rated, second.is_suspicious, second.positive) == (True, False, False)
    assert not read_ratings(table)[2].is_rated
    with pytest.raises(BadTable, match="lacks the column pixel_spacing_mm"):
        read_ratings(table, needed=("pixel_spacing_mm",))


def test_backgrounds_and_their_masks(folder: Path) -> None:
    """What the table says of each image, and the circles left out; a file that is not there is named."""
    masks = write(folder, "file,row,column,radius_px\na.png,4,5,3\na.png,9,9,2\n", "masks.csv")
    table = write(folder, "file,patient_id,pixel_spacing_mm,view_position\na.png,W1,0.1,CC\nb.png,,,\n")
    first, second = read_backgrounds(table, masks)
    assert (first.patient, second.patient) == ("W1", "b.png")
    assert first.given == GivenAttributes.from_text(
        patient_id="W1", pixel_spacing_mm="0.1", view_position="CC"
    )
    assert (first.masked, second.masked) == (((4.0, 5.0, 3.0), (9.0, 9.0, 2.0)), ())
    assert (first.positive, second.positive) == (False, False)
    write(folder, "file\nnothing.png\n", "bad.csv")
    with pytest.raises(BadTable, match=r"line 2: .*nothing\.png is no file"):
        read_backgrounds(folder / "bad.csv")
    write(folder, "file,row,column,radius_px\na.png,4,here,3\n", "masks.csv")
    with pytest.raises(BadTable, match="column is 'here', not a number"):
        read_backgrounds(table, masks)


def test_patients_are_left_out(folder: Path) -> None:
    """Images of the patients named are gone; the others become cases in order."""
    write(folder, "file,patient,calcifications\na.png,P1,0\nb.png,P2,1\nc.png,P1,1\n")
    images = without_patients(read_labeled(folder), {"P2", "P9"})
    cases = labeled_cases("set", images)
    assert [(case.data_set, case.patient, case.name) for case in cases] == [
        ("set", "P1", "a.png"),
        ("set", "P1", "c.png"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("file,calcifications\n", "no rows"),
        ("file,label\na.png,1\n", "are no labels; expected"),
        ("file,calcifications\na.png,yes\n", "'yes', not 0 or 1"),
        ("file,calcifications\nz.png,1\n", "names no file of the folder"),
        ("file,calcifications,pixel_spacing_mm\na.png,1,wide\n", "pixel_spacing_mm 'wide'"),
        ("file,row,column\na.png,5,here\n", "column is 'here', not a number"),
        ("image,class,x_px,y_px_top_origin,radius_px\na,CALC,5,5,nan\n", "radius_px is 'nan', not a number"),
    ],
)
def test_a_bad_table_is_refused(folder: Path, text: str, words: str) -> None:
    """What cannot be used is named with its place."""
    write(folder, text)
    with pytest.raises(BadTable, match=words):
        read_labeled(folder)


def test_an_absent_table_is_refused(tmp_path: Path) -> None:
    """A folder without labels.csv, or no folder at all, is named."""
    with pytest.raises(BadTable, match=r"labels\.csv: the table of labels cannot be read"):
        read_labeled(tmp_path)
    table = write(tmp_path, "file,calcifications\na.png,1\n")
    with pytest.raises(BadTable, match="names no file"):
        read_labeled(tmp_path / "nowhere", table)


def test_an_image_without_spacing_is_refused(folder: Path) -> None:
    """Distances are in mm: the column that gives the spacing is named."""
    write(folder, "file,calcifications\na.png,1\n")
    (image,) = read_labeled(folder)
    with pytest.raises(BadTable, match="pixel_spacing_mm"):
        load_labeled(image)
    _, truth = load_labeled(replace(image, given=GivenAttributes(pixel_spacing_mm=0.1)))
    assert truth.positive
