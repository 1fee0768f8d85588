import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from calcwatch.domain.assessment import ExaminationFindings
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import BadContext, ResultNotWritten
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import GivenAttributes, ImageDescription, ViewPosition
from calcwatch.domain.statements import FindingStatement, NamedFinding
from calcwatch.exam.read import analyze_exam
from calcwatch.formats.result.schema import document_schema
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.detections import Detections
from calcwatch.image.prepare.breast import BreastRegion
from calcwatch.image.prepare.normalize import PreparedImage
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.learned import NamedDetector, suspicion_model
from calcwatch.service.analyze import analyze_files, group_images, read_examinations
from calcwatch.service.check import check_files
from calcwatch.service.files.rules import read_rules
from calcwatch.service.files.statements import StatedContexts
from calcwatch.service.run import AnalyzedRun, AnalyzeOptions, ProgressEvent
from tests.formats.dicom.make import file_bytes
from tests.formats.result.readings import described
from tests.service.inputs import ENVELOPE, left_cc, stored, write_bad, write_good

POISON_MM = 0.11
"""Pixel spacing of the image that a test's detector stumbles over."""


def dying_detector(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Detect, but end the whole process on one image."""
    if image.spacing_mm == POISON_MM:
        os._exit(5)
    return detect_classical(image, breast, settings)


def raising_detector(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Detect, but raise on one image, quoting a patient."""
    if image.spacing_mm == POISON_MM:
        raise RuntimeError("cannot work on SECRET^NAME")
    return detect_classical(image, breast, settings)


def read(run: AnalyzedRun) -> Any:
    return json.loads((run.out / "findings.json").read_text(encoding="utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def paths_of(folder: Path) -> list[Path]:
    return [folder, folder.parent / "encrypted.dcm", folder.parent / "missing.dcm"]


def write_poisoned(folder: Path) -> None:
    good, _ = write_good(folder)
    poison = left_cc(stored(9), ImagerPixelSpacing=[POISON_MM, POISON_MM], SOPInstanceUID="1.2.3.9")
    good.with_name("a-poison.dcm").write_bytes(file_bytes(poison))


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("exam")
    write_good(folder)
    named = folder.parent / "encrypted.dcm"
    named.write_bytes(ENVELOPE)
    return folder, write_bad(folder) | {named.name: "unreadable", "missing.dcm": "unreadable"}


@pytest.fixture(scope="module")
def events() -> list[ProgressEvent]:
    return []


@pytest.fixture(scope="module")
def run(exam: tuple[Path, dict[str, str]], events: list[ProgressEvent]) -> Iterator[AnalyzedRun]:
    out = exam[0].parent / "result"
    yield analyze_files(paths_of(exam[0]), out, options=AnalyzeOptions(workers=2), on_event=events.append)


def test_every_file_is_accounted_for(run: AnalyzedRun, exam: tuple[Path, dict[str, str]]) -> None:
    """Good files are analyzed, every bad file is listed with its reason, none is skipped in silence."""
    document = read(run)
    assert [Path(image["source"]).name for image in document["images"]] == ["good-0.dcm", "good-1.dcm"]
    listed = {Path(entry["source"]).name: entry["reason_code"] for entry in document["not_analyzed"]}
    assert listed == exam[1]
    assert all(entry["source"] in entry["message"] for entry in document["not_analyzed"])
    assert run.error_count == len(exam[1]) - 1


def test_result_is_whole(run: AnalyzedRun) -> None:
    """The result holds its seven parts, follows the schema, and nothing is left beside it."""
    assert sorted(contents(run.out)) == [
        "SHA256SUMS",
        "calcifications.csv",
        "examinations.csv",
        "findings.json",
        "groups.csv",
        "overlays/0005-good-0.png",
        "overlays/0006-good-1.png",
        "report.html",
    ]
    Draft202012Validator(document_schema()).validate(read(run))
    assert not [entry for entry in run.out.parent.iterdir() if entry.name.startswith(".result")]


def test_what_was_put_in_is_found(run: AnalyzedRun) -> None:
    """The five specks of the picture are found as one group, the bright bar is kept apart."""
    for image in read(run)["images"]:
        (group,) = image["groups"]
        assert group["count"] == 5
        assert (group["row"], group["column"]) == (pytest.approx(520, abs=8), pytest.approx(323, abs=8))
        assert len(image["calcifications"]) == 6
        assert len(image["non_lesions"]) == 1


def test_images_are_read_together(run: AnalyzedRun) -> None:
    """The images of one woman and day are one examination, each group of which is described and assessed."""
    document = read(run)
    (examination,) = document["examinations"]
    assert examination["sources"] == [image["source"] for image in document["images"]]
    assert 1 <= examination["score"] <= 10
    assert [breast["image_laterality"] for breast in examination["breasts"]] == ["L"]
    for image in document["images"]:
        (group,) = image["groups"]
        assert group["suggested_category"] is not None
        assert len(group["rule_ids"]) == len(group["reasons"]) > 0
        assert group["distribution"] is not None
        assert group["location"]["laterality"] == "L"
        assert all(found["shape"] for found in image["calcifications"])
    assert document["provenance"]["description_model_hash"]


def test_context_reaches_the_rules(run: AnalyzedRun, exam: tuple[Path, dict[str, str]]) -> None:
    """What a person states is used, and stands in the result."""
    context = exam[0].parent / "context.json"
    context.write_text('{"exam_context": "diagnostic", "left": {"treated": true}}')
    stated = analyze_files(
        [exam[0] / "good-0.dcm"],
        run.out.with_name("stated"),
        options=AnalyzeOptions(workers=1, context=context),
    )
    (examination,) = read(stated)["examinations"]
    assert examination["stated"] == {"exam_context": "diagnostic", "left.treated": "yes"}
    assert "exam_context" not in examination["breasts"][0]["missing"]


def test_bad_context_ends_the_run_at_once(tmp_path: Path) -> None:
    """A context file that cannot be used is refused before anything is analyzed."""
    context = tmp_path / "context.json"
    context.write_text('{"age": 400}')
    with pytest.raises(BadContext, match="age 400 is not between 0 and 120"):
        analyze_files([tmp_path], tmp_path / "out", options=AnalyzeOptions(context=context))
    assert not (tmp_path / "out").exists()


def test_error_in_reading_costs_one_examination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody foresaw in the reading of an examination costs its images; they are listed."""
    (tmp_path / "in").mkdir()
    write_poisoned(tmp_path / "in")
    other = left_cc(stored(4), PatientID="OTHER", SOPInstanceUID="1.2.3.8")
    (tmp_path / "in" / "other.dcm").write_bytes(file_bytes(other))

    def stumbling(images: Sequence[ImageFindings], **given: Any) -> ExaminationFindings:
        if images[0].description.patient_id == "OTHER":
            raise RuntimeError("cannot read SECRET^NAME")
        return analyze_exam(images, **given)

    monkeypatch.setattr("calcwatch.exam.read.analyze_exam", stumbling)
    run = analyze_files([tmp_path / "in"], tmp_path / "out", options=AnalyzeOptions(workers=1))
    assert [(Path(refused.source).name, refused.reason_code) for refused in run.not_analyzed] == [
        ("other.dcm", "program_error")
    ]
    assert "SECRET" not in run.not_analyzed[0].message
    assert len(read(run)["images"]) == len(list((run.out / "overlays").iterdir())) == 3


def test_number_of_workers_changes_nothing(run: AnalyzedRun, exam: tuple[Path, dict[str, str]]) -> None:
    """Another run with another number of workers gives the same files, byte for byte."""
    again = analyze_files(paths_of(exam[0]), run.out.with_name("again"), options=AnalyzeOptions(workers=1))
    assert contents(again.out) == contents(run.out)


def test_events_tell_of_every_file(run: AnalyzedRun, events: list[ProgressEvent]) -> None:
    """Progress counts every file that is opened, and tells no patient data."""
    assert [event.done for event in events] == list(range(events[0].total + 1))
    assert events[-1].done == events[-1].total == 9
    assert sum(event.outcome == "analyzed" for event in events) == 2
    assert all(0 < (event.seconds or 0) < 60 for event in events[1:])
    assert "SECRET" not in repr(events)
    assert "19500102" not in repr(events)
    assert read(run)["images"][0]["patient_id"] == "SECRET-ID"
    assert "SECRET^NAME" not in (run.out / "findings.json").read_text()
    assert "SECRET" not in repr(run.not_analyzed)


def test_worker_that_dies_loses_its_own_file_only(tmp_path: Path) -> None:
    """A process that dies in the middle of a file costs that file, which is listed; the rest is analyzed."""
    (tmp_path / "in").mkdir()
    write_poisoned(tmp_path / "in")
    options = AnalyzeOptions(workers=2, detector=NamedDetector(dying_detector, "dying"))
    run = analyze_files([tmp_path / "in"], tmp_path / "out", options=options)
    assert [(Path(refused.source).name, refused.reason_code) for refused in run.not_analyzed] == [
        ("a-poison.dcm", "worker_ended")
    ]
    assert "exit status 5" in run.not_analyzed[0].message
    assert len(read(run)["images"]) == len(list((run.out / "overlays").iterdir())) == 2
    assert read(run)["provenance"]["model"]["name"] == "dying"


def test_error_in_a_detector_costs_one_file(tmp_path: Path) -> None:
    """An error nobody foresaw costs one file; its text, which may quote a header, is not repeated."""
    (tmp_path / "in").mkdir()
    write_poisoned(tmp_path / "in")
    options = AnalyzeOptions(workers=1, detector=NamedDetector(raising_detector, "raising"))
    run = analyze_files([tmp_path / "in"], tmp_path / "out", options=options)
    (refused,) = run.not_analyzed
    assert refused.reason_code == "program_error"
    assert "a mistake of calcwatch (test_analyze.py:" in refused.message
    assert "RuntimeError" not in refused.message
    assert "SECRET" not in (run.out / "report.html").read_text().replace("SECRET-ID", "")


def test_the_same_image_twice_is_one_image(tmp_path: Path) -> None:
    """A copy counts nothing twice; one picture of two women, and one UID of two pictures, are errors."""
    pixels, other = stored(1), stored(2)
    files = {
        "a.dcm": left_cc(pixels, SOPInstanceUID="1.2.3.1"),
        "b-copy.dcm": left_cc(pixels, SOPInstanceUID="1.2.3.1"),
        "c-sent-again.dcm": left_cc(pixels, SOPInstanceUID="1.2.3.2", SeriesNumber=7),
        "d-of-another.dcm": left_cc(pixels, SOPInstanceUID="1.2.3.3", PatientID="OTHER-ID"),
        "e-same-uid.dcm": left_cc(other, SOPInstanceUID="1.2.3.1"),
    }
    (tmp_path / "in").mkdir()
    for name, dataset in files.items():
        (tmp_path / "in" / name).write_bytes(file_bytes(dataset))
    run = analyze_files([tmp_path / "in"], tmp_path / "out", options=AnalyzeOptions(workers=1))
    assert [Path(image.description.source).name for image in run.images] == ["a.dcm"]
    assert [(Path(refused.source).name, refused.reason_code) for refused in run.not_analyzed] == [
        ("b-copy.dcm", "already_found"),
        ("c-sent-again.dcm", "already_found"),
        ("d-of-another.dcm", "unsuitable"),
        ("e-same-uid.dcm", "unsuitable"),
    ]
    assert run.error_count == 2
    assert [overlay.name for overlay in (run.out / "overlays").iterdir()] == ["0001-a.png"]
    checked = list(check_files([tmp_path / "in"], None, GivenAttributes()))
    assert [(file.will_be_analyzed, file.is_error) for file in checked] == [
        (True, False),
        (False, False),
        (False, False),
        (False, True),
        (False, True),
    ]


def test_statement_that_two_ids_are_one_woman(tmp_path: Path) -> None:
    """Images under two Patient IDs are read together once a person says that they are one woman's."""
    for number, patient in enumerate(("12", "0012")):
        dataset = left_cc(stored(number + 1), SOPInstanceUID=f"1.2.3.{number}", PatientID=patient)
        (tmp_path / f"{number}.dcm").write_bytes(file_bytes(dataset))
    options = AnalyzeOptions(workers=1, given=GivenAttributes(patient_id="12"))
    paths = [tmp_path / "0.dcm", tmp_path / "1.dcm"]
    assert len(analyze_files(paths, tmp_path / "out").examinations) == 2
    assert len(analyze_files(paths, tmp_path / "stated", options=options).examinations) == 1


def test_former_result_inside_the_input_is_no_input(tmp_path: Path) -> None:
    """A result written into the folder that is searched is not taken for input by the next run."""
    (path,) = write_good(tmp_path, 1)
    first = analyze_files([tmp_path], tmp_path / "result", options=AnalyzeOptions(workers=1))
    before = contents(first.out)
    second = analyze_files([tmp_path], tmp_path / "result", options=AnalyzeOptions(workers=1))
    assert [image.description.source for image in second.images] == [str(path)]
    assert second.not_analyzed == ()
    assert contents(second.out) == before


def test_nothing_to_analyze(tmp_path: Path) -> None:
    """An empty folder gives a result without images and without errors."""
    (tmp_path / "in").mkdir()
    run = analyze_files([tmp_path / "in"], tmp_path / "out")
    assert (run.images, run.not_analyzed) == ((), ())
    assert read(run)["images"] == []


def test_other_files_are_never_overwritten(tmp_path: Path) -> None:
    """A folder with other files is refused before anything is analyzed."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ResultNotWritten):
        analyze_files([tmp_path], tmp_path, options=AnalyzeOptions(given=GivenAttributes()))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 256 KiB; only the administrator can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs to mount a small disk, which only the administrator may")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_full_disk_ends_the_run(tmp_path: Path, small_disk: Path) -> None:
    """A disk that fills up ends the run with the reason and leaves nothing; no file is blamed for it."""
    paths = write_good(tmp_path)
    with pytest.raises(ResultNotWritten, match=r"out: No space left on device; .*make room"):
        analyze_files(paths, small_disk / "out", options=AnalyzeOptions(workers=1))
    assert list(small_disk.iterdir()) == []


def test_names_no_file_system_likes(tmp_path: Path) -> None:
    """Names with markup, line ends, bytes that are no UTF-8 or 250 letters are analyzed and written."""
    names = [b"<script>x.dcm", b"=cmd\n.dcm", b"caf\xe9.dcm", b"x" * 250]
    for path, name in zip(write_good(tmp_path, 5), names, strict=False):
        path.rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    run = analyze_files([tmp_path], tmp_path / "out", options=AnalyzeOptions(workers=2))
    assert run.not_analyzed == ()
    assert len(read(run)["images"]) == len(list((run.out / "overlays").iterdir())) == 5
    assert r"caf\xe9.dcm" in " ".join(image["source"] for image in read(run)["images"])
    assert "<script>" not in (run.out / "report.html").read_text(encoding="utf-8")


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def wait_until(condition: Any, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def start(folder: Path, out: Path) -> subprocess.Popen[str]:
    """Start the command as a user would and wait until the first file is done."""
    # a shell that starts its jobs in the background has them ignore Ctrl-C
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heeds}; from calcwatch.cli.main import main; main()"]
    command += ["analyze", str(folder)]
    command += ["--out", str(out), "--workers", "2", "--json-progress"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["done"] < 1:
        pass
    return process


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_killed_run_leaves_no_half_written_result(tmp_path: Path) -> None:
    """A run killed by kill -9 leaves no result and no process; the next run succeeds and clears up."""
    (tmp_path / "in").mkdir()
    write_good(tmp_path / "in", 4)
    out = tmp_path / "out"
    process = start(tmp_path / "in", out)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    assert wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    run = analyze_files([tmp_path / "in" / "good-0.dcm"], out, options=AnalyzeOptions(workers=1))
    assert len(run.images) == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "out"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_ends_clean(tmp_path: Path, number: signal.Signals, status: int) -> None:
    """Ctrl-C and a polite kill end the run with a status, without traceback, files or processes left."""
    (tmp_path / "in").mkdir()
    write_good(tmp_path / "in", 8)
    process = start(tmp_path / "in", tmp_path / "out")
    workers = children(process.pid)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in errors
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in"]
    assert wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def description(
    patient: str | None = None, date: str | None = None, study: str | None = None
) -> ImageDescription:
    return ImageDescription("x.dcm", patient_id=patient, study_date=date, study_instance_uid=study)


@pytest.mark.parametrize(
    ("images", "grouped"),
    [
        ([], ()),
        ([description("P", "20250102", "1.2"), description("P", "20250102", "1.2")], ((0, 1),)),
        (
            [
                description("P", "20250102"),
                description("Q", "20250102"),
                description("P", "20250102"),
            ],
            ((0, 2), (1,)),
        ),
        ([description("P", "20250102"), description("P", "20260102")], ((0,), (1,))),
        ([description("P", "20250102", "1.2"), description("P", "20250102", "1.3")], ((0,), (1,))),
        ([description("P", study="1.2"), description("Q", study="1.2")], ((0,), (1,))),
        ([description("P", study="1.2"), description(study="1.2")], ((0,), (1,))),
        ([description(study="1.2"), description(study="1.2")], ((0, 1),)),
        ([description("P"), description("P"), description("P", "20250102")], ((0, 1), (2,))),
        ([description(), description()], ((0,), (1,))),
        ([description(date="20250102"), description(date="20250102")], ((0,), (1,))),
    ],
    ids=[
        "nothing",
        "same woman, day and study",
        "two women, in the order of their first images",
        "two days",
        "two studies",
        "study of two patients",
        "patient of one only",
        "study alone",
        "patient alone, and one with a date",
        "nothing known",
        "date alone",
    ],
)
def test_images_that_belong_together(
    images: list[ImageDescription], grouped: tuple[tuple[int, ...], ...]
) -> None:
    """Images are one examination when all that identifies them is the same, never when any part differs."""
    assert group_images(images) == grouped


def test_examinations_are_read_with_what_is_stated() -> None:
    """Each examination is read by the rules with what is stated of its woman alone."""
    mine = described()
    hers = replace(mine, description=replace(mine.description, patient_id="PHANTOM-2"))
    other = described("L-MLO.dcm", view=ViewPosition.MLO, uid="g2")
    contexts = StatedContexts(patients={"PHANTOM-2": ClinicalContext(age=61)})
    table, suspicion = read_rules(), suspicion_model()
    read, failed = read_examinations([mine, hers, other], table=table, suspicion=suspicion, contexts=contexts)
    assert failed == {}
    assert [examination.places for examination in read] == [(0, 2), (1,)]
    assert [examination.stated for examination in read] == [(), (("age", "61"),)]
    assert [len(examination.findings.groups) for examination in read] == [2, 1]
    assert read[0].questions == table.questions
    with pytest.raises(BadContext):
        only = StatedContexts(ClinicalContext(age=61), source="context.json")
        read_examinations([mine, hers], table=table, suspicion=suspicion, contexts=only)


def test_each_day_hears_what_is_stated_of_its_findings() -> None:
    """A statement reaches the day of its group alone; one of no group is told on every day of hers."""
    first = described()
    second = replace(
        described("L-MLO.dcm", view=ViewPosition.MLO, uid="g2"),
        description=replace(first.description, source="later.dcm", study_date="20250101"),
    )
    named = tuple(
        NamedFinding(statement=FindingStatement(known_cancer=True), tracking_uid=uid)
        for uid in (first.groups[0].tracking_uid, "nobody")
    )
    contexts = StatedContexts(ClinicalContext(findings=named), source="context.json")
    table, suspicion = read_rules(), suspicion_model()
    read, failed = read_examinations([first, second], table=table, suspicion=suspicion, contexts=contexts)
    assert failed == {}
    shown = [day.findings.groups[0].assessment.suggested_category for day in read]
    assert (shown[0], shown[1] != "6") == ("6", True)
    told = [[note for breast in day.findings.breasts for note in breast.notes] for day in read]
    assert [sum("nobody" in note for note in notes) for notes in told] == [1, 1]
    assert [day.stated for day in read] == [(("findings", "2"),), (("findings", "1"),)]
    with pytest.raises(BadContext, match="stated twice"):
        twice = StatedContexts(ClinicalContext(findings=named[:1] * 2), source="context.json")
        read_examinations([first, second], table=table, suspicion=suspicion, contexts=twice)
