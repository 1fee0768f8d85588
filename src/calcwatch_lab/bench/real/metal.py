"""Surgical clips of real images and of phantoms: named, named once, called a calcification.

A real clip is a point that somebody set on its middle. It is named where a look-alike lies on it, and called
a calcification where a mark lies within 2 mm of the point or inside the outline of what names it. Results are
read by the names in ``findings.json`` that stay, so that those of every version can be held against each
other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.analyze import analyze_image
from calcwatch.models.cards import SHIPPED
from calcwatch.models.learned import learned_detector
from calcwatch.phantom.settings import LookalikeSettings, PhantomSettings
from calcwatch_lab.bench.detection.evaluate import find_lookalikes
from calcwatch_lab.bench.statistics.matching import Places, within
from calcwatch_lab.bench.truth.phantoms import ImagingVariant, load_phantom
from calcwatch_lab.labels import read_rows
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.results import findings_file
from calcwatch_lab.seeds import LOOKALIKE_TEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point
    from calcwatch_lab.bench.detection.evaluate import LookalikeResult

NEAR_MM = 2.0
"""A mark this near to the middle of a real clip calls the clip a calcification."""

FOLDED_SHARE = 0.7
"""Of the phantom clips are two bars side by side, as clips on real images are; the others are bars and Vs."""

_ANY_SPACING_MM = 0.25  # stands for the spacing where a distance of two pixels is asked for

VARIANTS = (
    ImagingVariant("pixels of 0.07 mm", "", PhantomSettings(pixel_spacing_mm=0.07)),
    ImagingVariant("pixels of 0.14 mm, 8 bits", "", PhantomSettings(pixel_spacing_mm=0.14), bits=8),
    ImagingVariant("film", "", PhantomSettings(pixel_spacing_mm=0.1, film=True)),
    ImagingVariant("enhanced", "", PhantomSettings(pixel_spacing_mm=0.1, edge_enhancement=0.8)),
)
"""How the phantoms with clips are imaged, by turns."""


@dataclass(frozen=True)
class ClipResult:
    """What became of one real clip.

    Attributes:
        file: The image.
        row: Row of its middle.
        column: Column of its middle.
        names: What it is named, once for each look-alike that lies on it.
        marks: How many calcifications are reported on it.
    """

    file: str
    row: float
    column: float
    names: tuple[str, ...]
    marks: int


def judge_real_clips(findings: Path, clips: Path) -> tuple[ClipResult, ...]:
    """Hold a result against a table of clips.

    Args:
        findings: A result of ``calcwatch analyze``: its folder or its ``findings.json``.
        clips: A table with ``file``, ``row`` and ``column``, one row a clip.

    Returns:
        One result a clip, in the order of the table; clips of images without a result are left out.

    Raises:
        BadTable: The table cannot be used.
    """
    document = json.loads(findings_file(findings).read_bytes())
    images = {Path(image["source"]).name: image for image in document["images"]}
    return tuple(
        _judged(images[row["file"]], row["file"], (row.number("row"), row.number("column")))
        for row in read_rows(clips, ("file", "row", "column"))
        if row["file"] in images
    )


def _judged(image: dict[str, Any], file: str, middle: Point) -> ClipResult:
    own = [thing for thing in image["non_lesions"] if _lies_on(middle, thing)]
    marks = np.array([(mark["row"], mark["column"]) for mark in image["calcifications"]], np.float64)
    marks = marks.reshape(-1, 2)
    near = np.hypot(*(marks - middle).T) * image["pixel_spacing_mm"] <= NEAR_MM
    for thing in own:
        near |= within(marks, _region(thing), spacing_mm=1.0)
    return ClipResult(file, *middle, tuple(thing["kind"] for thing in own), int(near.sum()))


def _lies_on(point: Point, thing: dict[str, Any]) -> bool:
    # Between the two bars of an open clip its middle may be outside of the outline by a pixel or two.
    return bool(within(np.array([point]), _region(thing), spacing_mm=_ANY_SPACING_MM)[0])


def _region(thing: dict[str, Any]) -> Places:
    return Places(np.array([[thing["row"], thing["column"]]]), (tuple((r, c) for r, c in thing["outline"]),))


def judge_phantom_clips(
    count: int, *, model: Path = SHIPPED, workers: int | None = None
) -> tuple[LookalikeResult, ...]:
    """Analyze phantoms that hold clips among calcifications.

    Args:
        count: Clips at least; all of the last phantom count.
        model: Folder of the detector's weights; the shipped one unless given.
        workers: Number of processes; ``None``: one per processor core.

    Returns:
        One result a clip.
    """
    job = partial(_judge_phantom, model=model)
    found: list[LookalikeResult] = []
    # A breast holds one clip at least, two or three on average.
    for batch in np.array_split(LOOKALIKE_TEST.take(count), max(count // 8, 1)):
        for results in run_tasks(job, [int(seed) for seed in batch], workers=workers):
            found += results
        if len(found) >= count:
            break
    return tuple(found)


def _judge_phantom(seed: int, *, model: Path) -> list[LookalikeResult]:
    variant = VARIANTS[seed % len(VARIANTS)]
    settings = replace(
        variant.settings,
        non_lesions=(NonLesionKind.CLIP,),
        views=variant.settings.views[:1],
        lookalikes=replace(LookalikeSettings(), clip_folded=FOLDED_SHARE),
    )
    mammogram, truth = load_phantom(seed, variant._replace(settings=settings))
    findings = analyze_image(mammogram, detector=learned_detector(model))
    return find_lookalikes(findings, truth, spacing_mm=settings.pixel_spacing_mm)


def clips_in_words(real: Sequence[ClipResult], phantoms: Sequence[LookalikeResult]) -> str:
    """Write down what became of the clips.

    Args:
        real: One a real clip.
        phantoms: One a phantom clip.

    Returns:
        A line for each real clip, and one for all of each sort that there is.
    """
    lines = [
        f"{clip.file} {clip.row:g} {clip.column:g}: {', '.join(clip.names) or 'no name'}, {clip.marks} marks"
        for clip in real
    ]
    lines.append(
        f"real clips: {sum(bool(clip.names) for clip in real)} of {len(real)} named,"
        f" {sum(len(clip.names) > 1 for clip in real)} more than once,"
        f" {sum(clip.marks > 0 for clip in real)} called a calcification"
    )
    if phantoms:
        lines.append(
            f"phantom clips: {sum(clip.named for clip in phantoms)} of {len(phantoms)} named,"
            f" {sum(clip.called for clip in phantoms)} called a calcification"
        )
    return "\n".join(lines)
