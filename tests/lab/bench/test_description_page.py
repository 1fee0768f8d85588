"""Rated images, and the page that holds every figure of descriptions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.models.learned import suspicion_sources
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.bench.description.measure import SpacingFigures
from calcwatch_lab.bench.description.morphology import TELLABLE_SHAPES
from calcwatch_lab.bench.description.page import FIGURES, page_of, write_description_evidence
from calcwatch_lab.bench.description.pairs import PairCounts
from calcwatch_lab.bench.description.rated import RatedImage, analyze_rated, area_of_suspicion
from calcwatch_lab.bench.statistics.confusion import Classified, confusion
from calcwatch_lab.labels import LabeledImage
from calcwatch_lab.parallel import TaskFailed

SMALL = PhantomSettings(
    field_mm=(100, 80),
    pixel_spacing_mm=0.1,
    groups=(GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=8, density=3.0),),
)


def rated(name: str, birads: str, suspicion: float, notes: str = "", *, calcium: bool = True) -> RatedImage:
    groups = (("vascular", "linear", 12, suspicion),) if suspicion else ()
    label = LabeledImage(path=Path(f"{name}.png"), patient=name, positive=calcium, birads=birads, notes=notes)
    return RatedImage(label, suspicion, groups, {"vascular": 12})


IMAGES = [
    rated("P1", "5", 0.6),
    rated("P2", "4a", 0.3),
    rated("P3", "2", 0.4, "calcificações vasos"),
    rated("P4", "2", 0.1, "microcalcificações"),
    rated("P5", "3", 0.0),
    rated("P6", "1", 0.9),
    rated("P7", "2", 0.9, calcium=False),
    rated("P8", "", 0.9),
]


SHAPES = confusion([Classified("round", "round", "1"), Classified("rim", None, "2")], TELLABLE_SHAPES)
LAYOUTS = confusion(
    [Classified("grouped", "grouped", "1"), Classified("linear", "grouped", "2")], DISTRIBUTION_CLASSES
)
SPACINGS = [
    SpacingFigures(
        0.07,
        {
            "shapes_of_groups": SHAPES,
            "shapes_of_calcifications": SHAPES,
            "shapes_of_planned": SHAPES,
            "distributions": LAYOUTS,
            "distributions_of_found_groups": LAYOUTS,
            "distributions_with_missed": LAYOUTS,
        },
        1,
        PairCounts(20, 19, 20, 1),
    )
]
HASH = "ab" * 32


def test_the_area_is_the_one_worked_out_by_hand() -> None:
    """Two suspicious against three others with calcifications: five of six pairs are in order."""
    area = area_of_suspicion(IMAGES)
    assert area.value == pytest.approx(5 / 6)
    assert area.low <= area.value <= area.high


def test_the_page_holds_what_was_asked_and_reached() -> None:
    """Pairs, matrices, the area, and one row for each image whose notes name vessels; small ones are not."""
    page = page_of(SPACINGS, IMAGES, HASH, "calcwatch-lab bench describe")
    assert "0.950 (19 of 20)" in page
    assert "0.050 (1 of 20)" in page
    assert "| 2 |" in page.replace("  ", " ")
    assert "P3.png" in page
    assert "P4.png" not in page
    assert f"Suspicion was fitted to: {suspicion_sources().groups}" in page


def test_figures_are_written_beside_the_page(tmp_path: Path) -> None:
    """The same command gives the same two files, and the figures are those of the page."""
    page = write_description_evidence(SPACINGS, IMAGES, HASH, tmp_path / "out", "x")
    figures = json.loads((page.parent / FIGURES).read_text())
    assert figures["0.07 mm"]["pairs"] == {"both": 20, "right": 19, "stated": 20, "false": 1}
    assert figures["0.07 mm"]["shapes_of_groups"]["accuracy"] == 0.5
    assert figures["suspicion_auc"][0] == pytest.approx(0.8333)
    bare = page_of(SPACINGS, [], HASH, "x")
    assert "rated" not in bare.lower().replace("where images are rated", "")


def test_images_are_rated_by_a_whole_analysis(tmp_path: Path) -> None:
    """A phantom with a group gets a suspicion, a bad one stops the run by name, a column is asked for."""
    image = make_examination(4, settings=SMALL).images[0]
    cv2.imwrite(str(tmp_path / "a.png"), (image.stored >> 4).astype(np.uint8))
    head = "file,patient,birads,calcifications,pixel_spacing_mm,laterality,view,notes\n"
    (tmp_path / "labels.csv").write_text(head + "a.png,P1,4,1,0.1,L,CC,\nb.png,P2,4,1,0.1,L,CC,\n")
    [answer] = analyze_rated(tmp_path, leave_out=["P2"], workers=1, on_done=lambda done, total: None)
    assert answer.label.is_suspicious
    assert answer.groups
    assert answer.suspicion == answer.groups[0][3] > 0
    with pytest.raises(TaskFailed, match=r"b\.png"):
        analyze_rated(tmp_path, workers=1, on_done=lambda done, total: None)
    (tmp_path / "labels.csv").write_text("file,patient\na.png,P1\n")
    with pytest.raises(BadTable, match="birads"):
        analyze_rated(tmp_path, workers=1, on_done=lambda done, total: None)
