"""The whole bench on two small phantoms and a small labeled folder: files, words, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from calcwatch.domain.errors import BadTable, ResultNotWritten, UnsuitableImage
from calcwatch.domain.image import Mammogram
from calcwatch.image.find.detections import kept
from calcwatch.models.cards import DETECTOR, BadModel, card_entries
from calcwatch.phantom.settings import PhantomSettings
from calcwatch_lab.bench.detection.evidence import plain
from calcwatch_lab.bench.detection.measure import (
    FIGURES,
    PAGE,
    PLOTS,
    WORST,
    DetectionOptions,
    NothingToMeasure,
    cases_of,
    measure_detection,
)
from calcwatch_lab.bench.detection.run import CLASSICAL, Contender, contenders_of, run_cases
from calcwatch_lab.bench.statistics.intervals import Estimate
from calcwatch_lab.bench.truth.truth import Case, Truth
from calcwatch_lab.cli import bench as command
from calcwatch_lab.parallel import TaskFailed
from tests.image.pictures import add_blob, half_round_breast

SMALL = PhantomSettings(field_mm=(90, 70), pixel_spacing_mm=0.1)


def detect_nothing(image: Any, breast: Any, settings: Any) -> Any:
    """A detector that believes in nothing."""
    found = CLASSICAL.detector(image, breast, settings)
    return kept(found, np.zeros(found.score.size, bool))


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three pictures with image labels: with blobs, without, and one nobody can analyze."""
    folder = tmp_path_factory.mktemp("archive")
    empty = half_round_breast()
    pictures = {
        "blobs": add_blob(add_blob(empty, 150, 80, height=0.3), 160, 95, height=0.3),
        "plain": empty,
        "black": empty * 0,
    }
    for name, picture in pictures.items():
        Image.fromarray((picture * 65535).astype(np.uint16)).save(folder / f"{name}.png")
    (folder / "labels.csv").write_text(
        "file,patient,calcifications,pixel_spacing_mm\n"
        "blobs.png,P1,1,0.1\nplain.png,P2,0,0.1\nblack.png,P3,0,0.1\n"
    )
    return folder


@pytest.fixture(scope="module")
def written(labeled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of two phantoms, one shift and the labeled folder, for two contenders."""
    out = tmp_path_factory.mktemp("evidence")
    both = (CLASSICAL, Contender("nothing", detect_nothing, "ab12"))
    measure_detection(options(labeled), out, contenders=both, workers=1)
    return out


def options(labeled: Path) -> DetectionOptions:
    """Two small phantoms, one with look-alikes, the labeled folder without one patient."""
    return DetectionOptions(phantoms=2, shifts=0, lookalikes=1, labeled=(labeled,), settings=SMALL)


def test_the_page_tells_what_was_found(written: Path) -> None:
    """Every part is there, the images that were refused too; every plot named lies beside."""
    page = (written / PAGE).read_text(encoding="utf-8")
    for head in (
        "What was asked",
        "Data sets",
        "Single calcifications",
        "Groups",
        "Whole images",
        "Outlines",
    ):
        assert f"\n## {head}\n" in page
    assert "black.png" in page.partition("## Not analyzed")[2]
    named = re.findall(r"\]\((detector-[\w-]+\.svg)\)", page)
    assert sorted(named) == sorted(path.name for path in written.glob("*.svg"))
    assert len(named) == len(PLOTS) - 1  # nothing was shifted
    assert "nothing `ab12`" in page
    assert "## Shifts" not in page
    assert "nan" not in page


def test_the_figures_are_those_of_the_page(written: Path) -> None:
    """A detector that finds nothing has a sensitivity of 0 and no false marks; the other finds some."""
    figures = json.loads((written / FIGURES).read_text(encoding="utf-8"))
    assert [contender["name"] for contender in figures["contenders"]] == ["classical", "nothing"]
    phantoms = figures["data_sets"]["phantoms"]
    assert phantoms["nothing"]["marks"]["per_cm2"]["all"][1]["value"] == 0.0
    assert phantoms["nothing"]["marks"]["reported"]["false per image"]["value"] == 0.0
    assert phantoms["classical"]["marks"]["per_cm2"]["all"][1]["value"] > 0.3
    (archive,) = [figures["data_sets"][name] for name in figures["data_sets"] if name.startswith("archive")]
    assert archive["classical"]["image_area"]["value"] == 1.0
    assert archive["nothing"]["image_area"]["value"] == 0.5
    assert (archive["classical"]["images"], archive["classical"]["marks"]) == (2, None)
    worst = (written / WORST).read_text(encoding="utf-8")
    assert "archive0,blobs.png,nothing,image without a mark,,,0.000," in worst
    assert "phantoms,9000 CC reference,nothing,missed calcification," in worst


def test_the_same_run_writes_the_same_bytes(written: Path, labeled: Path, tmp_path: Path) -> None:
    """Another run with two workers writes the same files; those of a former run go, others stay."""
    (tmp_path / "detector-shifts.svg").write_text("of a former run")
    (tmp_path / "notes.txt").write_text("mine")
    both = (CLASSICAL, Contender("nothing", detect_nothing, "ab12"))
    measure_detection(options(labeled), tmp_path, contenders=both, workers=2)
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "notes.txt"}
    assert again == {path.name: path.read_bytes() for path in written.iterdir()}
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_patients_that_trained_are_left_out(labeled: Path) -> None:
    """Those named and those that trained a contender; the count says how many."""
    given = DetectionOptions(
        phantoms=0, shifts=0, lookalikes=0, labeled=(labeled,), leave_out=frozenset({"P3", "P9"})
    )
    cases, left_out = cases_of(given, frozenset({"P2"}))
    assert [case.patient for case in cases] == ["P1"]
    assert left_out == {labeled.name: 2}
    with pytest.raises(BadTable, match="no image is left"):
        cases_of(given, frozenset({"P1", "P2"}))


def test_contenders_come_from_their_cards(tmp_path: Path) -> None:
    """A model's card gives its name and whom it has seen; a folder without a model is refused."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "detector-patch.onnx").write_bytes(b"look")
        (tmp_path / name / "detector-context.onnx").write_bytes(b"weigh")
        card = {"name": "learned", "candidates": 9, "trained_on": ["P1"], "weighed_on": ["P2"]}
        (tmp_path / name / "detector.json").write_text(json.dumps(card | card_entries(DETECTOR)))
    classical, one, two = contenders_of([tmp_path / "one", tmp_path / "two"])
    assert (classical.name, one.name, two.name) == ("classical", "learned", "learned (two)")
    assert one.trained_on == {"P1", "P2"}
    assert len(one.model_hash) == 64
    with pytest.raises(BadModel, match="no model here"):
        contenders_of([tmp_path])


def test_backgrounds_are_images_without_calcifications(labeled: Path) -> None:
    """Only images labeled 0 are inserted into, each twice."""
    given = DetectionOptions(phantoms=0, shifts=0, lookalikes=0, backgrounds=(labeled,))
    cases, _ = cases_of(given, frozenset())
    assert [case.patient for case in cases] == ["P2", "P2", "P3", "P3"]


def test_what_cannot_be_measured_is_refused(labeled: Path, tmp_path: Path) -> None:
    """No images, one table for two folders, a place that is a file."""
    nothing = DetectionOptions(phantoms=0, shifts=0, lookalikes=0)
    with pytest.raises(NothingToMeasure, match="ask for --phantoms"):
        measure_detection(nothing, tmp_path)
    two = DetectionOptions(labeled=(labeled, tmp_path), table=labeled / "labels.csv")
    with pytest.raises(NothingToMeasure, match="--table names the labels of one folder"):
        cases_of(two, frozenset())
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultNotWritten, match="cannot write to"):
        measure_detection(options(labeled), tmp_path / "file")


def load_black() -> tuple[Mammogram, Truth]:
    """An image that is refused."""
    raise UnsuitableImage("all black")


def load_broken() -> tuple[Mammogram, Truth]:
    """A mistake of ours."""
    raise ZeroDivisionError("by nothing")


def test_a_refused_image_is_told_and_a_mistake_ends_the_run() -> None:
    """An image that cannot be analyzed is an outcome; anything else is an error that names the image."""
    done: list[tuple[int, int]] = []
    (refused,) = run_cases(
        [Case("set", "P1", "black", load_black)], [CLASSICAL], workers=1, on_done=lambda *at: done.append(at)
    )
    assert (refused.refused, refused.images) == ("all black", {})
    assert done == [(1, 1)]
    with pytest.raises(TaskFailed, match=r"set broken: Traceback[\s\S]*by nothing"):
        run_cases([Case("set", "P1", "broken", load_broken)], [CLASSICAL], workers=1)


def test_figures_for_a_program() -> None:
    """Numbers have four digits; minus zero is zero; JSON has no nan."""
    assert plain((Estimate(float("nan"), -0.00001), np.arange(2), {"a": np.float64(1.23456)})) == [
        {"value": None, "low": 0.0, "high": None},
        [0, 1],
        {"a": 1.2346},
    ]


def test_the_command_measures_and_tells(labeled: Path, tmp_path: Path) -> None:
    """Only the labeled folder: the page is written, the last line says where."""
    words = ["detect", "--phantoms", "0", "--labeled", str(labeled), "--workers", "1", "--out", str(tmp_path)]
    result = CliRunner().invoke(command.app, words)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"page: {tmp_path / PAGE}"
    assert "labels as given: classical 1" in result.stdout
    assert (tmp_path / PAGE).is_file()


def test_the_help_has_examples() -> None:
    """The help names every kind of labels and shows whole commands."""
    result = CliRunner().invoke(command.app, ["detect", "--help"], env={"COLUMNS": "120"})
    assert "calcwatch-lab bench detect --phantoms 20 --out evidence" in result.stdout
    assert "y_px_top_origin" in result.stdout
