"""What became of everything between two or more examinations: ``comparison.json`` and ``history.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from calcwatch.codes.change import CHANGES
from calcwatch.codes.code import PRIVATE_SCHEME
from calcwatch.comparison.compare import Compared
from calcwatch.comparison.history import GroupHistory, histories
from calcwatch.domain.change import Change, ChangeKind, GroupMeasurement, ImagePair
from calcwatch.domain.dates import months_between
from calcwatch.domain.findings import Provenance
from calcwatch.domain.image import ImageDescription
from calcwatch.formats.result.findings import printable
from calcwatch.formats.result.values import Document, number, number_or_null, word_or_null

COMPARISON_VERSION = "1.0"
"""Version of the names in both documents; the first number changes when a name is taken away."""


@dataclass(frozen=True, eq=False)
class Step:
    """One comparison of a run; ``prior``, ``current``: places in the run of the images it counts."""

    prior: tuple[int, ...]
    current: tuple[int, ...]
    compared: Compared


def comparison_document(step: Step, provenance: Provenance) -> Document:
    """Two examinations compared, as the object that ``comparison.json`` holds; nothing is an empty list."""
    return {**_head(provenance), **_step(step)}


def history_document(steps: Sequence[Step], provenance: Provenance) -> Document:
    """A series of examinations, as the object that ``history.json`` holds: each step, and each group."""
    dates = study_dates(steps)
    followed = histories([one.compared.comparison for one in steps])
    return {
        **_head(provenance),
        "study_dates": dates,
        "steps": [_step(one) for one in steps],
        "groups": [_history(one, dates) for one in followed],
    }


def study_dates(steps: Sequence[Step]) -> list[str | None]:
    """Date of each examination of a series, the earliest first; ``None`` where none is known."""
    first = _date([image.description for image in steps[0].compared.prior])
    return [first, *(_date([i.description for i in one.compared.examination.images]) for one in steps)]


def document_text(document: Document) -> str:
    """Write a document as JSON: indented, UTF-8, a newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _head(provenance: Provenance) -> Document:
    return {
        "schema_version": COMPARISON_VERSION,
        "purpose": "For research use: a second pair of eyes. A radiologist decides.",
        "provenance": {
            "package": "calcwatch",
            "package_version": provenance.package_version,
            "analysis_version": provenance.analysis_version,
        },
    }


def _step(step: Step) -> Document:
    compared = step.compared
    then = [image.description for image in compared.prior]
    now = [image.description for image in compared.examination.images]
    return {
        "prior": {"study_date": _date(then), "sources": [printable(one.source) for one in then]},
        "current": {"study_date": _date(now), "sources": [printable(one.source) for one in now]},
        "interval_months": number_or_null(months_between(_date(then), _date(now)), 1),
        "pairs": [_pair(one, then, now) for one in compared.comparison.pairs],
        "changes": [_change(one, then, now) for one in compared.comparison.changes],
        "not_paired": list(compared.comparison.not_paired),
        "treatment": _treatment(compared),
    }


def _date(images: Sequence[ImageDescription]) -> str | None:
    return max((one.study_date for one in images if one.study_date), default=None)


def _pair(pair: ImagePair, then: Sequence[ImageDescription], now: Sequence[ImageDescription]) -> Document:
    return {
        "image_laterality": word_or_null(pair.image_laterality),
        "view_position": word_or_null(pair.view_position),
        "prior_source": printable(then[pair.prior].source),
        "source": printable(now[pair.current].source),
        "interval_months": number_or_null(pair.interval_months, 1),
        "alignment": pair.alignment.value,
        "comparable": pair.comparable,
        "likeness": number(pair.local_correlation, 3),
        "shared": number(pair.overlap, 3),
        "error_mm": number_or_null(pair.error_mm, 2),
        "matches": [
            {
                "prior_tracking_uid": one.prior,
                "tracking_uid": one.current,
                "probability": number(one.probability, 3),
                "apart_mm": number(one.distance_mm, 2),
            }
            for one in pair.matches
        ],
        "notes": list(pair.notes),
    }


def _change(change: Change, then: Sequence[ImageDescription], now: Sequence[ImageDescription]) -> Document:
    row, column = change.place or (None, None)
    prior_row, prior_column = change.prior_place or (None, None)
    return {
        "kind": change.kind.value,
        "code": _code(change.kind),
        "tracking_uid": change.tracking_uid,
        "image_laterality": word_or_null(change.image_laterality),
        "view_position": word_or_null(change.view_position),
        "source": None if change.image is None else printable(now[change.image].source),
        "prior_source": None if change.prior_image is None else printable(then[change.prior_image].source),
        "groups": list(change.groups),
        "prior_groups": list(change.prior_groups),
        "row": number_or_null(row, 1),
        "column": number_or_null(column, 1),
        "prior_row": number_or_null(prior_row, 1),
        "prior_column": number_or_null(prior_column, 1),
        **_measured(change.current, ""),
        **_measured(change.prior, "prior_"),
        "matched": change.matched,
        "new": change.new,
        "gone": change.gone,
        "not_assessable": change.not_assessable,
        "size_ratio": number_or_null(change.size_ratio, 3),
        "interval_months": number_or_null(change.interval_months, 1),
        "error_mm": number_or_null(change.error_mm, 2),
        "in_bed": word_or_null(change.in_bed),
        "bed_margin_mm": number_or_null(change.bed_margin_mm, 1),
        "reasons": list(change.reasons),
    }


def _code(kind: ChangeKind) -> Document | None:
    code = CHANGES[kind]
    if code.scheme == PRIVATE_SCHEME:
        return None
    return {"scheme": code.scheme, "value": code.value, "meaning": code.meaning}


def _measured(measured: GroupMeasurement, prefix: str) -> Document:
    return {
        f"{prefix}count": measured.count,
        f"{prefix}faint": measured.subthreshold,
        f"{prefix}extent_mm": number_or_null(measured.extent_mm, 2),
        f"{prefix}diameter_mm": number_or_null(measured.diameter_mm, 3),
        f"{prefix}density": number_or_null(measured.contrast, 2),
        f"{prefix}morphology": word_or_null(measured.morphology),
    }


def _treatment(compared: Compared) -> Document | None:
    """What the treatment adds; ``null`` where none was stated."""
    read = compared.treatment
    if read is None:
        return None
    return {
        "stated": list(read.stated),
        "months_since_treatment": {side.value: months for side, months in read.months.items()},
        "typical_window": list(read.window),
        "literature": [
            {
                "what": one.what,
                "events": one.events,
                "n": one.n,
                "percent": one.percent,
                "low": one.low,
                "high": one.high,
                "words": one.words,
                "source": one.source,
            }
            for one in read.figures
        ],
        "neoadjuvant_change": None if read.neoadjuvant is None else read.neoadjuvant[0],
        "neoadjuvant_note": None if read.neoadjuvant is None else read.neoadjuvant[1],
    }


def _history(history: GroupHistory, dates: Sequence[str | None]) -> Document:
    return {
        "tracking_uid": history.tracking_uid,
        "image_laterality": word_or_null(history.image_laterality),
        "view_position": word_or_null(history.view_position),
        "moments": [
            {
                "study_date": dates[moment.examination],
                "change": word_or_null(moment.change),
                **_measured(moment.measured, ""),
            }
            for moment in history.moments
        ],
    }
