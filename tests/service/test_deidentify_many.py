"""De-identification of many files: one study is one woman, visits are added, and what is lost is told."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import JPEGLSLossless

from calcwatch.domain.errors import BadKeyFile, UnreadableImage
from calcwatch.formats.dicom.deidentify.deidentify import STUDY
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.formats.result.schema import document_schema
from calcwatch.service import deidentify_result
from calcwatch.service.deidentify import MANIFEST, clean_file, deidentify_files
from calcwatch.service.deidentify_women import find_women
from calcwatch.service.files import key_file
from calcwatch.service.workers import Limits
from tests.formats.dicom.make import file_bytes
from tests.formats.dicom.planted import found_in
from tests.formats.exchange.filed import write_result
from tests.service.inputs import left_cc, stored

PASSPHRASE = "a sentence for tests"
NAME = "Frau Quellhofer"


def write(path: Path, **given: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_bytes(left_cc(stored(), **given)))
    return path


def copies(folder: Path) -> list[FileDataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a key file may lie."""
    monkeypatch.setenv("CALCWATCH_KEY_PASSPHRASE", PASSPHRASE)
    return tmp_path / "study.key"


def test_one_study_is_one_woman(tmp_path: Path) -> None:
    """A file of her study without Patient ID, or under another, has her pseudonym and her dates."""
    write(tmp_path / "in" / "1.dcm", StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.1", PatientID="A")
    write(tmp_path / "in" / "2.dcm", StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.2", PatientID=None)
    write(tmp_path / "in" / "3.dcm", StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.3", PatientID="B")
    write(tmp_path / "in" / "4.dcm", StudyInstanceUID="1.2.8", SOPInstanceUID="1.2.8.1", PatientID="B")
    write(tmp_path / "in" / "5.dcm", StudyInstanceUID="1.2.9", SOPInstanceUID="1.2.9.1", PatientID="C")
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    told = {file.PatientID: file.StudyDate for file in copies(tmp_path / "out")}
    assert len(done.files) == 5
    assert len(told) == 2
    assert len(done.notes) == 1
    assert "2 Patient IDs share a study" in done.notes[0]


def test_pixels_that_need_too_much_cost_their_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are decoded in a process apart, with bounds; the file after it is cleaned."""
    large = left_cc(np.zeros((12000, 12000), np.uint16), SOPInstanceUID="1.2.8.1")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.dcm").write_bytes(file_bytes(large, JPEGLSLossless))
    write(tmp_path / "in" / "2.dcm")
    monkeypatch.setattr("calcwatch.service.deidentify.READING", Limits(memory=600 * 2**20))
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert [refused.number for refused in done.refused] == [1]
    assert len(done.files) == 1


def test_files_that_name_nobody_are_not_one_woman(tmp_path: Path) -> None:
    """Without Patient ID and study nothing says that two files are of the same person."""
    for number in (1, 2):
        write(
            tmp_path / "in" / f"{number}.dcm",
            PatientID=None,
            StudyInstanceUID=None,
            SOPInstanceUID=f"1.2.7.{number}",
        )
    deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert len({file.PatientID for file in copies(tmp_path / "out")}) == 2


def test_the_order_of_files_does_not_matter() -> None:
    """Names are put together however they come, Patient IDs first."""
    named = [("A", f"{STUDY}1"), (f"{STUDY}2",), ("B", f"{STUDY}1"), ("B", f"{STUDY}2"), ("C",)]
    women = find_women(named)
    assert women == find_women(reversed(named))
    assert women[f"{STUDY}2"] == ("A", "B", f"{STUDY}1", f"{STUDY}2")
    assert women["C"] == ("C",)


def test_a_study_without_patient_id_is_remembered(tmp_path: Path, key: Path) -> None:
    """What came first without Patient ID, and later with it, is one woman under one pseudonym."""
    write(tmp_path / "a" / "1.dcm", PatientID=None, StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.1")
    write(tmp_path / "b" / "2.dcm", PatientID="A", StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.2")
    write(tmp_path / "c" / "3.dcm", PatientID="A", StudyInstanceUID="1.2.8", SOPInstanceUID="1.2.8.1")
    for part in "abc":
        deidentify_files(tmp_path / part, tmp_path / "out", key_file=key)
    assert len({file.PatientID for file in copies(tmp_path / "out")}) == 1


def test_a_later_visit_is_added(tmp_path: Path, key: Path) -> None:
    """Both visits lie in the folder and its report, as many days apart as before; nothing is there twice."""
    write(tmp_path / "a" / "1.dcm", StudyDate="20250101", StudyInstanceUID="1.2.5", SOPInstanceUID="1.2.5.1")
    write(tmp_path / "b" / "1.dcm", StudyDate="20260101", StudyInstanceUID="1.2.6", SOPInstanceUID="1.2.6.1")
    out = tmp_path / "out"
    deidentify_files(tmp_path / "a", out, key_file=key)
    first = {path: path.read_bytes() for path in out.rglob("*.dcm")}
    for _ in range(2):
        done = deidentify_files(tmp_path / "b", out, key_file=key)
        assert len(done.files) == 1
    assert done.notes == []
    assert all(path.read_bytes() == content for path, content in first.items())
    then, now = sorted(copies(out), key=lambda file: str(file.StudyDate))
    between = datetime.strptime(now.StudyDate, "%Y%m%d") - datetime.strptime(then.StudyDate, "%Y%m%d")
    assert between.days == 365
    told = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert len(told["files"]) == 2


def test_copies_under_other_pseudonyms_are_told(tmp_path: Path) -> None:
    """Without a key the same woman is there twice: nothing is replaced, and a note says so."""
    write(tmp_path / "in" / "1.dcm")
    assert deidentify_files(tmp_path / "in", tmp_path / "out").notes == []
    (note,) = deidentify_files(tmp_path / "in", tmp_path / "out").notes
    assert "--key-file" in note
    assert len(copies(tmp_path / "out")) == 2


def test_a_result_is_added_beside_a_former_one(tmp_path: Path) -> None:
    """The same result is not written twice; one that has changed lies beside it."""
    write_result(tmp_path / "in")
    for _ in range(2):
        done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
        assert {name.split("/")[0] for name in done.results} == {"result-1"}
    (path,) = (tmp_path / "in").rglob("findings.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["examinations"][0]["score"] = 1 + document["examinations"][0]["score"] % 9
    path.write_text(json.dumps(document), encoding="utf-8")
    before = (tmp_path / "out" / "result-1" / "findings.json").read_bytes()
    deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert (tmp_path / "out" / "result-1" / "findings.json").read_bytes() == before
    assert (tmp_path / "out" / "result-2" / "findings.json").read_bytes() != before


def test_a_copy_of_a_file_is_written_once(tmp_path: Path) -> None:
    """The same object under two names is one copy, and a note says so."""
    path = write(tmp_path / "in" / "1.dcm")
    shutil.copy(path, tmp_path / "in" / "2.dcm")
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert len(copies(tmp_path / "out")) == len(done.files) == 1
    assert "written once" in done.notes[0]


def test_intervals_survive_dates_with_dots(tmp_path: Path) -> None:
    """A date with dots moves like one without; one that cannot be read is told by name of the file."""
    write(tmp_path / "in" / "1.dcm", StudyDate="20250101", StudyInstanceUID="1.2.5", SOPInstanceUID="1.2.5.1")
    dotted = write(
        tmp_path / "in" / "2.dcm", StudyDate="20260101", StudyInstanceUID="1.2.6", SOPInstanceUID="1.2.6.1"
    )
    # ten characters in the place of eight and two more that follow: a DA of another time
    content = dotted.read_bytes()
    at = content.index(b"DA\x08\x0020260101")
    dotted.write_bytes(content[:at] + b"DA\x0a\x002026.01.01" + content[at + 12 :])
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    then, now = sorted(datetime.strptime(file.StudyDate, "%Y%m%d") for file in copies(tmp_path / "out"))
    assert (now - then).days == 365
    assert done.notes == []
    dotted.write_bytes(content[:at] + b"DA\x08\x00JAN 2026" + content[at + 12 :])
    (note,) = deidentify_files(tmp_path / "in", tmp_path / "other", seed=1).notes
    assert "2.dcm" in note
    assert "StudyDate" in note


def test_pixels_lost_with_private_attributes_are_told(tmp_path: Path) -> None:
    """The copy is written, and a note says that a picture may be missing."""
    file = left_cc(stored())
    file.private_block(0x7E01, "MAKER", create=True).add_new(0x10, "OB", bytes(100_000))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.dcm").write_bytes(file_bytes(file))
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert len(done.files) == 1
    assert "may lack a picture" in done.notes[0]


def test_two_runs_with_one_key_forget_nobody(tmp_path: Path, key: Path) -> None:
    """Started together, the second waits for the first: the key knows both women afterwards."""
    for name in "ab":
        write(tmp_path / name / "1.dcm", PatientID=name, StudyInstanceUID=f"1.2.{ord(name)}")
    failed: list[BaseException] = []

    def clean(name: str) -> None:
        try:
            deidentify_files(tmp_path / name, tmp_path / f"{name}-out", key_file=key)
        except BaseException as error:
            failed.append(error)

    runs = [threading.Thread(target=clean, args=(name,)) for name in "ab"]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert failed == []
    assert {"a", "b"} <= set(key_file.read_key_file(key).patients)
    assert [path.name for path in key.parent.iterdir() if "lock" in path.name] == []


def test_a_key_that_stays_in_use_is_refused(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After waiting in vain nothing is written, and the message says what to do."""
    monkeypatch.setattr(key_file, "_LONGEST_WAIT_SECONDS", 0.0)
    write(tmp_path / "in" / "1.dcm")
    with key_file.locked_key(key), pytest.raises(BadKeyFile, match="when it has ended"):
        deidentify_files(tmp_path / "in", tmp_path / "out", key_file=key)
    assert not (tmp_path / "out").exists()


def test_a_link_to_itself_is_refused_alone(tmp_path: Path) -> None:
    """It leads nowhere: it is refused by name, and the rest is cleaned."""
    write(tmp_path / "in" / "1.dcm")
    (tmp_path / "in" / "me").symlink_to("me")
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert len(done.files) == 1
    assert [Path(refused.source).name for refused in done.refused] == ["me"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of Unix")
def test_a_full_place_ends_the_run(tmp_path: Path) -> None:
    """It is no fault of the file: nothing is half written, and the exit status says wrong use."""
    write(tmp_path / "in" / "1.dcm")
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)); "
        "from calcwatch.cli.main import main; main()"
    )
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "deidentify",
            str(tmp_path / "in"),
            str(tmp_path / "out"),
            "--seed",
            "1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "cannot write" in told.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents of every kind."""
    return write_result(tmp_path_factory.mktemp("result"))


def places(schema: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every text that the schema does not enumerate."""
    if not isinstance(schema, dict):
        return
    for name, part in schema.get("properties", {}).items():
        yield from places(part, (*way, name))
    yield from places(schema.get("items"), (*way, 0))
    if "string" in schema.get("type", ()) and not {"enum", "const"} & set(schema):
        yield way


def planted(document: Any, way: tuple[Any, ...]) -> bool:
    """Put the name at the end of a way; False where the document has no such place."""
    for step in way[:-1]:
        if not isinstance(document, dict | list) or (step == 0 and not document):
            return False
        document = document[step]
    if document is None or (way[-1] == 0 and not isinstance(document, list)):
        return False
    if way[-1] == 0:
        document.append(NAME)
    else:
        document[way[-1]] = NAME
    return True


@pytest.mark.parametrize("name", ["findings", "comparison", "history"])
def test_free_text_goes_wherever_it_stands(result: Path, name: str, tmp_path: Path) -> None:
    """A name in any text of a document is not in the copy; enumerated words and numbers are."""
    pseudonyms = key_file.Pseudonyms(key_file.new_secret(1))
    base = json.loads((result / f"{name}.json").read_text(encoding="utf-8"))
    count = 0
    for way in places(document_schema(name)):
        document = json.loads(json.dumps(base))
        if way[-1] in ("schema_version", "package") or not planted(document, way):
            continue
        count += 1
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        cleaned = deidentify_result.deidentify_document(
            path,
            {("P", "1.2")},
            lambda *names: pseudonyms.identity_of(*filter(None, names)),
            pseudonyms.map_uid,
            lambda source: (f"not-here/{pseudonyms.stand_in('source', source)}", None),
        )
        assert found_in(cleaned.encode(), [NAME]) == [], way
    assert count > 15


def test_sentences_of_the_program_stay() -> None:
    """Rules that look at the picture alone, papers and places; not a rule that asks of the woman."""
    known = deidentify_result.known_texts()
    assert {"M-CHE-GRP", "upper outer", "posterior", "classical"} <= known
    assert "T2-NOTE" not in known
    assert not any("High risk by genes" in text for text in known)


def test_a_value_that_the_schema_forbids_is_refused(result: Path, tmp_path: Path) -> None:
    """A text where a number stands, or a word that nobody knows: this is no result of ours."""
    shutil.copytree(result, tmp_path / "in" / "result")
    path = tmp_path / "in" / "result" / "findings.json"
    base = json.loads(path.read_text(encoding="utf-8"))
    for change in ({"score": NAME}, {"laterality_pattern": NAME}, {"score": 1e999}, {"pairs": {"a": NAME}}):
        document = json.loads(json.dumps(base))
        document["examinations"][0].update(change)
        path.write_text(json.dumps(document), encoding="utf-8")
        done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
        refused = {Path(refusal.source).name: refusal.message for refusal in done.refused}
        assert "analyze the images again" in refused["findings.json"]
        written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert found_in(b"".join(written), [NAME]) == []


def test_women_whose_ids_are_written_otherwise_are_two(tmp_path: Path) -> None:
    """An ID of two parts, bytes that its character set has not, an ID that reads like a study."""
    ids = {
        "1": b"CLINIC\\0001 ",
        "2": b"CLINIC\\0002 ",
        "3": b"M\xdcLLER",
        "4": b"M\xd6LLER",
        "5": b"study 1.2.9.1 ",
    }
    for number, patient in ids.items():
        content = file_bytes(
            left_cc(
                stored(),
                SpecificCharacterSet="ISO_IR 192",
                PatientID="x" * len(patient),
                StudyInstanceUID=f"1.2.9.{number}",
                SOPInstanceUID=f"1.2.10.{number}",
            )
        )
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.dcm").write_bytes(content.replace(b"x" * len(patient), patient))
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert len({name.split("/")[0] for name in done.files}) == len(ids)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose image it is was looked up before: another woman's in its place must not get her name."""
    path = write(tmp_path / "in" / "1.dcm")

    def replaced(content: bytes) -> bool:
        write(path, PatientID="ANOTHER")
        return looks_like_dicom(content)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr("calcwatch.service.deidentify.looks_like_dicom", replaced)
    identity = key_file.Pseudonyms(b"secret").identity_of("SECRET-ID")
    clean_file(path, identity, black_out=False, digest=digest)
    with pytest.raises(UnreadableImage, match="has changed"):
        clean_file(path, identity, black_out=False, digest=digest)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("BurnedInAnnotation", "OB", b"YES "),
        ("BurnedInAnnotation", "CS", ["", "YES"]),
        ("DetectorType", "OB", b"FILM"),
        ("DetectorType", "CS", ["", "FILM"]),
        ("ConversionType", "OB", b"DF"),
    ],
)
def test_letters_may_be_where_it_cannot_be_read(tmp_path: Path, keyword: str, vr: str, value: Any) -> None:
    """What says that letters are burned in, and cannot be read, is not taken for a no."""
    dataset = left_cc(stored())
    dataset.add_new(keyword, vr, value)
    (tmp_path / "1.dcm").write_bytes(file_bytes(dataset))
    done = deidentify_files(tmp_path / "1.dcm", tmp_path / "out", seed=1)
    assert not done.files
    assert "--black-out" in done.refused[0].message


def test_no_warning_quotes_the_patient(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """The library warns of values that are not valid, and quotes them."""
    content = file_bytes(left_cc(stored(), StudyInstanceUID="1.2.34567890123456"))
    (tmp_path / "1.dcm").write_bytes(content.replace(b"1.2.34567890123456", b"ANNA-MUELLER-1960"))
    deidentify_files(tmp_path / "1.dcm", tmp_path / "out", seed=1)
    assert not [warning for warning in recwarn if "ANNA" in str(warning.message)]


def test_an_image_among_the_pictures_of_a_result_is_refused_by_name(result: Path, tmp_path: Path) -> None:
    """A damaged one is not counted with the tables and pictures that are left out."""
    shutil.copytree(result, tmp_path / "in")
    whole = file_bytes(left_cc(stored()))
    (tmp_path / "in" / "overlays").mkdir(exist_ok=True)
    (tmp_path / "in" / "overlays" / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    done = deidentify_files(tmp_path / "in", tmp_path / "out", seed=1)
    assert [refused.source for refused in done.refused if refused.source.endswith("cut.dcm")]


def test_flags_that_a_copy_has_no_longer_are_told(tmp_path: Path) -> None:
    """A view that cannot be read is not there in the copy: whoever reads the copy alone would not know."""
    dataset = left_cc(stored(), ViewPosition=None)
    dataset.add_new("ViewPosition", "OB", b"\x01\0")
    (tmp_path / "1.dcm").write_bytes(file_bytes(dataset))
    done = deidentify_files(tmp_path / "1.dcm", tmp_path / "out", seed=1)
    assert any("flagged header_unreadable" in note for note in done.notes)
    (told,) = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))["files"]
    assert told["lost_flags"] == ["header_unreadable"]
