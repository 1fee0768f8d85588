"""The shipped model: whole, small, and the same for any batch and process."""

from __future__ import annotations

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
from calcwatch.models.onnx import (
    CARD,
    LOOK,
    SHIPPED,
    WEIGH,
    BadModel,
    learned_detector,
    model_card,
    model_hash,
    named_learned,
)
from tests.image.pictures import add_blob, half_round_breast, mammogram_of


def _found(seed: int = 7) -> Detections:
    picture = add_blob(half_round_breast(seed=seed), 200, 100, height=0.25, sigma_px=1.2)
    image = normalize(mammogram_of(add_blob(picture, 150, 80, height=0.2, sigma_px=1.0)))
    return learned_detector()(image, find_breast(image), AnalysisSettings())


def test_the_model_is_small() -> None:
    """Both networks together are below the 8 MB that a wheel may carry."""
    assert sum((SHIPPED / name).stat().st_size for name in (LOOK, WEIGH)) < 8e6


def test_the_card_says_what_it_is() -> None:
    """The card names the model and the women whose images trained it."""
    card = model_card()
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
    from calcwatch.models import onnx as inference

    before = cv2.getNumThreads()
    answers = []
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            inference._model.cache_clear()
            answers.append(_found().score)
    finally:
        cv2.setNumThreads(before)
        inference._model.cache_clear()
    assert np.array_equal(np.round(answers[0], 4), np.round(answers[1], 4))


def test_the_detector_travels() -> None:
    """It can be pickled, as a detector that goes to other processes must."""
    detector = pickle.loads(pickle.dumps(learned_detector()))
    image = normalize(mammogram_of(half_round_breast()))
    assert detector(image, find_breast(image), AnalysisSettings()).class_probabilities is not None


def test_a_result_names_the_weights() -> None:
    """Name and hash are those of the files; other weights have another hash."""
    named = named_learned()
    assert named.name == model_card()["name"]
    assert named.digest == model_hash()
    assert len(model_hash()) == 64


@pytest.mark.parametrize("missing", [LOOK, WEIGH, CARD])
def test_a_folder_that_is_no_model_is_refused(missing: str, tmp_path: Path) -> None:
    """A missing file is named, before any image is opened."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    (folder / missing).unlink()
    with pytest.raises(BadModel, match=missing):
        learned_detector(folder)
