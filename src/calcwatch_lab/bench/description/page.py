"""The evidence of descriptions as a page: what was asked, what was reached, and every confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.models.learned import suspicion_sources
from calcwatch_lab.bench.description.rated import RatedImage, area_of_suspicion
from calcwatch_lab.pages import (
    UNKNOWN,
    figures_text,
    join_paragraphs,
    number,
    page_head,
    table,
    with_interval,
    write_texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from calcwatch_lab.bench.description.measure import SpacingFigures
    from calcwatch_lab.bench.statistics.confusion import Confusion

PAGE, FIGURES = "description.md", "description-figures.json"
"""Files that a run writes."""

SHAPES_ASKED, DISTRIBUTIONS_ASKED, AREA_ASKED = 0.80, 0.85, 0.75
"""Macro-F1 of shapes and of distributions, and area under the curve of suspicion, that were asked for."""

PAIRS_RIGHT_ASKED, PAIRS_FALSE_ASKED = 0.95, 0.03
"""Share of groups paired right, and of stated pairs that are false, that were asked for."""

NOTED = ("vaso", "calcifica")
"""What a reader's notes hold where vessels or coarse calcifications were seen (Portuguese)."""

_MOST_GROUPS = 4  # groups and shapes of an image that its row names
_PARTS = 5  # of the rated images by suspicion
_PROMISE = "; the same command on the same images writes the same page"


def write_description_evidence(
    spacings: Sequence[SpacingFigures], rated: Sequence[RatedImage], model_hash: str, out: Path, command: str
) -> Path:
    """Write the page and its figures.

    Args:
        spacings: Figures of phantoms at each pixel spacing.
        rated: Rated images; none leave their part of the page out.
        model_hash: Hash of everything learned that describes.
        out: Folder to write to, which is made.
        command: The command that measures the same.

    Returns:
        The page's file.

    Raises:
        ResultNotWritten: ``out`` cannot be written.

    """
    texts = {
        PAGE: page_of(spacings, rated, model_hash, command),
        FIGURES: figures_text(_figures(spacings, rated, model_hash)),
    }
    write_texts(out, texts)
    return out / PAGE


def page_of(
    spacings: Sequence[SpacingFigures], rated: Sequence[RatedImage], model_hash: str, command: str
) -> str:
    """Write the page.

    Args:
        spacings: Figures of phantoms at each pixel spacing.
        rated: Rated images; none leave their part of the page out.
        model_hash: Hash of everything learned that describes.
        command: The command that measures the same.

    Returns:
        The page in Markdown.

    """
    parts = [*_head(model_hash, command), *_asked(spacings, rated)]
    for spacing in spacings:
        parts += _phantoms(spacing)
    if rated:
        parts += _rated(rated)
    return join_paragraphs(parts)


def matrix(confusion: Confusion) -> str:
    """Write a confusion matrix as a table.

    Args:
        confusion: Predicted against true classes.

    Returns:
        A table whose columns are numbered as its rows; the last but one says "cannot tell".

    """
    heads = ("true", *(str(place + 1) for place in range(len(confusion.classes))), "?", "F1")
    rows = [
        (
            f"{place + 1} {name.replace('_', ' ')}",
            # A dot for zero, so that the eye finds the mistakes.
            *("·" if count == 0 else str(count) for count in confusion.counts[place]),
            number(confusion.f1[name]) if name in confusion.f1 else UNKNOWN,
        )
        for place, name in enumerate(confusion.classes)
    ]
    return table(heads, rows)


def _figures(
    spacings: Sequence[SpacingFigures], rated: Sequence[RatedImage], model_hash: str
) -> dict[str, object]:
    figures: dict[str, object] = {
        f"{spacing.spacing_mm:g} mm": {
            **{name: _figures_of(confusion) for name, confusion in spacing.confusions.items()},
            "pairs": {name: int(value) for name, value in vars(spacing.pairs).items()},
        }
        for spacing in spacings
    }
    if rated:
        area = area_of_suspicion(rated)
        figures["suspicion_auc"] = [round(value, 4) for value in (area.value, area.low, area.high)]
    return figures | {"model": model_hash}


def _figures_of(confusion: Confusion) -> dict[str, object]:
    estimate = confusion.macro_f1
    return {
        "macro_f1": [round(value, 4) for value in (estimate.value, estimate.low, estimate.high)],
        "accuracy": round(confusion.accuracy, 4),
        "f1": {name: round(value, 4) for name, value in confusion.f1.items()},
        "counts": confusion.counts.tolist(),
        "classes": list(confusion.classes),
    }


def _head(model_hash: str, command: str) -> Iterator[str]:
    yield from page_head("How well shapes, distributions and suspicion are told", command, _PROMISE)
    yield (
        "Brackets hold 95 percent intervals, from draws of images (of patients where images are rated). "
        "Phantoms are of seeds that trained nothing, and go through the whole analysis: what the detector "
        "misses or outlines badly counts. "
        f"Weights (first digits of SHA-256): `{model_hash[:16]}`."
    )
    yield (
        "For comparison: on real cancers a published network tells the distribution with 64 percent accuracy "
        "(581 images, Diagnostics 2022;12:1376), and readers agree with each other with a kappa of 0.5 to "
        "0.6. Phantoms are easier than real calcifications: these figures say that the method carries the "
        "shape, not how often it is right in a clinic."
    )


def _asked(spacings: Sequence[SpacingFigures], rated: Sequence[RatedImage]) -> Iterator[str]:
    yield "## Asked and reached"
    rows = [row for spacing in spacings for row in _asked_rows(spacing)]
    if rated:
        what = "AUC of suspicion, BI-RADS 4-6 against 2-3"
        area = with_interval(area_of_suspicion(rated))
        rows.append(("rated images", what, f"{AREA_ASKED:.2f}", area))
    yield table(("data", "figure", "asked", "reached"), rows, words=2)


def _asked_rows(spacing: SpacingFigures) -> list[tuple[str, ...]]:
    pairs = spacing.pairs
    macro_f1 = {name: with_interval(own.macro_f1) for name, own in spacing.confusions.items()}
    right = f"{pairs.right / max(pairs.both, 1):.3f} ({pairs.right} of {pairs.both})"
    false = f"{pairs.false / max(pairs.stated, 1):.3f} ({pairs.false} of {pairs.stated})"
    shapes, layouts = f"{SHAPES_ASKED:.2f}", f"{DISTRIBUTIONS_ASKED:.2f}"
    figures = (
        ("macro-F1 over shapes, calcifications", shapes, macro_f1["shapes_of_calcifications"]),
        ("macro-F1 over shapes, found groups", shapes, macro_f1["shapes_of_groups"]),
        ("macro-F1 over shapes, planned ones among whatever lies there", "", macro_f1["shapes_of_planned"]),
        ("macro-F1 over distributions, planned groups", layouts, macro_f1["distributions"]),
        (
            "the same, planned groups of which nothing was grouped counted as wrong",
            "",
            macro_f1["distributions_with_missed"],
        ),
        ("macro-F1 over distributions, every found group", "", macro_f1["distributions_of_found_groups"]),
        ("groups paired right on two views", f"{PAIRS_RIGHT_ASKED:.2f}", right),
        ("stated pairs that are false", f"at most {PAIRS_FALSE_ASKED:.2f}", false),
    )
    return [(f"phantoms at {spacing.spacing_mm:g} mm", *row) for row in figures]


def _phantoms(spacing: SpacingFigures) -> Iterator[str]:
    calcifications = spacing.confusions["shapes_of_calcifications"]
    groups = spacing.confusions["shapes_of_groups"]
    yield f"## Phantoms with pixels of {spacing.spacing_mm:g} mm"
    yield (
        '### Shapes of single calcifications\n\nRows are true, columns are said, the last one is "cannot '
        f'tell". {_shares(calcifications)} Of {spacing.missed} planned groups or loose calcifications '
        "nothing was found: they are in no row."
    )
    yield matrix(calcifications)
    yield (
        "### Shapes of found groups\n\nOf groups of which at least half the members truly have one shape. "
        f"{_shares(groups)}"
    )
    yield matrix(groups)
    yield "### Distributions of planned groups"
    yield matrix(spacing.confusions["distributions"])


def _shares(confusion: Confusion) -> str:
    count = int(confusion.counts.sum())
    return (
        f"Of {count}, {number(100 * confusion.share_classified, 0)} percent were told and "
        f"{number(100 * confusion.accuracy, 0)} percent told right."
    )


def _rated(rated: Sequence[RatedImage]) -> Iterator[str]:
    used = [image for image in rated if image.label.positive]
    yield "## Real images that a radiologist rated"
    yield (
        f"{len(used)} images with calcifications of {len({image.label.patient for image in used})} women; "
        f"{sum(image.label.is_suspicious for image in used)} rated 4, 5 or 6. The rating is of the whole "
        "image, its masses included; an image without a group has suspicion 0. AUC of the most suspicious "
        f"group: **{with_interval(area_of_suspicion(rated))}**."
    )
    sources = suspicion_sources()
    yield (
        f"Suspicion was fitted to: {sources.groups}; {sources.group_count} groups of {len(sources.women)} "
        "women. Where these are the images rated here, the figure above is kinder than on images it never "
        "saw: `calcwatch-lab train kinds --each-left-out` makes models to measure with. The examination "
        f"score counts deciles of: {sources.reference}."
    )
    yield "Suspicion against rating, images in five parts by suspicion:"
    yield table(("images", "mean suspicion", "rated 4 to 6"), _by_suspicion(used), words=0)
    yield "### Where the reader's notes name vessels or coarse calcifications"
    heads = ("image", "rated", "notes", "groups told (shape, distribution, number)", "calcifications told")
    yield table(heads, [_noted_row(image) for image in used if _is_noted(image)], words=5)


def _is_noted(image: RatedImage) -> bool:
    notes = image.label.notes.lower().replace("microcalc", "")
    return any(word in notes for word in NOTED)


def _by_suspicion(images: Sequence[RatedImage]) -> list[tuple[str, ...]]:
    ordered = sorted(images, key=lambda image: image.suspicion)
    places = np.array_split(np.arange(len(ordered)), _PARTS)
    parts = [[ordered[place] for place in own] for own in places if own.size]
    return [
        (
            str(len(part)),
            number(float(np.mean([image.suspicion for image in part]))),
            number(float(np.mean([image.label.is_suspicious for image in part]))),
        )
        for part in parts
    ]


def _noted_row(image: RatedImage) -> tuple[str, ...]:
    groups = "; ".join(
        f"{shape.replace('_', ' ')}, {layout}, {count}"
        for shape, layout, count, _ in image.groups[:_MOST_GROUPS]
    )
    counts = sorted(image.shapes.items(), key=lambda item: -item[1])[:_MOST_GROUPS]
    shapes = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts)
    label = image.label
    return label.path.name, label.birads, label.notes, groups or "none", shapes or "none"
