"""The shipped model: whole, small, and the same for any batch and process."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from calcwatch.image.find.detections import Detections
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.cards import (
    DETECTOR,
    DISTRIBUTION,
    MORPHOLOGY,
    SHIPPED,
    BadModel,
    ModelKind,
    card_entries,
    hash_of_files,
    read_card,
)
from calcwatch.models.learned import detector_networks, learned_describer, learned_detector, named_learned
from calcwatch.models.onnx import Network
from tests.image.pictures import add_blob, half_round_breast, mammogram_of


def _found(seed: int = 7) -> Detections:
    picture = add_blob(half_round_breast(seed=seed), 200, 100, height=0.25, sigma_px=1.2)
    image = normalize(mammogram_of(add_blob(picture, 150, 80, height=0.2, sigma_px=1.0)))
    return learned_detector()(image, find_breast(image), AnalysisSettings())


def test_the_model_is_small() -> None:
    """Both networks together are below the 8 MB that a wheel may carry."""
    assert sum((SHIPPED / name).stat().st_size for name in DETECTOR.networks) < 8e6


def test_the_card_says_what_it_is() -> None:
    """The card names the model and the women whose images trained it."""
    card = read_card(SHIPPED, DETECTOR)
    assert card["name"]
    assert card["candidates"] >= 100
    assert isinstance(card["trained_on"], list)


def test_scores_are_probabilities_and_blobs_stand_out() -> None:
    """Both blobs come first, the plain one is believed, and hardly anything of the noise is."""
    found = _found()
    assert 0 <= found.score.min() <= found.score.max() <= 1
    places = {
        (round(float(r)), round(float(c))) for r, c in zip(found.row[:2], found.column[:2], strict=True)
    }
    assert len(places) == 2
    assert found.score[0] > 0.5
    assert found.score[1] > 0.3
    assert np.count_nonzero(found.score > 0.5) <= 4


def test_one_thread_and_two_give_the_same_scores() -> None:
    """The number of threads changes nothing that is written."""
    before = cv2.getNumThreads()
    answers = []
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            detector_networks.cache_clear()
            answers.append(_found().score)
    finally:
        cv2.setNumThreads(before)
        detector_networks.cache_clear()
    assert np.array_equal(np.round(answers[0], 4), np.round(answers[1], 4))


def test_the_detector_travels() -> None:
    """It can be pickled, as a detector that goes to other processes must."""
    detector = pickle.loads(pickle.dumps(learned_detector()))
    image = normalize(mammogram_of(half_round_breast()))
    assert detector(image, find_breast(image), AnalysisSettings()).class_probabilities is not None


def test_a_result_names_the_weights() -> None:
    """Name and hash are those of the files; other weights have another hash."""
    named = named_learned()
    assert named.name == read_card(SHIPPED, DETECTOR)["name"]
    assert named.digest == hash_of_files(SHIPPED, *DETECTOR.networks)
    assert len(hash_of_files(SHIPPED, *DETECTOR.networks)) == 64


@pytest.mark.parametrize("missing", DETECTOR.files)
def test_a_folder_that_is_no_model_is_refused(missing: str, tmp_path: Path) -> None:
    """A missing file is named, before any image is opened."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    (folder / missing).unlink()
    with pytest.raises(BadModel, match=missing):
        learned_detector(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped models."""
    shutil.copytree(SHIPPED, tmp_path / "model")
    return tmp_path / "model"


def spoil(path: Path, **entries: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize("kind", [DETECTOR, MORPHOLOGY, DISTRIBUTION], ids=lambda kind: str(kind.card))
def test_a_model_with_other_classes_is_refused(folder: Path, kind: ModelKind) -> None:
    """Classes in another order or of another name would rename what is found: the card tells."""
    load = learned_detector if kind is DETECTOR else learned_describer
    for classes in (kind.classes[::-1], (*kind.classes[:-1], "star"), kind.classes[:-1]):
        spoil(folder / kind.card, classes=classes)
        with pytest.raises(BadModel, match=rf"{kind.card}: classes are .*{kind.train}"):
            load(folder)


@pytest.mark.parametrize("kind", [DETECTOR, MORPHOLOGY, DISTRIBUTION], ids=lambda kind: str(kind.card))
def test_a_model_with_other_inputs_is_refused(folder: Path, kind: ModelKind) -> None:
    """Inputs of another name, and numbers in another order, are named."""
    load = learned_detector if kind is DETECTOR else learned_describer
    name = next(iter(kind.networks))
    spoil(
        folder / kind.card, inputs={**{each: kind.networks[each] for each in kind.networks}, name: ["else"]}
    )
    with pytest.raises(BadModel, match=rf"{name} are else, but"):
        load(folder)
    spoil(folder / kind.card, **(card_entries(kind) | {"numbers": ["else"]}))
    with pytest.raises(BadModel, match="numbers are else, but"):
        load(folder)


def test_a_card_without_classes_is_refused(folder: Path) -> None:
    """A card as earlier versions wrote it says nothing about the outputs."""
    (folder / DETECTOR.card).write_text('{"name": "mine", "candidates": 1000}')
    with pytest.raises(BadModel, match=r"names no classes and inputs .* train the model again"):
        learned_detector(folder)


def test_a_model_of_an_earlier_version_is_refused_by_name(tmp_path: Path) -> None:
    """The folder that version 0.1 wrote is called so, with the remedy."""
    for name in ("look.onnx", "weigh.onnx", "model.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(BadModel, match=r"a model of calcwatch 0\.1.*calcwatch-lab train detector"):
        learned_detector(tmp_path)


def test_a_network_that_is_another_is_refused(folder: Path) -> None:
    """The weights themselves are held against the card: names of inputs, and number of outputs."""
    patch, context = DETECTOR.networks
    with pytest.raises(BadModel, match="should take features and answer with 9"):
        Network(folder / context, ("features",), 9)
    shutil.copy(folder / context, folder / patch)
    detector = learned_detector(folder)
    image = normalize(mammogram_of(half_round_breast()))
    with pytest.raises(BadModel, match="takes features"):
        detector(image, find_breast(image), AnalysisSettings())
    (folder / patch).write_bytes(b"no network")
    with pytest.raises(BadModel, match="no network that can be run"):
        detector(image, find_breast(image), AnalysisSettings())
