"""De-identification of a folder: the same woman, intervals and findings, and no identity."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydicom import dcmread
from pydicom.dataset import FileDataset

from calcwatch.domain.errors import BadKeyFile, ResultNotWritten
from calcwatch.domain.statements import FindingStatement, Verdict
from calcwatch.formats.result.document import read_document, read_findings
from calcwatch.formats.result.schema import document_schema
from calcwatch.formats.result.statement import STATEMENT
from calcwatch.service.deidentify import MANIFEST, Deidentified, deidentify_files
from calcwatch.service.export import export_result
from calcwatch.service.files.open_image import open_image
from tests.formats.dicom.make import file_bytes
from tests.formats.dicom.planted import found_in
from tests.formats.exchange.filed import write_result
from tests.formats.exchange.tools import needs, validator_errors
from tests.service.inputs import left_cc, stored

KEPT_FORMATS = ["cad-sr", "sr", "seg", "pr", "ko"]
PASSPHRASE = "a sentence for tests"


@dataclass(frozen=True)
class Case:
    """A folder before and after."""

    before: Path
    after: Path
    done: Deidentified


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A woman's two examinations, the result of their comparison, and what was exported of it."""
    root = tmp_path_factory.mktemp("hospital")
    before = root / "Frau Klarname"
    result = write_result(before)
    export_result(result, before / "exported", KEPT_FORMATS)
    after = root / "shared"
    return Case(before, after, deidentify_files(before, after, seed=3))


def dicom_files(folder: Path) -> list[FileDataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    paths = folder.rglob("*.json")
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def every(document: Any, key: str) -> list[Any]:
    """Every value of a key, in order."""
    if isinstance(document, dict):
        here = [document[key]] if key in document else []
        return here + [found for value in document.values() for found in every(value, key)]
    return [found for item in document for found in every(item, key)] if isinstance(document, list) else []


def test_nothing_but_tables_and_pictures_is_left_out(case: Case) -> None:
    """Images, objects and documents are there; nothing is refused."""
    assert case.done.refused == []
    assert len(case.done.files) == 4 + 7
    assert len(case.done.results) == 3
    assert case.done.left_out == 6


def test_no_word_of_the_input_survives(case: Case) -> None:
    """Names, numbers, dates and UIDs of the images stand nowhere in the output, nor do names of folders."""
    words = {"Frau Klarname", "hospital"}
    for file in dicom_files(case.before):
        words |= {str(file.PatientID), str(file.PatientName), str(file.StudyDate), str(file.AccessionNumber)}
        words |= {str(file.SOPInstanceUID), str(file.StudyInstanceUID), str(file.SeriesInstanceUID)}
    words |= {uid for document in documents(case.before).values() for uid in every(document, "tracking_uid")}
    words |= {str(file.InstitutionName) for file in dicom_files(case.before) if "InstitutionName" in file}
    words -= {""}
    assert len(words) > 80
    for path in case.after.rglob("*"):
        if path.is_file():
            assert found_in(path.read_bytes() + str(path).encode(), sorted(words - {"hospital"})) == []


def test_what_a_person_stated_is_left_out(case: Case, tmp_path: Path) -> None:
    """Of the woman and in the notes of a breast, which may name a file; what is stated of a group is kept."""
    shutil.copytree(case.before, tmp_path / "in")
    (path,) = (tmp_path / "in").rglob("findings.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["examinations"][0]["stated"] = {"age": "61"}
    document["examinations"][0]["breasts"][0]["notes"] = ["Something is stated of Frau Klarname.png."]
    group = next(group for image in document["images"] for group in image["groups"])
    group["stated"] = STATEMENT.write(FindingStatement(verdict=Verdict.REJECTED))
    path.write_text(json.dumps(document), encoding="utf-8")
    deidentify_files(tmp_path / "in", tmp_path / "out", seed=3)
    cleaned = documents(tmp_path / "out")["findings.json"]
    assert [day["stated"] for day in cleaned["examinations"]] == [{}] * len(cleaned["examinations"])
    assert every(cleaned, "notes")[0] == []
    read = read_findings(read_document(json.dumps(cleaned).encode(), path))
    rejected = [reading.is_rejected for day in read.examinations for reading in day.findings.groups]
    assert sum(rejected) == 1


def test_intervals_in_days_are_equal(case: Case) -> None:
    """As many days lie between the examinations as before, in images and in documents."""

    def days(folder: Path) -> int:
        dates = sorted({datetime.strptime(file.StudyDate, "%Y%m%d") for file in dicom_files(folder)})
        assert len(dates) == 2
        return (dates[1] - dates[0]).days

    def stated_days(folder: Path) -> list[int]:
        dates = every(documents(folder)["findings.json"], "study_date")
        moments = [datetime.strptime(moment, "%Y%m%d") for moment in dates]
        return [(moment - moments[0]).days for moment in moments]

    assert days(case.after) == days(case.before) > 300
    assert stated_days(case.after) == stated_days(case.before)
    assert every(documents(case.after)["comparison.json"], "interval_months") == every(
        documents(case.before)["comparison.json"], "interval_months"
    )


def test_images_and_documents_have_the_same_uids(case: Case) -> None:
    """Whatever refers to an image, a study or a finding still does."""
    files = dicom_files(case.after)
    instances = {file.SOPInstanceUID for file in files}
    findings = documents(case.after)["findings.json"]
    images = findings["images"]
    assert {image["sop_instance_uid"] for image in images} <= instances
    assert {image["study_instance_uid"] for image in images} == {file.StudyInstanceUID for file in files}
    assert {image["patient_id"] for image in images} == {file.PatientID for file in files}
    referred = {str(found) for file in files for found in every(file.to_json_dict(), "00081155")}
    assert referred
    assert all(any(uid in reference for uid in instances) for reference in referred)
    (report,) = (
        file for file in files if file.Modality == "SR" and "1500" in str(file.ContentTemplateSequence)
    )
    tracked = set(every(findings["images"], "tracking_uid"))
    written = str(report)
    groups = [group["tracking_uid"] for image in images[2:] for group in image["groups"]]
    assert groups
    assert set(groups) <= tracked
    assert all(group in written for group in groups)


def test_documents_are_the_same_but_for_identity(case: Case) -> None:
    """Every number of a finding is as it was, and findings.json still follows its schema."""
    before, after = documents(case.before), documents(case.after)
    Draft202012Validator(document_schema()).validate(after["findings.json"])
    for name in ("findings.json", "comparison.json", "history.json"):
        for key in ("row", "column", "score", "count", "suggested_category", "kind", "low", "high"):
            assert every(after[name], key) == every(before[name], key)


def test_pixels_are_the_same(case: Case) -> None:
    """Each image is read as the same gray, geometry, side and view."""
    before = [path for path in case.before.rglob("*.dcm") if path.parent.name != "exported"]
    first = [open_image(path) for path in before]
    paths = [path for path in case.after.rglob("*.dcm") if dcmread(path).Modality == "MG"]
    grays = [open_image(path) for path in paths]
    assert len(grays) == 4
    for image in grays:
        assert any(np.array_equal(image.gray, other.gray) for other in first)
        assert image.description.pixel_spacing == first[0].description.pixel_spacing


def test_the_cleaned_result_can_be_exported(case: Case, tmp_path: Path) -> None:
    """The result finds its images where they are now, by name and digest."""
    done = export_result(case.after / "result-1", tmp_path / "again", KEPT_FORMATS)
    assert not done.not_exported
    assert len(done.files) == 7


@needs("dciodvfy")
def test_objects_are_valid(case: Case) -> None:
    """A validator finds no error in any file."""
    found = {path.name: validator_errors(path) for path in case.after.rglob("*.dcm")}
    assert {name: errors for name, errors in found.items() if errors} == {}


def test_the_report_of_what_was_removed(case: Case) -> None:
    """It lists every file with keywords and counts, and no value."""
    told = json.loads((case.after / MANIFEST).read_text(encoding="utf-8"))
    assert [file["name"] for file in told["files"]] == list(case.done.files)
    assert told["results"] == case.done.results
    assert told["files"][0]["removed"]["InstitutionName"] == 1
    assert told["files"][0]["shifted"]["StudyDate"] == 1
    assert "Retain Longitudinal Temporal Information with Modified Dates" in told["options"]


def test_the_same_seed_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    """Run again it writes the same; with another seed everybody has another pseudonym and other dates."""
    deidentify_files(case.before, tmp_path / "again", seed=3)
    first = {path.relative_to(case.after): path for path in case.after.rglob("*") if path.is_file()}
    for name, path in first.items():
        assert (tmp_path / "again" / name).read_bytes() == path.read_bytes()
    deidentify_files(case.before, tmp_path / "other", seed=4)
    ids = {file.PatientID for file in dicom_files(tmp_path / "other")}
    assert ids.isdisjoint({file.PatientID for file in dicom_files(case.after)})


def write(path: Path, **given: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_bytes(left_cc(stored(), **given)))
    return path


def test_a_key_file_gives_later_examinations_the_same_pseudonym(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year later the woman is called the same, and her dates moved by as much; the key tells who she is."""
    monkeypatch.setenv("CALCWATCH_KEY_PASSPHRASE", PASSPHRASE)
    key = tmp_path / "study.key"
    write(tmp_path / "a" / "1.dcm", StudyDate="20250101", StudyInstanceUID="1.2.5")
    write(tmp_path / "b" / "1.dcm", StudyDate="20260101", StudyInstanceUID="1.2.6")
    deidentify_files(tmp_path / "a", tmp_path / "a-out", key_file=key)
    deidentify_files(tmp_path / "b", tmp_path / "b-out", key_file=key)
    (then,), (now,) = dicom_files(tmp_path / "a-out"), dicom_files(tmp_path / "b-out")
    assert then.PatientID == now.PatientID
    between = datetime.strptime(now.StudyDate, "%Y%m%d") - datetime.strptime(then.StudyDate, "%Y%m%d")
    assert between.days == 365
    assert b"SECRET" not in key.read_bytes()


def test_a_key_beside_the_images_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets the images must not get the key; nothing is written."""
    monkeypatch.setenv("CALCWATCH_KEY_PASSPHRASE", PASSPHRASE)
    write(tmp_path / "a" / "1.dcm")
    for key in (tmp_path / "out" / "k.key", tmp_path / "x" / ".." / "out" / "k.key"):
        with pytest.raises(BadKeyFile, match="keep it elsewhere"):
            deidentify_files(tmp_path / "a", tmp_path / "out", key_file=key)
    assert not (tmp_path / "out").exists()


def test_what_is_refused_is_not_there(tmp_path: Path) -> None:
    """Pictures, broken files, film and captures are refused by name; the good one is cleaned."""
    write(tmp_path / "in" / "good.dcm")
    write(tmp_path / "in" / "film.dcm", ConversionType="DF")
    write(tmp_path / "in" / "letters.dcm", BurnedInAnnotation="YES")
    (tmp_path / "in" / "broken.dcm").write_bytes((tmp_path / "in" / "good.dcm").read_bytes()[:900])
    (tmp_path / "in" / "Mrs SECRET.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    refused = {Path(refusal.source).name: refusal.message for refusal in done.refused}
    assert set(refused) == {"film.dcm", "letters.dcm", "broken.dcm", "Mrs SECRET.png"}
    assert "--black-out" in refused["film.dcm"]
    assert "--black-out" in refused["letters.dcm"]
    assert len(dicom_files(tmp_path / "out")) == 1
    told = (tmp_path / "out" / MANIFEST).read_text(encoding="utf-8")
    assert "SECRET" not in told
    assert [refusal["number"] for refusal in json.loads(told)["refused"]] == [1, 2, 3, 5]


def test_letters_outside_the_breast_are_blacked_out(tmp_path: Path) -> None:
    """The label on a film is gone, every pixel of the breast is what it was."""
    clean = stored()
    letters = np.zeros(clean.shape, np.uint8)
    cv2.putText(letters, "SECRET", (clean.shape[1] - 150, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1, 2)
    lettered = np.where(letters > 0, np.uint16(4095), clean)
    lettered_pixels = lettered != clean
    assert lettered_pixels.sum() > 500
    path = tmp_path / "in" / "film.dcm"
    path.parent.mkdir()
    path.write_bytes(file_bytes(left_cc(lettered, ConversionType="DF")))
    done = deidentify_files(path.parent, tmp_path / "out", seed=1, black_out=True)
    assert done.refused == []
    (after,) = dicom_files(tmp_path / "out")
    assert (after.pixel_array[lettered_pixels] == lettered.min()).all()
    breast = clean > np.percentile(clean, 60)
    assert (after.pixel_array[breast] == clean[breast]).all()
    assert after.BurnedInAnnotation == "NO"
    (removed,) = done.files.values()
    assert removed.blacked_out


def test_without_a_breast_nothing_is_blacked_out(tmp_path: Path) -> None:
    """Where no breast is found nobody can say what may stay, and the image is refused."""
    path = tmp_path / "in" / "film.dcm"
    path.parent.mkdir()
    empty = np.full((400, 300), 5, np.uint16)
    path.write_bytes(file_bytes(left_cc(empty, ConversionType="DF")))
    done = deidentify_files(path.parent, tmp_path / "out", seed=1, black_out=True)
    assert done.files == {}
    assert len(done.refused) == 1


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """Output goes where nothing is, or where a former run wrote; never over anything else."""
    write(tmp_path / "in" / "1.dcm")
    deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    deidentify_files(tmp_path / "in", tmp_path / "out", seed=2)
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ResultNotWritten):
        deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert (tmp_path / "out" / "mine.txt").exists()


def test_output_inside_the_input_is_not_cleaned_again(tmp_path: Path) -> None:
    """OUT may lie below IN: what a former run wrote there is not taken for another woman."""
    write(tmp_path / "1.dcm")
    # What a killed run left beside it is no input either.
    (tmp_path / ".out.calcwatch-partial").mkdir()
    write(tmp_path / ".out.calcwatch-partial" / "2.dcm")
    for _ in range(2):
        done = deidentify_files(tmp_path, tmp_path / "out", seed=1)
        assert len(done.files) == 1
        assert not done.refused


def test_two_women_in_one_result(tmp_path: Path) -> None:
    """Each has her own pseudonym and her own shift, in images and in the document."""
    from calcwatch.service.analyze import analyze_files
    from calcwatch.service.run import AnalyzeOptions

    first = write(
        tmp_path / "in" / "1.dcm", PatientID="SECRET-1", StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.1"
    )
    second = write(
        tmp_path / "in" / "2.dcm", PatientID="SECRET-2", StudyInstanceUID="1.2.8", SOPInstanceUID="1.2.8.1"
    )
    analyze_files([first, second], tmp_path / "in" / "result", options=AnalyzeOptions(workers=1))
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert done.refused == []
    files = {file.SOPInstanceUID: file for file in dicom_files(tmp_path / "out")}
    assert len({file.PatientID for file in files.values()}) == 2
    for image in documents(tmp_path / "out")["findings.json"]["images"]:
        file = files[image["sop_instance_uid"]]
        assert (image["patient_id"], image["study_date"]) == (file.PatientID, file.StudyDate)
        assert (tmp_path / "out" / image["source"]).is_file()
    assert b"SECRET" not in b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*.json"))


def test_pipes_and_links_to_folders_are_refused(tmp_path: Path) -> None:
    """A pipe could wait for ever and a link lead in a circle: both are refused by name, and nothing hangs."""
    write(tmp_path / "in" / "1.dcm")
    os.mkfifo(tmp_path / "in" / "pipe")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert {Path(refusal.source).name for refusal in done.refused} == {"pipe", "circle"}
    assert len(done.files) == 1
