"""The evidence of comparing as a page and as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from calcwatch.domain.change import Alignment
from calcwatch.words.changes import CHANGE_WORDS
from calcwatch_lab.bench.changes.figures import (
    KINDS,
    comparable,
    error_mm,
    kind_figures,
    linked_shares,
    mixed_count,
    refused,
    said_instead,
    unchanged,
)
from calcwatch_lab.bench.changes.measure import OTHER_WOMAN, UPSIDE_DOWN, VIEWS_SWAPPED, BreastResult
from calcwatch_lab.pages import (
    UNKNOWN,
    figures_text,
    join_paragraphs,
    page_head,
    table,
    with_interval,
    write_texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcwatch_lab.bench.statistics.intervals import Proportion

PAGE, FIGURES = "changes.md", "changes-figures.json"
"""Files that a run writes."""

Sets = Mapping[str, Sequence[BreastResult]]
"""Measured breasts by the name of their set."""

_INTRODUCTION = """\
Phantom breasts imaged on two days by two devices: pixels of 0.07 to 0.14 mm, dose 0.5 to 1.6, three blurs,
three strengths of edge enhancement, positioned and compressed anew. Two plain groups and a few loose
calcifications in each, seen on CC and MLO; what becomes of a group is planned, and what is true is told from
where its calcifications truly are. They go through the whole analysis: what the detector misses or runs
together counts. No seed had a part in choosing anything. Brackets hold 95 percent intervals, from drawing
breasts."""

_WORDS = """\
*Recall*: of all groups that were planned, those called what they are; a group in pieces counts for its
largest one. *Well found*: the same of groups at least half of whose calcifications the detector found on
each day they were there: this tells the comparison from the detection. *Precision*: of everything that was
called so, pieces and noise included (but for unchanged pieces). Groups with different changes that lie over
each other in a view and were taken for one are counted by themselves. What counts as a change is what
was asked: 30 percent or five calcifications, 5 mm of the longest diameter of a group, a factor of 1.35 in
size; it is measured on the true places, by other code than that of the comparison."""

_PUBLISHED = """\
For comparison: the best program of the 1990s and 2000s matched 149 of 175 pairs of groups on film right, with
15 false, and first placed them 8.5 mm off on the average (Hadjiiski, report ADA443710)."""


def write_change_evidence(sets: Sets, out: Path, command: str) -> Path:
    """Write the page and its figures.

    Args:
        sets: Measured breasts by the name of their set; empty sets are left out.
        out: Folder to write to, which is made.
        command: The command that measures the same.

    Returns:
        The page's file.

    Raises:
        ResultNotWritten: ``out`` cannot be written.

    """
    figures = {name: _figures(breasts) for name, breasts in sets.items() if breasts}
    write_texts(out, {PAGE: page_of(sets, command), FIGURES: figures_text(figures)})
    return out / PAGE


def page_of(sets: Sets, command: str) -> str:
    """Write the page.

    Args:
        sets: Measured breasts by the name of their set; empty sets are left out.
        command: The command that measures the same.

    Returns:
        The page in Markdown.

    """
    parts = [
        *page_head("How well two examinations are compared", command),
        _INTRODUCTION.replace("\n", " "),
        _PUBLISHED.replace("\n", " "),
    ]
    for name, breasts in sets.items():
        if breasts:
            parts += _set(name, breasts)
    return join_paragraphs(parts)


def proportion_words(found: Proportion) -> str:
    """Write a proportion.

    Args:
        found: The proportion.

    Returns:
        For example ``0.950 (0.910 to 0.980), 95 of 100``; a dash of nothing.

    """
    if not found.whole:
        return UNKNOWN
    return f"{with_interval(found.ratio, 3)}, {found.part} of {found.whole}"


def _set(name: str, breasts: Sequence[BreastResult]) -> Iterator[str]:
    pairs = sum(len(breast.pairs) for breast in breasts)
    yield f"## {name.capitalize()}: {len(breasts)} breasts, {pairs} pairs of images"
    yield table(("figure", "asked", "reached"), _asked(breasts), words=1)
    yield "### What became of each group"
    yield _WORDS.replace("\n", " ")
    yield table(("change", "recall", "well found", "precision", "said instead"), _kind_rows(breasts), words=1)
    yield f"Groups over each other that were taken for one: {mixed_count(breasts)}."
    yield "### Priors that do not belong"
    heads = ("prior", "not comparable", "uncertain: look yourself", "compared")
    kinds = (OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN)
    yield table(heads, [_refused_row(breasts, kind) for kind in kinds])


def _asked(breasts: Sequence[BreastResult]) -> Iterator[tuple[str, ...]]:
    median = with_interval(error_mm(breasts, 0.5))
    yield "median error of the alignment at calcifications, mm", "at most 1.5", median
    yield "95th percentile, mm", "at most 5", with_interval(error_mm(breasts, 0.95))
    right, false = linked_shares(breasts, lambda pair: pair.groups)
    yield "groups on both days matched right", "0.95", proportion_words(right)
    yield "stated matches of groups that are false", "at most 0.03", proportion_words(false)
    right, false = linked_shares(breasts, lambda pair: pair.calcifications)
    yield "calcifications on both days matched right", "", proportion_words(right)
    yield "stated matches of calcifications that are false", "", proportion_words(false)
    null_test = proportion_words(unchanged(breasts))
    yield "groups of the same image disturbed called unchanged", "0.95", null_test
    yield "pairs that belong together and are compared", "", proportion_words(comparable(breasts))


def _kind_rows(breasts: Sequence[BreastResult]) -> Iterator[tuple[str, ...]]:
    for kind in KINDS:
        figures = kind_figures(breasts, kind)
        instead = ", ".join(
            f"{count} {words.replace('_', ' ')}" for words, count in said_instead(breasts, kind).most_common()
        )
        yield CHANGE_WORDS[kind], *map(proportion_words, figures.values()), instead or UNKNOWN


def _refused_row(breasts: Sequence[BreastResult], kind: str) -> tuple[str, ...]:
    counts = refused(breasts, kind)
    order = (Alignment.FAILED, Alignment.UNCERTAIN, Alignment.GOOD)
    return kind, *(str(counts[alignment.value]) for alignment in order)


def _figures(breasts: Sequence[BreastResult]) -> dict[str, object]:
    def numbers(found: Proportion) -> list[float]:
        ratio = found.ratio
        # Further digits say nothing.
        rounded = [round(value, 4) for value in (ratio.value, ratio.low, ratio.high)]
        return [*rounded, found.part, found.whole]

    groups = linked_shares(breasts, lambda pair: pair.groups)
    calcifications = linked_shares(breasts, lambda pair: pair.calcifications)
    kinds = (OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN)
    return {
        "error_mm_median": round(error_mm(breasts, 0.5).value, 3),
        "error_mm_95th": round(error_mm(breasts, 0.95).value, 3),
        "groups_right": numbers(groups[0]),
        "groups_false": numbers(groups[1]),
        "calcifications_right": numbers(calcifications[0]),
        "calcifications_false": numbers(calcifications[1]),
        "unchanged_when_disturbed": numbers(unchanged(breasts)),
        "kinds": {
            kind.value: {name: numbers(found) for name, found in kind_figures(breasts, kind).items()}
            for kind in KINDS
        },
        "refused": {kind: dict(refused(breasts, kind)) for kind in kinds},
    }
