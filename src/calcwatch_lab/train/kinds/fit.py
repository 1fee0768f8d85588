"""Labeled pieces -> the linear models of kinds and suspicion.

The second and the third model are given answers of the first. They meet answers for women that the first did
not see, else they would rely on it too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, softmax

from calcwatch.domain.lexicon import GroupKind
from calcwatch.image.describe.kind import (
    KIND_CLASSES,
    SPECK_KINDS,
    KindModel,
    LinearModel,
    kind_context,
    log_kinds,
    mix_suspicion,
)
from calcwatch_lab.train.kinds.settings import KindTraining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabeledPieces:
    """The pieces of one image, with what readers said of them.

    Attributes:
        woman: Whose image it is.
        features: n x ``GROUP_FEATURES``.
        places_mm: Places of the members of each piece, in mm.
        kinds: n x ``KIND_CLASSES``, the share of readers that named each; all 0 where nobody labeled it.
        alarm: Mean over the readers of 0 (benign) to 1 (suspicious); NaN where nobody labeled it.
        weight: How much its pieces count when kinds are fitted.
    """

    woman: str
    features: NDArray[np.float64]
    places_mm: tuple[NDArray[np.float64], ...]
    kinds: NDArray[np.float64]
    alarm: NDArray[np.float64]
    weight: float = 1.0


def fit_kinds(images: Sequence[LabeledPieces], *, settings: KindTraining = KindTraining()) -> KindModel:
    """Fit the models.

    Args:
        images: Images with labeled pieces; pieces without label serve as neighbors.
        settings: Penalties and folds.

    Returns:
        The models; suspicion is calibrated on women that its own fold left out.
    """
    images = [image for image in images if len(image.features)]
    alone_inputs = [image.features for image in images]
    alone = _fit_kinds(images, alone_inputs, settings.alone_strength, settings)
    folds = _folds(images, settings.folds)
    first = _left_out(images, alone_inputs, folds, strength=settings.alone_strength, settings=settings)
    beside_inputs = [
        np.concatenate([image.features, kind_context(kinds, image.places_mm)], axis=1)
        for image, kinds in zip(images, first, strict=True)
    ]
    beside = _fit_kinds(images, beside_inputs, settings.beside_strength, settings)
    second = _left_out(images, beside_inputs, folds, strength=settings.beside_strength, settings=settings)
    alarm_inputs = [
        np.concatenate([image.features, log_kinds(kinds)], axis=1)
        for image, kinds in zip(images, second, strict=True)
    ]
    alarm, elsewhere = _fit_alarm(images, alarm_inputs, settings)
    slope, intercept = _calibrate(images, alarm_inputs, second, folds, settings)
    return KindModel(alone, beside, alarm, elsewhere, slope, intercept)


def _folds(images: Sequence[LabeledPieces], count: int) -> NDArray[np.intp]:
    """Fold of each image: all images of a woman in one, by her place in the order of names."""
    women = sorted({image.woman for image in images})
    return np.array([women.index(image.woman) % count for image in images])


def _left_out(
    images: Sequence[LabeledPieces],
    inputs: Sequence[NDArray[np.float64]],
    folds: NDArray[np.intp],
    *,
    strength: float,
    settings: KindTraining,
) -> list[NDArray[np.float64]]:
    """Kinds of every image by a model that saw no woman of its fold."""
    answers: list[NDArray[np.float64]] = [np.zeros((0, len(KIND_CLASSES)))] * len(images)
    for fold in np.unique(folds):
        rest = np.flatnonzero(folds != fold).tolist()
        model = _fit_kinds([images[k] for k in rest], [inputs[k] for k in rest], strength, settings)
        for k in np.flatnonzero(folds == fold).tolist():
            answers[k] = softmax(model.logits(inputs[k]), axis=1)
    return answers


def _fit_kinds(
    images: Sequence[LabeledPieces],
    inputs: Sequence[NDArray[np.float64]],
    strength: float,
    settings: KindTraining,
) -> LinearModel:
    """A multinomial logistic model; where readers differ, a piece stands once for each of their words."""
    rows = np.concatenate(list(inputs))
    shares = np.concatenate([image.weight * image.kinds for image in images])
    repeated = np.repeat(rows, len(KIND_CLASSES), axis=0)
    classes = np.tile(np.arange(len(KIND_CLASSES)), len(rows))
    # rare kinds count more: a reader would rather see a doubtful vessel than miss a group
    frequency = np.maximum(shares.sum(axis=0), 1e-9) / shares.sum()
    balance = (frequency * len(KIND_CLASSES)) ** -settings.balance
    # what the detector kept is a calcification unless much speaks against it
    balance[KIND_CLASSES.index(GroupKind.NOT_A_CALCIFICATION)] = 1.0
    weights = (shares * balance).ravel()
    used = weights > 0
    return _logistic(
        repeated[used],
        classes[used],
        weights[used],
        strength=strength,
        min_spread=settings.min_spread,
        limit=settings.limit,
    )


def _fit_alarm(
    images: Sequence[LabeledPieces], inputs: Sequence[NDArray[np.float64]], settings: KindTraining
) -> tuple[LinearModel, float]:
    """A logistic model of specks being called suspicious, and the share of pieces of other kinds that are."""
    alarm = np.concatenate([image.alarm for image in images])
    known = np.isfinite(alarm)
    rows, alarm = np.concatenate(list(inputs))[known], alarm[known]
    specks = _share_of_specks(np.concatenate([image.kinds for image in images])[known])
    # the other kinds keep a little weight, else nothing holds the model where there are no specks
    counts = settings.other_kinds + (1 - settings.other_kinds) * specks
    weights = (np.stack([1 - alarm, alarm], axis=1) * counts[:, None]).ravel()
    repeated, classes = np.repeat(rows, 2, axis=0), np.tile([0, 1], len(rows))
    used = weights > 0
    model = _logistic(
        repeated[used],
        classes[used],
        weights[used],
        strength=settings.alarm_strength,
        min_spread=settings.min_spread,
        limit=settings.limit,
    )
    others = (1 - specks).sum()
    called = float(((1 - specks) * alarm).sum() / others) if others > 0 else 0.0
    return model, max(called, settings.least_elsewhere)


def _share_of_specks(kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the readers who named a kind of specks; half where nobody named a kind."""
    total = kinds.sum(axis=1)
    specks = kinds[:, [KIND_CLASSES.index(kind) for kind in SPECK_KINDS]].sum(axis=1)
    return np.where(total > 0, specks / np.maximum(total, 1e-9), 0.5)


def _calibrate(
    images: Sequence[LabeledPieces],
    inputs: Sequence[NDArray[np.float64]],
    kinds: Sequence[NDArray[np.float64]],
    folds: NDArray[np.intp],
    settings: KindTraining,
) -> tuple[float, float]:
    """Slope and intercept with which the logits of women left out are right on average."""
    logits, truth = [], []
    for fold in np.unique(folds):
        rest = np.flatnonzero(folds != fold).tolist()
        model, elsewhere = _fit_alarm([images[k] for k in rest], [inputs[k] for k in rest], settings)
        for k in np.flatnonzero(folds == fold).tolist():
            known = np.isfinite(images[k].alarm)
            mixed = mix_suspicion(model.logits(inputs[k][known])[:, 0], kinds[k][known], elsewhere)
            logits.append(logit(mixed))
            truth.append(images[k].alarm[known])
    at, alarm = np.concatenate(logits), np.concatenate(truth)
    model = _logistic(
        np.repeat(at[:, None], 2, axis=0),
        np.tile([0, 1], len(at)),
        np.stack([1 - alarm, alarm], axis=1).ravel() + 1e-9,
        strength=1e3,  # next to no penalty on two numbers
        min_spread=settings.min_spread,
    )
    slope = float(model.weights[0, 0] / model.scale[0])
    return slope, float(model.bias[0] - model.mean[0] * slope)


def _logistic(
    rows: NDArray[np.float64],
    classes: NDArray[np.intp],
    weights: NDArray[np.float64],
    *,
    strength: float,
    min_spread: float,
    limit: float = np.inf,
) -> LinearModel:
    """A logistic model of inputs cut at a limit; one output for two classes, else one a kind."""
    # scikit-learn is of the training extra: nobody who only analyzes needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    mean = np.average(rows, axis=0, weights=weights)
    scale = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
    # what hardly changes tells nothing: divided by next to 0 it would drown all else in another breast
    scale = np.where(scale > min_spread, scale, 1.0)
    fitted = LogisticRegression(C=strength, max_iter=5000).fit(
        np.clip((rows - mean) / scale, -limit, limit), classes, sample_weight=weights
    )
    if fitted.classes_.tolist() == [0, 1]:
        return LinearModel(mean, scale, fitted.coef_, fitted.intercept_, limit)
    weight = np.zeros((len(KIND_CLASSES), rows.shape[1]))
    # a kind that nobody named is all but impossible
    bias = np.full(len(KIND_CLASSES), float(logit(1e-6)))
    weight[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    return LinearModel(mean, scale, weight, bias, limit)
