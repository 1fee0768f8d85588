"""Scenes to learn from, and the answers their candidates get; none of this needs torch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calcwatch.domain.errors import BadTable
from calcwatch.image.find.classify import CANDIDATE_CLASSES, CandidateClass
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch_lab.train.detector.backgrounds import Background, read_backgrounds, vary
from calcwatch_lab.train.detector.examples import LEFT_OUT, make_examples
from calcwatch_lab.train.detector.scenes import Scene, make_scene
from calcwatch_lab.train.detector.settings import DEFAULT, BadTrainingSettings, read_settings

SMALL = PhantomSettings(field_mm=(90, 70), pixel_spacing_mm=0.1, groups=(), non_lesions=())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phantoms without calcifications as PNG files, a table that names them, and a mask for one."""
    folder = tmp_path_factory.mktemp("backgrounds")
    lines = ["file,patient_id,pixel_spacing_mm"]
    for seed in (1, 2):
        image = make_examination(seed, settings=SMALL).images[0]
        cv2.imwrite(str(folder / f"{seed}.png"), (image.stored >> 4).astype(np.uint8))
        lines.append(f"{seed}.png,W{seed},0.1")
    (folder / "normal.csv").write_text("\n".join(lines) + "\n")
    (folder / "masks.csv").write_text("file,row,column,radius_px\n1.png,400,100,30\n")
    return folder / "normal.csv"


def backgrounds(table: Path) -> tuple[Background, ...]:
    """The backgrounds of the table with their masks."""
    return read_backgrounds(table, table.parent / "masks.csv")


def test_a_table_of_backgrounds_is_read_with_its_masks(table: Path) -> None:
    """Women and masked circles are those of the files."""
    first, second = backgrounds(table)
    assert (first.patient, second.patient) == ("W1", "W2")
    assert first.masked == ((400.0, 100.0, 30.0),)
    assert second.masked == ()


def test_a_background_that_is_not_there_is_named(table: Path, tmp_path: Path) -> None:
    """A row whose file is missing is refused with its line."""
    bad = tmp_path / "bad.csv"
    bad.write_text("file\nnothing.png\n")
    with pytest.raises(BadTable, match=r"line 2.*nothing\.png is no file"):
        read_backgrounds(bad, None)


def test_the_same_seed_makes_the_same_scene(table: Path) -> None:
    """Pixels and truth of a scene depend on its seed alone."""
    one, two = (make_scene(5, backgrounds(table), real_share=1.0) for _ in range(2))
    assert np.array_equal(one.mammogram.gray, two.mammogram.gray)
    assert [k.row for k in one.known] == [k.row for k in two.known]
    assert one.mammogram.gray.dtype == np.float32
    assert 0 <= one.mammogram.gray.min() <= one.mammogram.gray.max() <= 1


def test_without_backgrounds_a_scene_is_a_phantom() -> None:
    """Phantoms alone are enough to train on."""
    scene = make_scene(3, (), real_share=0.7)
    assert scene.mammogram.gray.size > 10_000


def _with_something(table: Path) -> Scene:
    scenes = (make_scene(seed, backgrounds(table), real_share=1.0) for seed in range(20))
    return next(s for s in scenes if sum(k.look is CandidateClass.CALCIFICATION for k in s.known) >= 8)


def test_candidates_get_the_answer_of_what_they_lie_on(table: Path) -> None:
    """A candidate called calcification lies on or beside one; most plain ones are found."""
    scene = _with_something(table)
    examples = make_examples(scene, count=1500)
    chosen = examples.answer == CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION)
    assert chosen.any()
    assert 0 < examples.found <= examples.wanted
    frame = examples.image.frame
    real = np.array([(k.row, k.column) for k in scene.known if k.look is CandidateClass.CALCIFICATION])
    for row, column in zip(
        examples.candidates.row[:1500][chosen], examples.candidates.column[:1500][chosen], strict=True
    ):
        place = np.array(frame.to_file(float(row), float(column)))
        assert np.hypot(*(real - place).T).min() * examples.image.working_mm < 6.0


def test_masked_places_teach_nothing(table: Path) -> None:
    """No candidate inside a masked circle is tissue."""
    only_masked = backgrounds(table)[:1]
    for seed in range(6):
        scene = make_scene(seed, only_masked, real_share=1.0)
        mask = next(k for k in scene.known if k.look is None and len(k.outline) == 24)
        examples = make_examples(scene, count=1500)
        corners = np.array(mask.outline)[:, ::-1].astype(np.float32)
        for row, column, answer in zip(
            examples.candidates.row, examples.candidates.column, examples.answer, strict=False
        ):
            y, x = examples.image.frame.to_file(float(row), float(column))
            if cv2.pointPolygonTest(corners, (x, y), measureDist=True) > 3:
                assert answer in (LEFT_OUT, *range(1, len(CANDIDATE_CLASSES)))


def test_varied_images_say_their_new_spacing(table: Path) -> None:
    """Resampled pixels have the spacing that belongs to them."""
    from calcwatch_lab.train.detector.backgrounds import open_background

    original = open_background(backgrounds(table)[0])
    varied, factor = vary(np.random.default_rng(4), original, 0.1)
    assert varied.description.pixel_spacing is not None
    assert varied.description.pixel_spacing.mm == pytest.approx(0.1 * factor)
    assert varied.gray.shape[0] == pytest.approx(original.gray.shape[0] / factor, abs=1)


def test_the_shipped_configuration_is_read() -> None:
    """Every key of the configuration is known and usable."""
    assert read_settings(DEFAULT).learn > 100


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("epochs = ", "epoch = ", "unknown key 'epoch'"),
        ("epochs = ", "epochs = 0 # ", "must be at least 1"),
        ("real_share = ", "real_share = 3 # ", "not between 0 and 1"),
        ("seed = 1", 'seed = "one"', "is not a number"),
        ("[look]", "[looks]", "'look'"),
    ],
)
def test_a_wrong_configuration_is_explained(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "detector.toml"
    path.write_text(DEFAULT.read_text().replace(old, new))
    with pytest.raises(BadTrainingSettings, match=complaint):
        read_settings(path)
