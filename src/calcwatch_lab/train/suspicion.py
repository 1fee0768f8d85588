"""The curve of suspicion, fitted to what radiologists said of images, and the deciles that make the score."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import mannwhitneyu

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.result.document import read_document
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.image.describe.suspicion import SCORES, SuspicionModel, crowd_of, curve_terms, expected_share
from calcwatch.models.cards import SHIPPED, SUSPICION
from calcwatch.models.learned import suspicion_model

Features = NDArray[np.float64]
"""n findings x 4: logit of the expected share, log of the crowd, log of the part gathered, belief."""

_CURVE = ("intercept", "slope", "crowd", "gathered")
_PRIOR = np.array([0.0, 1.0, 0.0, 0.0])
_LEAST_SLOPE = 0.5
_ROUNDS = 8
_LEAST_WOMEN = 2
_LEAST = 1e-4
_RATED, _SUSPICIOUS = ("2", "3", "4", "5", "6"), ("4", "5", "6")
_NEEDED = ("file", "patient", "birads", "calcifications")


@dataclass(frozen=True, eq=False)
class Rated:
    """One image with calcifications that a radiologist rated 2 to 6.

    ``groups``, ``findings``: of its groups alone, and of these and the calcifications in none.
    """

    patient: str
    suspicious: bool
    groups: Features
    findings: Features


def read_result(path: Path) -> dict[str, Any]:
    """Read one ``findings.json``, or that of a result folder. Raises ``BadTable`` when it is none.

    Raises ``NotInResult`` for one of a version that cannot be read, or without suggestions.
    """
    file = path / "findings.json" if path.is_dir() else path
    try:
        return read_document(file.read_bytes(), file, least=WITH_SUGGESTIONS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadTable(
            f"{file}: no findings.json with examinations; make one with: calcwatch analyze"
        ) from error


def features_of(image: Mapping[str, Any], model: SuspicionModel) -> tuple[Features, Features]:
    """Features of the groups of an image of a result, and of its calcifications that are in none.

    Raises ``BadTable`` for an image that does not say its spacing: the crowd is counted in millimeters.
    """
    spacing = image["pixel_spacing_mm"]
    if spacing is None:
        raise BadTable(f"{image['source']}: its pixel spacing is not known; analyze it with --pixel-spacing")
    places = {one["tracking_uid"]: (one["row"], one["column"]) for one in image["calcifications"]}
    grouped = {uid for group in image["groups"] for uid in group["members"]}
    count = len(places)
    groups = [
        _row(
            group,
            group["distribution_probabilities"],
            crowd_of(np.array([places[uid] for uid in group["members"]]) * spacing),
            len(group["members"]) / count,
            model,
        )
        for group in image["groups"]
    ]
    singles = [
        _row(one, {Distribution.SINGLE: 1.0}, 1, 1 / count, model)
        for one in image["calcifications"]
        if one["tracking_uid"] not in grouped and one["morphology_probabilities"]
    ]
    return np.array(groups).reshape(-1, 4), np.array(singles).reshape(-1, 4)


def _row(
    one: Mapping[str, Any], layouts: Mapping[str, float], crowd: int, gathered: float, model: SuspicionModel
) -> tuple[float, float, float, float]:
    shapes = {Morphology(name): chance for name, chance in one["morphology_probabilities"].items()}
    share = expected_share(shapes, {Distribution(name): p for name, p in layouts.items()}, model)
    return *curve_terms(share, crowd=crowd, gathered=gathered), float(one["score"])


def read_rated(
    ratings: Path, result: Mapping[str, Any], model: SuspicionModel, *, leave_out: Collection[str] = ()
) -> list[Rated]:
    """Images of a result that ``ratings`` says have calcifications and a category of 2 to 6, in its order.

    ``ratings``: CSV with ``file, patient, birads, calcifications``. ``leave_out``: patients, as those the
    detector learned from. Raises ``BadTable`` when a column is missing, an image is not in the result, or too
    few women are rated.
    """
    with ratings.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if missing := [name for name in _NEEDED if not rows or name not in rows[0]]:
        raise BadTable(f"{ratings}: the table of ratings lacks the column {missing[0]}")
    images = {Path(image["source"]).name: image for image in result["images"]}
    rated = []
    for row in rows:
        if (
            row["calcifications"] != "1"
            or not row["birads"].startswith(_RATED)
            or row["patient"] in leave_out
        ):
            continue
        if row["file"] not in images:
            raise BadTable(f"{ratings}: {row['file']} is not in the result; analyze all images of the table")
        groups, singles = features_of(images[row["file"]], model)
        whole = np.concatenate([groups, singles])
        rated.append(Rated(row["patient"], row["birads"].startswith(_SUSPICIOUS), groups, whole))
    _check_women(rated, ratings)
    return rated


def _check_women(rated: Sequence[Rated], ratings: Path) -> None:
    """Each woman is judged by a fit without her, so of both kinds there must be another."""
    for suspicious, words in ((True, "4, 5 or 6"), (False, "2 or 3")):
        used = {one.patient for one in rated if one.suspicious is suspicious and len(one.findings)}
        if len(used) < _LEAST_WOMEN:
            raise BadTable(
                f"{ratings}: {len(used)} women with marked calcifications are rated {words}; a fit needs at "
                f"least {_LEAST_WOMEN}, so add images"
            )


def suspicions(features: Features, curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Suspicion of each finding; ``curve``: intercept, slope, crowd, gathered."""
    return np.asarray(features[:, 3] * expit(curve[0] + features[:, :3] @ curve[1:]))


def fit_curve(rated: Sequence[Rated], *, ridge: float) -> NDArray[np.float64]:
    """The curve under which the most suspicious finding of each image fits its rating best.

    An image counts by its most suspicious finding, and which that is follows from the curve: the two are
    found in turn. ``ridge``: how much the curve is held to what studies say of descriptions alone (slope 1,
    no other term): few images are rated, and a curve that follows them freely does not last. The slope stays
    at half or more, so that a description that studies find more dangerous always raises suspicion, and not
    by a trifle; density of a group never lowers it.
    """
    curve = _PRIOR.copy()
    used = [one for one in rated if len(one.findings)]
    answer = np.array([one.suspicious for one in used])
    bounds = [(None, None), (_LEAST_SLOPE, None), (0.0, None), (0.0, None)]

    def cost(tried: NDArray[np.float64], leading: Features) -> float:
        told = np.clip(suspicions(leading, tried), _LEAST, 1 - _LEAST)
        fit = -np.where(answer, np.log(told), np.log1p(-told)).sum()
        return float(fit + ridge * ((tried - _PRIOR)[1:] ** 2).sum())

    for _ in range(_ROUNDS):
        leading = np.array([one.findings[suspicions(one.findings, curve).argmax()] for one in used])
        curve = minimize(cost, curve, args=(leading,), bounds=bounds).x
    return curve


def area_left_out(rated: Sequence[Rated], *, ridge: float) -> float:
    """Area under the curve of the highest group suspicion, each woman judged by a fit without her.

    An image without a group counts as 0.
    """
    highest = np.zeros(len(rated))
    for patient in sorted({one.patient for one in rated}):
        curve = fit_curve([one for one in rated if one.patient != patient], ridge=ridge)
        for place, one in enumerate(rated):
            if one.patient == patient:
                highest[place] = suspicions(one.groups, curve).max(initial=0.0)
    suspicious = np.array([one.suspicious for one in rated])
    wins = mannwhitneyu(highest[suspicious], highest[~suspicious]).statistic
    return float(wins / (suspicious.sum() * (~suspicious).sum()))


def deciles_of(
    results: Iterable[Mapping[str, Any]], curve: NDArray[np.float64], model: SuspicionModel
) -> tuple[int, tuple[float, ...]]:
    """Number of examinations in the results, and the nine suspicions that part them in ten."""
    highest = []
    for result in results:
        images = {image["source"]: np.concatenate(features_of(image, model)) for image in result["images"]}
        highest += [
            max(float(suspicions(images[source], curve).max(initial=0.0)) for source in one["sources"])
            for one in result["examinations"]
        ]
    cuts = np.quantile(highest, np.arange(1, SCORES) / SCORES)
    return len(highest), tuple(round(float(cut), 4) for cut in cuts)


def fit_suspicion(
    rated: Sequence[Rated], results: Sequence[Mapping[str, Any]], *, ridge: float, says: Mapping[str, str]
) -> dict[str, Any]:
    """Fit curve and deciles, and return what ``suspicion.json`` holds; odds are those that are shipped.

    ``says``: what is written of where the ratings and the reference population come from.
    """
    model = suspicion_model()
    curve = fit_curve(rated, ridge=ridge)
    count, deciles = deciles_of(results, curve, model)
    whole = json.loads((SHIPPED / SUSPICION).read_text(encoding="utf-8"))
    whole["curve"] = {name: round(float(value), 4) for name, value in zip(_CURVE, curve, strict=True)} | {
        "ridge": ridge,
        "images": len(rated),
        "suspicious_images": sum(one.suspicious for one in rated),
        "women": len({one.patient for one in rated}),
        "area_left_out": round(area_left_out(rated, ridge=ridge), 3),
        "source": says["curve"],
    }
    whole["reference"] = {"examinations": count, "deciles": list(deciles), "source": says["reference"]}
    return dict(whole)
