"""The curve of suspicion, fitted to what radiologists said of images, and the deciles that make the score."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.suspicion import SCORES, SuspicionModel, crowd_of, curve_terms, expected_share
from calcwatch.models.cards import SHIPPED, SUSPICION
from calcwatch.models.learned import suspicion_model
from calcwatch_lab.bench.statistics.roc import area_under_curve
from calcwatch_lab.labels import read_ratings
from calcwatch_lab.pages import figures_text, write_texts
from calcwatch_lab.results import read_examinations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ImageFindings, MorphologyDescription

    Features = NDArray[np.float64]

_CURVE = ("intercept", "slope", "crowd", "gathered")  # names of the numbers of the curve, in order
_PRIOR = np.array([0.0, 1.0, 0.0, 0.0])  # what studies say of descriptions alone
_LEAST_SLOPE = 0.5  # so that what studies find more dangerous raises suspicion, and not by a trifle
_ROUNDS = 8  # of finding the most suspicious finding and the curve in turn; it settles in three or four
_LEAST_WOMEN = 2  # of each kind: each woman is judged by a fit without her
_LEAST = 1e-4  # suspicion nearer to 0 or 1 counts as this
_DIGITS = 4  # of the numbers that are written


@dataclass(frozen=True, eq=False)
class RatedFindings:
    """One image with calcifications that a radiologist rated 2 to 6.

    Features are n x 4: logit of the expected share of cancers, logarithm of the crowd, logarithm of the part
    gathered, and the score.

    Attributes:
        patient: Whom it shows.
        suspicious: Whether it was rated 4, 5 or 6.
        groups: Features of its groups alone.
        findings: Features of these and of the calcifications in none.

    """

    patient: str
    suspicious: bool
    groups: Features
    findings: Features


def train_suspicion(
    results: Sequence[Path],
    ratings: Path,
    out: Path,
    *,
    leave_out: Collection[str],
    ridge: float,
    sources: Mapping[str, str],
) -> None:
    """Fit the curve to the rated images of the first result and the deciles to all, and write the model.

    Args:
        results: Results of ``calcwatch analyze``.
        ratings: What radiologists said of the images of the first.
        out: Folder to write to, which is made.
        leave_out: Patients whose ratings do not count, as those the detector learned from.
        ridge: How much studies count against these images.
        sources: What is written of the rated images (``curve``) and of the population (``reference``).

    Raises:
        BadTable: A table or a result cannot be used.
        ResultNotWritten: ``out`` cannot be written.

    """
    examinations = [read_examinations(path) for path in results]
    rated = rated_findings(ratings, examinations[0], suspicion_model(), leave_out=leave_out)
    everybody = [examination for own in examinations for examination in own]
    whole = fit_suspicion(rated, everybody, ridge=ridge, sources=sources)
    write_texts(out, {SUSPICION: figures_text(whole, sort_keys=False)})


def features_of(image: ImageFindings, model: SuspicionModel) -> tuple[Features, Features]:
    """Describe the findings of an image as the curve sees them.

    Args:
        image: What was found in it.
        model: The odds of the studies.

    Returns:
        Features of its groups, and of its calcifications that are in none, each n x 4.

    Raises:
        BadTable: The image does not say its spacing: the crowd is counted in millimeters.

    """
    spacing = image.description.pixel_spacing
    if spacing is None:
        source = image.description.source
        raise BadTable(f"{source}: its pixel spacing is not known; analyze it with --pixel-spacing")
    places = {mark.tracking_uid: (mark.row, mark.column) for mark in image.calcifications}
    grouped = {uid for group in image.groups for uid in group.members}
    count = len(places)
    groups = []
    for group in image.groups:
        layouts = dict(group.distribution.probabilities) if group.distribution else {}
        share = expected_share(_shapes(group.morphology), layouts, model)
        crowd = crowd_of(np.array([places[uid] for uid in group.members]) * spacing.mm)
        gathered = len(group.members) / count
        groups.append((*curve_terms(share, crowd=crowd, gathered=gathered), group.score))
    singles = []
    for mark in image.calcifications:
        shapes = _shapes(mark.morphology)
        if mark.tracking_uid not in grouped and shapes:
            share = expected_share(shapes, {Distribution.SINGLE: 1.0}, model)
            singles.append((*curve_terms(share, crowd=1, gathered=1 / count), mark.score))
    return np.array(groups).reshape(-1, 4), np.array(singles).reshape(-1, 4)


def _shapes(described: MorphologyDescription | None) -> dict[Morphology, float]:
    return dict(described.probabilities) if described else {}


def rated_findings(
    table: Path,
    examinations: Iterable[Sequence[ImageFindings]],
    model: SuspicionModel,
    *,
    leave_out: Collection[str] = (),
) -> list[RatedFindings]:
    """Match ratings to a result.

    Args:
        table: Ratings: ``file, patient, birads, calcifications``.
        examinations: What was found in the images that it rates, by examination.
        model: The odds of the studies.
        leave_out: Patients whose ratings do not count.

    Returns:
        The images with calcifications and a category of 2 to 6, in the order of the table.

    Raises:
        BadTable: A column is missing, an image is not in the result, or too few women are rated.

    """
    images = {Path(image.description.source).name: image for images in examinations for image in images}
    rated = []
    for label in read_ratings(table, leave_out=leave_out):
        if not (label.positive and label.is_rated):
            continue
        if label.path.name not in images:
            raise BadTable(
                f"{table}: {label.path.name} is not in the result; analyze all images of the table"
            )
        groups, singles = features_of(images[label.path.name], model)
        findings = np.concatenate([groups, singles])
        rated.append(RatedFindings(label.patient, label.is_suspicious, groups, findings))
    for suspicious, words in ((True, "4, 5 or 6"), (False, "2 or 3")):
        women = {own.patient for own in rated if own.suspicious is suspicious and len(own.findings)}
        if len(women) < _LEAST_WOMEN:
            raise BadTable(
                f"{table}: {len(women)} women with marked calcifications are rated {words}; a fit needs at "
                f"least {_LEAST_WOMEN}, so add images"
            )
    return rated


def suspicions(features: Features, curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Suspicion of findings.

    Args:
        features: n x 4.
        curve: Intercept, slope, crowd, gathered.

    Returns:
        A number from 0 to 1 each.

    """
    return np.asarray(features[:, 3] * expit(curve[0] + features[:, :3] @ curve[1:]))


def fit_curve(rated: Sequence[RatedFindings], *, ridge: float) -> NDArray[np.float64]:
    """Fit the curve under which the most suspicious finding of each image agrees best with its rating.

    An image counts by its most suspicious finding, and which that is follows from the curve: the two are
    found in turn. Few images are rated, and a curve that follows them freely does not last, so it is held to
    what studies say of descriptions alone (slope 1, no other term). The slope stays at half or more, and
    density of a group never lowers suspicion.

    Args:
        rated: Rated images; those without findings do not count.
        ridge: How much the curve is held.

    Returns:
        Intercept, slope, crowd, gathered.

    """
    curve = _PRIOR.copy()
    used = [image for image in rated if len(image.findings)]
    answer = np.array([image.suspicious for image in used])
    bounds = [(None, None), (_LEAST_SLOPE, None), (0.0, None), (0.0, None)]

    def cost(tried: NDArray[np.float64], leading: Features) -> float:
        # A suspicion of exactly 0 or 1 would cost without end where the rating disagrees.
        predicted = np.clip(suspicions(leading, tried), _LEAST, 1 - _LEAST)
        surprise = -np.where(answer, np.log(predicted), np.log1p(-predicted)).sum()
        # The intercept is free: how many images are rated suspicious is a matter of the table.
        return float(surprise + ridge * ((tried - _PRIOR)[1:] ** 2).sum())

    for _ in range(_ROUNDS):
        leading = np.array([image.findings[suspicions(image.findings, curve).argmax()] for image in used])
        curve = minimize(cost, curve, args=(leading,), bounds=bounds).x
    return curve


def area_left_out(rated: Sequence[RatedFindings], *, ridge: float) -> float:
    """Area under the ROC curve of the highest group suspicion, each woman judged by a fit without her.

    Args:
        rated: Rated images; one without a group counts as 0.
        ridge: How much the curve is held to the studies.

    Returns:
        The area.

    """
    highest = np.zeros(len(rated))
    for patient in sorted({image.patient for image in rated}):
        curve = fit_curve([image for image in rated if image.patient != patient], ridge=ridge)
        for place, image in enumerate(rated):
            if image.patient == patient:
                highest[place] = suspicions(image.groups, curve).max(initial=0.0)
    return area_under_curve(highest, np.array([image.suspicious for image in rated]))


def deciles_of(
    examinations: Sequence[Sequence[ImageFindings]], curve: NDArray[np.float64], model: SuspicionModel
) -> tuple[float, ...]:
    """Part a population in ten by suspicion.

    Args:
        examinations: Images of each examination; each counts once, by its most suspicious finding.
        curve: Intercept, slope, crowd, gathered.
        model: The odds of the studies.

    Returns:
        Nine suspicions.

    """
    highest = []
    for images in examinations:
        features = [np.concatenate(features_of(image, model)) for image in images]
        highest.append(max(float(suspicions(own, curve).max(initial=0.0)) for own in features))
    # Of the examinations and not of the images: the score is of an examination.
    cuts = np.quantile(highest, np.arange(1, SCORES) / SCORES)
    return tuple(round(float(cut), _DIGITS) for cut in cuts)


def fit_suspicion(
    rated: Sequence[RatedFindings],
    examinations: Sequence[Sequence[ImageFindings]],
    *,
    ridge: float,
    sources: Mapping[str, str],
) -> dict[str, Any]:
    """Fit curve and deciles; odds stay those that are shipped.

    Args:
        rated: Rated images.
        examinations: Images of each examination of the reference population.
        ridge: How much the curve is held to the studies.
        sources: What is written of the rated images (``curve``) and of the population (``reference``).

    Returns:
        What ``suspicion.json`` holds.

    """
    model = suspicion_model()
    curve = fit_curve(rated, ridge=ridge)
    whole: dict[str, Any] = json.loads((SHIPPED / SUSPICION).read_text(encoding="utf-8"))
    numbers = {name: round(float(value), _DIGITS) for name, value in zip(_CURVE, curve, strict=True)}
    whole["curve"] = numbers | {
        "ridge": ridge,
        "images": len(rated),
        "suspicious_images": sum(image.suspicious for image in rated),
        "women": len({image.patient for image in rated}),
        "area_left_out": round(area_left_out(rated, ridge=ridge), 3),
        "source": sources["curve"],
    }
    whole["reference"] = {
        "examinations": len(examinations),
        "deciles": list(deciles_of(examinations, curve, model)),
        "source": sources["reference"],
    }
    return whole
