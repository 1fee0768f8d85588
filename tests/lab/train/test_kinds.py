"""Kinds and suspicion of groups: labels of readers, the fit, and the file it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, GroupKind, Morphology
from calcwatch.image.describe.group_features import GROUP_FEATURES
from calcwatch.image.describe.kind import (
    CONTEXT_FEATURES,
    KIND_CLASSES,
    KindModel,
    LinearModel,
    classify_kinds,
)
from calcwatch.models.learned import kind_model, suspicion_sources
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.cli import train
from calcwatch_lab.cli.main import app as lab
from calcwatch_lab.group_labels import Alarm, ReadGroup, read_groups
from calcwatch_lab.seeds import KIND_PHANTOMS
from calcwatch_lab.train.kinds.fit import LabeledPieces, fit_kinds
from calcwatch_lab.train.kinds.phantoms import phantom_pieces, true_kinds
from calcwatch_lab.train.kinds.pieces import MeasuredPieces
from calcwatch_lab.train.kinds.run import with_labels, write_kinds
from calcwatch_lab.train.kinds.settings import KindTraining

KINDS = len(KIND_CLASSES)
VASCULAR, SUSPICIOUS = GroupKind.VASCULAR, GroupKind.SMALL_SUSPICIOUS
NEEDS = 'needs scikit-learn: pip install "calcwatch[train]"'


def marks(*columns: float) -> NDArray[np.float64]:
    return np.array([(100.0, column) for column in columns])


def one_piece(own: NDArray[np.float64]) -> MeasuredPieces:
    """An image of one piece, 0.1 mm a pixel."""
    return MeasuredPieces("a.png", "P1", 0.1, np.zeros((1, 3)), (own * 0.1,), (own,))


def said(where: NDArray[np.float64], kind: GroupKind = VASCULAR, alarm: Alarm = Alarm.BENIGN) -> ReadGroup:
    return ReadGroup(where, (kind,), (alarm,))


@pytest.mark.parametrize(
    ("piece", "labeled", "holds"),
    [
        ((0, 20, 40, 60), (0, 20), True),  # half of the piece is labeled
        ((0, 20, 40, 60, 80), (0, 20), False),  # less than half
        ((0, 20), (0, 20, 400, 420, 440), True),  # the piece is two fifths of the group
        ((0, 20), (0, 20, 400, 420, 440, 460), False),  # the piece is a third
        ((0, 20), (9, 29), True),  # within 1 mm
        ((0, 20), (-11, 31), False),
    ],
)
def test_a_label_holds_where_most_marks_are_the_same(
    piece: tuple[float, ...], labeled: tuple[float, ...], holds: bool
) -> None:
    """Half of the piece's marks, and two fifths of the group's."""
    image = with_labels(one_piece(marks(*piece)), [said(marks(*labeled))])
    assert bool(image.kinds[0, KIND_CLASSES.index(VASCULAR)]) is holds
    assert bool(np.isfinite(image.alarm[0])) is holds


def test_readers_who_differ_share_a_piece() -> None:
    """Two words, half each; alarms are a mean in which probably benign counts little."""
    group = ReadGroup(marks(0, 20), (VASCULAR, SUSPICIOUS), (Alarm.PROBABLY_BENIGN, Alarm.SUSPICIOUS))
    image = with_labels(one_piece(marks(0, 20)), [group])
    assert image.kinds[0, KIND_CLASSES.index(VASCULAR)] == 0.5
    assert image.kinds[0, KIND_CLASSES.index(SUSPICIOUS)] == 0.5
    assert image.alarm[0] == pytest.approx((KindTraining().probably_benign + 1) / 2)
    stricter = with_labels(one_piece(marks(0, 20)), [group], settings=KindTraining(probably_benign=0.5))
    assert stricter.alarm[0] == 0.75


def test_a_label_without_marks_holds_for_nothing() -> None:
    """A group whose calcifications nobody marked cannot be found again."""
    image = with_labels(one_piece(marks(0, 20)), [said(np.zeros((0, 2)))])
    assert not image.kinds.any()
    assert np.isnan(image.alarm[0])


def tables(
    tmp_path: Path, *rows: str, head: str = "group,file,what_1,alarm_1,what_2,alarm_2"
) -> tuple[Path, Path]:
    groups, places = tmp_path / "groups.csv", tmp_path / "marks.csv"
    groups.write_text("\n".join([head, *rows]) + "\n")
    places.write_text("group,file,row,column\ng1,a.png,1,2\ng1,a.png,3,4\n")
    return groups, places


def test_tables_of_readers_are_read(tmp_path: Path) -> None:
    """Words of both readers; one who could not tell, or left the cell empty, says nothing."""
    (first, second) = read_groups(
        *tables(
            tmp_path,
            "g1,in/a.png,vascular,benign,typically_benign_other,none",
            "g2,a.png,cannot_tell,,amorphous,highly_suspicious",
        )
    )["a.png"]
    assert first.marks.tolist() == [[1, 2], [3, 4]]
    assert first.kinds == (VASCULAR, GroupKind.TYPICALLY_BENIGN)
    assert first.alarms == (Alarm.BENIGN, Alarm.BENIGN)
    assert second.kinds == (SUSPICIOUS,)
    assert second.alarms == (Alarm.SUSPICIOUS,)
    assert second.marks.shape == (0, 2)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("g1,a.png,star,benign,,", r"groups\.csv, line 3: what_1 is 'star'"),
        ("g1,a.png,vascular,loud,,", r"groups\.csv, line 3: alarm_1 is 'loud'"),
        ("g1,a.png,vascular,,,", r"groups\.csv, line 3: alarm_1 is ''"),
    ],
)
def test_words_that_nobody_knows_are_refused(tmp_path: Path, row: str, words: str) -> None:
    """File and line are named."""
    with pytest.raises(BadTable, match=words):
        read_groups(*tables(tmp_path, "g1,a.png,vascular,benign,,", row))


def test_tables_without_their_columns_are_refused(tmp_path: Path) -> None:
    """No reader, a reader without alarms, marks that are no numbers."""
    with pytest.raises(BadTable, match=r"line 2: .*what_N and alarm_N"):
        read_groups(*tables(tmp_path, "g1,a.png", head="group,file"))
    with pytest.raises(BadTable, match=r"line 2: .*what_N and alarm_N"):
        read_groups(*tables(tmp_path, "g1,a.png,vascular", head="group,file,what_1"))
    groups, places = tables(tmp_path, "g1,a.png,vascular,benign,,")
    places.write_text("group,file,row,column\ng1,a.png,1,here\n")
    with pytest.raises(BadTable, match=r"marks\.csv, line 2: column is 'here'"):
        read_groups(groups, places)


def women(count: int, seed: int = 1) -> list[LabeledPieces]:
    """Pieces whose kind is a plain feature each, all kinds in each woman; suspicious ones alarm."""
    rng = np.random.default_rng(seed)
    truth = np.tile(np.eye(KINDS), (2, 1))
    images = []
    for number in range(count):
        features = 4 * truth + rng.normal(0, 0.3, truth.shape)
        features = np.concatenate([features, np.full((len(truth), 1), 0.5)], axis=1)  # one that never changes
        alarm = truth[:, KIND_CLASSES.index(SUSPICIOUS)]
        places = tuple(np.array([(50.0 * place, 0.0), (50.0 * place, 1.0)]) for place in range(len(truth)))
        images.append(LabeledPieces(f"P{number}", features, places, truth.copy(), alarm.copy()))
    return images


def test_kinds_of_a_woman_nobody_saw_are_recovered() -> None:
    """Nine women with plain pieces: kinds and suspicion of a tenth are right."""
    pytest.importorskip("sklearn", reason=NEEDS)
    *seen, left = women(10)
    model = fit_kinds(
        seen, settings=KindTraining(alone_strength=1.0, beside_strength=1.0, alarm_strength=1.0)
    )
    kinds, suspicion = classify_kinds(left.features, left.places_mm, model)
    assert kinds.argmax(axis=1).tolist() == left.kinds.argmax(axis=1).tolist()
    assert suspicion[left.alarm == 1].min() > 0.8
    assert suspicion[left.alarm == 0].max() < 0.2


def test_a_feature_that_never_changed_tells_nothing() -> None:
    """In a breast where it is suddenly another, kinds stay what they are."""
    pytest.importorskip("sklearn", reason=NEEDS)
    *seen, left = women(9)
    model = fit_kinds(seen)
    before, _ = classify_kinds(left.features, left.places_mm, model)
    left.features[:, -1] = 1.0
    after, _ = classify_kinds(left.features, left.places_mm, model)
    assert after == pytest.approx(before, abs=0.02)
    assert (model.alone.scale > 0).all()


def test_unlabeled_pieces_and_images_without_pieces_are_no_hindrance() -> None:
    """They count as neighbors only; the fit of the labeled ones is there."""
    pytest.importorskip("sklearn", reason=NEEDS)
    images = women(9)
    images[0].kinds[:3] = 0
    images[0].alarm[:3] = np.nan
    empty = LabeledPieces("P99", np.zeros((0, 6)), (), np.zeros((0, KINDS)), np.zeros(0))
    kinds, _ = classify_kinds(images[0].features, images[0].places_mm, fit_kinds([*images, empty]))
    assert kinds.argmax(axis=1).tolist() == images[1].kinds.argmax(axis=1).tolist()


def test_phantoms_count_by_their_weight() -> None:
    """A phantom that contradicts the women decides only when it counts much; suspicion does not hear it."""
    pytest.importorskip("sklearn", reason=NEEDS)
    *seen, left = women(9)
    shifted = np.roll(left.kinds, 1, axis=0)
    unsaid = np.full(len(left.alarm), np.nan)
    phantoms = [
        [
            LabeledPieces(f"phantom {n}", left.features, left.places_mm, shifted, unsaid, weight)
            for n in range(9)
        ]
        for weight in (0.01, 100.0)
    ]
    light, heavy = (
        classify_kinds(left.features, left.places_mm, fit_kinds([*seen, *made]))[0] for made in phantoms
    )
    assert light.argmax(axis=1).tolist() == left.kinds.argmax(axis=1).tolist()
    assert heavy.argmax(axis=1).tolist() == shifted.argmax(axis=1).tolist()


def test_pieces_of_phantoms_are_what_their_calcifications_truly_are() -> None:
    """An artery's marks are vascular, marks beside everything are no calcification; nobody said more."""
    made = phantom_pieces(KIND_PHANTOMS.first)
    assert len(made.features) == len(made.kinds) == len(made.places_mm) > 0
    assert made.kinds.sum(axis=1) == pytest.approx(np.ones(len(made.kinds)))
    assert np.isnan(made.alarm).all()
    assert 0 < made.weight < 1
    artery = make_examination(
        3,
        settings=PhantomSettings(
            views=(ViewPosition.CC,), groups=(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR),)
        ),
    )
    truth = artery.images[0].truth.calcifications
    on = np.array([(true.row, true.column) for true in truth[:3]])
    away = np.array([(5.0, 5.0)])
    assert true_kinds(on, truth, 3.0)[KIND_CLASSES.index(VASCULAR)] == pytest.approx(1)
    shares = true_kinds(np.concatenate([on, away]), truth, 3.0)
    assert shares[KIND_CLASSES.index(GroupKind.NOT_A_CALCIFICATION)] == pytest.approx(0.25)


def a_linear(outputs: int, inputs: int, seed: int) -> LinearModel:
    rng = np.random.default_rng(seed)
    return LinearModel(
        rng.normal(size=inputs),
        rng.uniform(0.5, 2, inputs),
        rng.normal(size=(outputs, inputs)),
        rng.normal(size=outputs),
        limit=4.0,
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Weights to six digits, and the women and numbers of what they were fitted to."""
    width = len(GROUP_FEATURES)
    model = KindModel(
        a_linear(KINDS, width, 1),
        a_linear(KINDS, width + CONTEXT_FEATURES, 2),
        a_linear(1, width + KINDS, 3),
        elsewhere=0.0625,
        slope=1.25,
        intercept=-0.5,
    )
    write_kinds(tmp_path, model, women(2), phantoms=0, source="by hand")
    (tmp_path / "suspicion.json").write_text('{"reference": {"source": "nobody"}}')
    again = kind_model(tmp_path)
    for name in ("alone", "beside", "alarm"):
        for part in ("mean", "scale", "weights", "bias"):
            assert getattr(getattr(again, name), part) == pytest.approx(
                getattr(getattr(model, name), part), abs=1e-6
            )
    assert (again.slope, again.intercept) == (1.25, -0.5)
    sources = suspicion_sources(tmp_path)
    assert (sources.groups, sources.group_count, sources.women) == ("by hand", 20, ("P0", "P1"))
    assert json.loads((tmp_path / "kinds.json").read_text())["suspicious_groups"] == 4


def test_without_scikit_learn_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses before the images are measured."""
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    words = ["--images", "i.csv", "--groups", "g.csv", "--marks", "m.csv", "--out", str(tmp_path)]
    result = CliRunner().invoke(lab, ["train", "kinds", *words])
    assert result.exit_code != 0
    assert "scikit-learn" in str(result.exception) + result.output
