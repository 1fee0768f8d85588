"""The evidence of comparing as a page and as figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from calcwatch import __version__
from calcwatch.domain.change import Alignment
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.words.changes import CHANGE_WORDS
from calcwatch_lab.bench.changes.changes import OTHER_WOMAN, UPSIDE_DOWN, VIEWS_SWAPPED, Judged
from calcwatch_lab.bench.changes.figures import (
    KINDS,
    Share,
    comparable,
    error_mm,
    kind_figures,
    linked_shares,
    mixed_count,
    refused,
    told_instead,
    unchanged,
)
from calcwatch_lab.bench.detection.page import table, with_interval

PAGE, FIGURES = "changes.md", "changes-figures.json"
"""Files that a run writes."""

Sets = Mapping[str, Sequence[Judged]]
"""Judged breasts by the name of their set."""

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
[comparing.md](../comparing.md#what-is-said-of-a-group) says, on the true places."""

_BEFORE = """\
For comparison: the best program of the 1990s and 2000s matched 149 of 175 pairs of groups on film right, with
15 false, and first placed them 8.5 mm off on the average (Hadjiiski, report ADA443710)."""


def write_change_evidence(sets: Sets, out: Path, command: str) -> Path:
    """Write the page and its figures; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE).write_text(page_of(sets, command), encoding="utf-8", newline="\n")
    figures = {name: _figures(judged) for name, judged in sets.items() if judged}
    text = json.dumps(figures, indent=2, sort_keys=True, ensure_ascii=False)
    (out / FIGURES).write_text(text + "\n", encoding="utf-8", newline="\n")
    return out / PAGE


def page_of(sets: Sets, command: str) -> str:
    """Return the page in Markdown; a set without breasts is left out."""
    parts = [
        "# How well two examinations are compared",
        f"Written by calcwatch {__version__} (analysis version {ANALYSIS_VERSION}):",
        f"```text\n{command}\n```",
        _INTRODUCTION.replace("\n", " "),
        _BEFORE.replace("\n", " "),
    ]
    for name, judged in sets.items():
        if judged:
            parts += _set(name, judged)
    return "\n\n".join(parts) + "\n"


def _set(name: str, judged: Sequence[Judged]) -> Iterator[str]:
    pairs = sum(len(one.pairs) for one in judged)
    yield f"## {name.capitalize()}: {len(judged)} breasts, {pairs} pairs of images"
    yield table(("figure", "asked", "reached"), _asked(judged), words=1)
    yield "### What became of each group"
    yield _WORDS.replace("\n", " ")
    yield table(("change", "recall", "well found", "precision", "said instead"), _kind_rows(judged), words=1)
    yield f"Groups over each other that were taken for one: {mixed_count(judged)}."
    yield "### Priors that do not belong"
    heads = ("prior", "not comparable", "uncertain: look yourself", "compared")
    yield table(heads, [_refused_row(judged, kind) for kind in (OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN)])


def _asked(judged: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    yield (
        "median error of the alignment at calcifications, mm",
        "at most 1.5",
        with_interval(error_mm(judged, 0.5)),
    )
    yield "95th percentile, mm", "at most 5", with_interval(error_mm(judged, 0.95))
    for what, words, asked in (
        ("groups", "groups", ("0.95", "at most 0.03")),
        ("specks", "calcifications", ("", "")),
    ):
        right, false = linked_shares(judged, what)
        yield f"{words} on both days matched right", asked[0], right.words()
        yield f"stated matches of {words} that are false", asked[1], false.words()
    yield "groups of the same image disturbed called unchanged", "0.95", unchanged(judged).words()
    yield "pairs that belong together and are compared", "", comparable(judged).words()


def _kind_rows(judged: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    for kind in KINDS:
        found = kind_figures(judged, kind)
        instead = ", ".join(f"{n} {w.replace('_', ' ')}" for w, n in told_instead(judged, kind).most_common())
        yield CHANGE_WORDS[kind], *(s.words() for s in vars(found).values()), instead or "–"


def _refused_row(judged: Sequence[Judged], kind: str) -> tuple[str, ...]:
    told = refused(judged, kind)
    order = (Alignment.FAILED, Alignment.UNCERTAIN, Alignment.GOOD)
    return kind, *(str(told[one.value]) for one in order)


def _figures(judged: Sequence[Judged]) -> dict[str, object]:
    def of(found: Share) -> list[float]:
        one = found.estimate
        return [*(round(value, 4) for value in (one.value, one.low, one.high)), found.part, found.whole]

    groups, specks = linked_shares(judged, "groups"), linked_shares(judged, "specks")
    return {
        "error_mm_median": round(error_mm(judged, 0.5).value, 3),
        "error_mm_95th": round(error_mm(judged, 0.95).value, 3),
        "groups_right": of(groups[0]),
        "groups_false": of(groups[1]),
        "calcifications_right": of(specks[0]),
        "calcifications_false": of(specks[1]),
        "unchanged_when_disturbed": of(unchanged(judged)),
        "kinds": {
            kind.value: {name: of(found) for name, found in vars(kind_figures(judged, kind)).items()}
            for kind in KINDS
        },
        "refused": {kind: dict(refused(judged, kind)) for kind in (OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN)},
    }
