"""The evidence of descriptions as a page: what was asked, what was reached, and every confusion matrix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from calcwatch import __version__
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.models.learned import suspicion_sources
from calcwatch_lab.bench.description.rated import area_of_suspicion
from calcwatch_lab.bench.detection.page import number, table, with_interval

if TYPE_CHECKING:
    from pathlib import Path

    from calcwatch_lab.bench.description.described import AtSpacing, DescribedEvidence
    from calcwatch_lab.bench.description.rated import RatedImage
    from calcwatch_lab.bench.statistics.confusion import Confusion

PAGE, FIGURES = "description.md", "description-figures.json"
"""Files that a run writes."""

SHAPES_ASKED, DISTRIBUTIONS_ASKED, AREA_ASKED = 0.80, 0.85, 0.75
"""Macro-F1 of shapes and of distributions, and area under the curve of suspicion, that were asked for."""

PAIRS_RIGHT_ASKED, PAIRS_FALSE_ASKED = 0.95, 0.03
"""Share of groups paired right, and of stated pairs that are false, that were asked for."""

NOTED = ("vaso", "calcifica")
"""What a reader's notes hold where vessels or coarse calcifications were seen (Portuguese)."""

_MOST_GROUPS = 4


def write_description_evidence(evidence: DescribedEvidence, out: Path, command: str) -> Path:
    """Write the page and its figures; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE).write_text(page_of(evidence, command), encoding="utf-8", newline="\n")
    text = json.dumps(_figures(evidence), indent=2, sort_keys=True, ensure_ascii=False)
    (out / FIGURES).write_text(text + "\n", encoding="utf-8", newline="\n")
    return out / PAGE


def _figures(evidence: DescribedEvidence) -> dict[str, object]:
    def of(told: Confusion) -> dict[str, object]:
        estimate = told.macro_f1
        return {
            "macro_f1": [round(value, 4) for value in (estimate.value, estimate.low, estimate.high)],
            "accuracy": round(told.accuracy, 4),
            "f1": {name: round(value, 4) for name, value in told.f1.items()},
            "counts": told.counts.tolist(),
            "classes": list(told.classes),
        }

    figures: dict[str, object] = {
        f"{one.spacing_mm:g} mm": {
            "shapes_of_groups": of(one.groups),
            "shapes_of_calcifications": of(one.each),
            "shapes_of_planned": of(one.planned),
            "distributions": of(one.distributions),
            "distributions_of_found_groups": of(one.fragments),
            "distributions_with_missed": of(one.distributions_with_missed),
            "pairs": {name: int(value) for name, value in vars(one.pairs).items()},
        }
        for one in evidence.at
    }
    if evidence.rated:
        area = area_of_suspicion(evidence.rated)
        figures["suspicion_auc"] = [round(value, 4) for value in (area.value, area.low, area.high)]
    figures["model"] = evidence.model_hash
    return figures


def page_of(evidence: DescribedEvidence, command: str) -> str:
    """Return the page in Markdown."""
    parts = [*_head(evidence, command), *_asked(evidence)]
    for at in evidence.at:
        parts += _at(at)
    if evidence.rated:
        parts += _rated(evidence)
    return "\n\n".join(parts) + "\n"


def _head(evidence: DescribedEvidence, command: str) -> Iterator[str]:
    yield "# How well shapes, distributions and suspicion are told"
    yield (
        f"Written by calcwatch {__version__} (analysis version {ANALYSIS_VERSION}); the same command on the "
        "same images writes the same page:"
    )
    yield f"```text\n{command}\n```"
    yield (
        "Brackets hold 95 percent intervals, from draws of images (of patients where images are rated). "
        "Phantoms are of seeds that trained nothing, and go through the whole analysis: what the detector "
        "misses or outlines badly counts. "
        f"Weights (first digits of SHA-256): `{evidence.model_hash[:16]}`."
    )
    yield (
        "For comparison: on real cancers a published network tells the distribution with 64 percent accuracy "
        "(581 images, Diagnostics 2022;12:1376), and readers agree with each other with a kappa of 0.5 to "
        "0.6. Phantoms are easier than real calcifications: these figures say that the method carries the "
        "shape, not how often it is right in a clinic."
    )


def _asked(evidence: DescribedEvidence) -> Iterator[str]:
    yield "## Asked and reached"
    rows = [row for at in evidence.at for row in _asked_rows(at)]
    if evidence.rated:
        what = "AUC of suspicion, BI-RADS 4-6 against 2-3"
        area = with_interval(area_of_suspicion(evidence.rated))
        rows.append(("rated images", what, f"{AREA_ASKED:.2f}", area))
    yield table(("data", "figure", "asked", "reached"), rows, words=2)


def _asked_rows(at: AtSpacing) -> list[tuple[str, ...]]:
    pairs = at.pairs
    right = f"{pairs.right / max(pairs.both, 1):.3f} ({pairs.right} of {pairs.both})"
    false = f"{pairs.false / max(pairs.stated, 1):.3f} ({pairs.false} of {pairs.stated})"
    layouts = with_interval(at.distributions.macro_f1)
    with_missed = with_interval(at.distributions_with_missed.macro_f1)
    planned, fragments = with_interval(at.planned.macro_f1), with_interval(at.fragments.macro_f1)
    figures = (
        ("macro-F1 over shapes, calcifications", f"{SHAPES_ASKED:.2f}", with_interval(at.each.macro_f1)),
        ("macro-F1 over shapes, found groups", f"{SHAPES_ASKED:.2f}", with_interval(at.groups.macro_f1)),
        ("macro-F1 over shapes, planned ones among whatever lies there", "", planned),
        ("macro-F1 over distributions, planned groups", f"{DISTRIBUTIONS_ASKED:.2f}", layouts),
        ("the same, planned groups of which nothing was grouped counted as wrong", "", with_missed),
        ("macro-F1 over distributions, every found group", "", fragments),
        ("groups paired right on two views", f"{PAIRS_RIGHT_ASKED:.2f}", right),
        ("stated pairs that are false", f"at most {PAIRS_FALSE_ASKED:.2f}", false),
    )
    return [(f"phantoms at {at.spacing_mm:g} mm", *row) for row in figures]


def _at(at: AtSpacing) -> Iterator[str]:
    yield f"## Phantoms with pixels of {at.spacing_mm:g} mm"
    yield (
        '### Shapes of single calcifications\n\nRows are true, columns are said, the last one is "cannot '
        f'tell". {_told_words(at.each)} Of {at.missed} planned groups or loose calcifications nothing was '
        "found: they are in no row."
    )
    yield matrix(at.each)
    yield (
        "### Shapes of found groups\n\nOf groups of which at least half the members truly have one shape. "
        f"{_told_words(at.groups)}"
    )
    yield matrix(at.groups)
    yield "### Distributions of planned groups"
    yield matrix(at.distributions)


def _told_words(told: Confusion) -> str:
    count = int(told.counts.sum())
    return (
        f"Of {count}, {number(100 * told.told, 0)} percent were told and {number(100 * told.accuracy, 0)} "
        "percent told right."
    )


def matrix(told: Confusion) -> str:
    """A confusion matrix as a table; columns are numbered as the rows, the last says "cannot tell"."""
    heads = ("true", *(str(place + 1) for place in range(len(told.classes))), "?", "F1")
    rows = [
        (
            f"{place + 1} {name.replace('_', ' ')}",
            *("·" if count == 0 else str(count) for count in told.counts[place]),
            number(told.f1[name]) if name in told.f1 else "–",
        )
        for place, name in enumerate(told.classes)
    ]
    return table(heads, rows)


def _rated(evidence: DescribedEvidence) -> Iterator[str]:
    used = [one for one in evidence.rated if one.has_calcifications]
    yield "## Real images that a radiologist rated"
    yield (
        f"{len(used)} images with calcifications of {len({one.patient for one in used})} women; "
        f"{sum(one.is_suspicious for one in used)} rated 4, 5 or 6. The rating is of the whole image, its "
        "masses included; an image without a group has suspicion 0. AUC of the most suspicious group: "
        f"**{with_interval(area_of_suspicion(evidence.rated))}**."
    )
    source, left_out, reference = suspicion_sources()
    yield (
        f"The curve of suspicion was fitted to: {source}. Where these are the images rated here, the figure "
        "above is kinder than on images it never saw; with each woman judged by a fit without her the area "
        f"was {left_out}. The examination score counts deciles of: {reference}."
    )
    bins = _calibration(used)
    yield "Suspicion against rating, images in five parts by suspicion:"
    yield table(("images", "mean suspicion", "rated 4 to 6"), bins, words=0)
    yield "### Where the reader's notes name vessels or coarse calcifications"
    heads = ("image", "rated", "notes", "groups told (shape, distribution, number)", "calcifications told")
    yield table(heads, [_noted_row(one) for one in used if _is_noted(one)], words=5)


def _is_noted(image: RatedImage) -> bool:
    notes = image.notes.lower().replace("microcalc", "")
    return any(word in notes for word in NOTED)


def _calibration(images: list[RatedImage]) -> list[tuple[str, ...]]:
    ordered = sorted(images, key=lambda one: one.suspicion)
    parts = [[ordered[place] for place in places] for places in np.array_split(np.arange(len(ordered)), 5)]
    return [
        (
            str(len(part)),
            number(float(np.mean([one.suspicion for one in part]))),
            number(float(np.mean([one.is_suspicious for one in part]))),
        )
        for part in parts
        if part
    ]


def _noted_row(image: RatedImage) -> tuple[str, ...]:
    groups = "; ".join(
        f"{shape.replace('_', ' ')}, {layout}, {count}"
        for shape, layout, count, _ in image.groups[:_MOST_GROUPS]
    )
    shapes = sorted(image.shapes.items(), key=lambda one: -one[1])[:_MOST_GROUPS]
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in shapes)
    return image.file, image.birads, image.notes, groups or "none", told or "none"
