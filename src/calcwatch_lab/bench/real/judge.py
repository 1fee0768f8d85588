"""Results of ``calcwatch analyze`` against what readers said of groups and of whole images.

A labeled group is the found group that holds most of its marks; where none holds enough, it is missed. A
group has the category that it would have if confirmed, else the suggested one. An image has the worst
category and the highest suspicion of its groups.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.spatial import cKDTree

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import GroupKind
from calcwatch_lab.bench.statistics.intervals import Estimate, Proportion, proportion
from calcwatch_lab.bench.statistics.roc import area_estimate
from calcwatch_lab.group_labels import Alarm, read_groups
from calcwatch_lab.labels import read_rows
from calcwatch_lab.pages import figures_text, table, with_interval, write_texts
from calcwatch_lab.results import findings_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from calcwatch_lab.group_labels import ReadGroup
    from calcwatch_lab.labels import Row

FIGURES = "judge-figures.json"
"""File that a run writes."""

SAME_MM = 1.0
"""A labeled mark this near to a member of a found group lies in it."""

LEAST_SHARE = 0.3
"""Of its marks a labeled group must have in a found group to be that."""

ABOVE_THREE = ("4", "5", "6")
"""How a category begins that asks for a biopsy."""

BENIGN_CATEGORIES = ("2", "3")
"""How a category begins that asks for none."""


@dataclass(frozen=True, eq=False)
class FoundGroup:
    """A group as a result tells it.

    Attributes:
        marks: n x 2, row and column of its members in file pixels.
        kind: What it is said to be; empty in a result that names no kinds.
        category: What it would be if confirmed, else what is suggested; empty for neither.
        suspicion: 0 to 1.
    """

    marks: NDArray[np.float64]
    kind: str
    category: str
    suspicion: float


@dataclass(frozen=True, eq=False)
class FoundImage:
    """An image as a result tells it.

    Attributes:
        name: Its file.
        spacing_mm: Millimeters a pixel.
        groups: What was found.
    """

    name: str
    spacing_mm: float
    groups: tuple[FoundGroup, ...]

    @property
    def is_above_three(self) -> bool:
        """Whether any of its groups asks for a biopsy."""
        return any(group.category.startswith(ABOVE_THREE) for group in self.groups)

    @property
    def suspicion(self) -> float:
        """That of its most suspicious group, 0 without a group."""
        return max((group.suspicion for group in self.groups), default=0.0)


@dataclass(frozen=True, eq=False)
class JudgedGroup:
    """A labeled group and what became of it.

    Attributes:
        woman: Whose it is.
        said: What readers said of it.
        found: The found group that it is; ``None`` where it was missed.
    """

    woman: str
    said: ReadGroup
    found: FoundGroup | None

    @property
    def category(self) -> str:
        """Its category in the result, empty where it was missed."""
        return self.found.category if self.found else ""

    @property
    def is_right(self) -> bool:
        """Whether its kind is the first reader's; what is no calcification is right, too, if not reported."""
        if self.found is None:
            return self.said.kinds[0] is GroupKind.NOT_A_CALCIFICATION
        return self.found.kind == self.said.kinds[0]

    def alarms_are(self, alarm: Alarm) -> bool:
        """Whether all who read it say so.

        Args:
            alarm: What they say.
        """
        return set(self.said.alarms) == {alarm}


@dataclass(frozen=True)
class RatedView:
    """An image that a radiologist rated, and what became of it.

    Attributes:
        woman: Whose it is.
        rating: First character of the category that the radiologist gave.
        calcifications: Whether the radiologist saw any.
        mass: Whether the radiologist saw a mass.
        above_three: Whether the result has a group above 3.
        suspicion: The highest of its groups.
    """

    woman: str
    rating: str
    calcifications: bool
    mass: bool
    above_three: bool
    suspicion: float


@dataclass(frozen=True)
class Judgment:
    """All figures.

    Attributes:
        counts: Part and whole of each figure that is counted, by what it says.
        missed: Number of groups that were missed, of those with a kind.
        area: Area under the ROC curve of suspicion, rated 4 to 6 against 1 to 3, calcifications and no mass.
        positives: Number of images rated 4 to 6 among these.
        images: Number of all these images.
    """

    counts: dict[str, Proportion]
    missed: int
    area: Estimate
    positives: int
    images: int


def judge(
    results: Sequence[Path],
    *,
    groups: Path,
    marks: Path,
    ratings: Path,
    leave_out: Collection[str] = (),
) -> Judgment:
    """Hold results against labels.

    Args:
        results: Results of ``calcwatch analyze``: folders, or their ``findings.json``; several where each
            woman was analyzed by a model that has not seen her.
        groups: What readers said of groups, see ``group_labels``.
        marks: Where their calcifications lie.
        ratings: ``file, patient, birads, calcifications, mass``.
        leave_out: Patients whose images do not count.

    Returns:
        The figures; images without a result, or without a rating's row, do not count.

    Raises:
        BadTable: A table or a result cannot be used.

    """
    found = {image.name: image for path in results for image in read_found(path)}
    rows = read_rows(ratings, ("file", "patient", "birads", "calcifications", "mass"))
    known = {Path(row["file"]).name: row for row in rows if row["patient"] not in leave_out}
    used = [name for name in known if name in found]
    if not used:
        raise BadTable(f"{ratings}: none of its images is in the result")
    said = read_groups(groups, marks)
    judged = [
        JudgedGroup(known[name]["patient"], group, _match(group, found[name]))
        for name in used
        for group in said.get(name, ())
        if group.kinds and len(group.marks)
    ]
    return figures_of(judged, [_rated(known[name], found[name]) for name in used])


def read_found(path: Path) -> list[FoundImage]:
    """Read the groups of a result by the names that stay.

    Args:
        path: A result of ``calcwatch analyze``: its folder or its ``findings.json``.

    Returns:
        Its images.

    Raises:
        BadTable: It is no result.

    """
    file = findings_file(path)
    try:
        return [_found(image) for image in json.loads(file.read_bytes())["images"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadTable(f"{file}: no findings.json with images; make one with: calcwatch analyze") from error


def figures_of(groups: Sequence[JudgedGroup], images: Sequence[RatedView]) -> Judgment:
    """Count.

    Args:
        groups: The labeled groups.
        images: The rated images.

    Returns:
        All figures, with intervals by woman.
    """
    by_us = [group for group in groups if group.found and group.found.kind == GroupKind.VASCULAR]
    arteries = [group for group in groups if group.said.kinds[0] is GroupKind.VASCULAR]
    benign = [group for group in groups if group.alarms_are(Alarm.BENIGN)]
    suspicious = [group for group in groups if group.alarms_are(Alarm.SUSPICIOUS)]
    calcified = [image for image in images if image.calcifications]
    without_mass = [image for image in calcified if not image.mass]
    rated = [image for image in without_mass if image.rating in "123" or image.rating in ABOVE_THREE]
    positive = [image.rating in ABOVE_THREE for image in rated]
    counts = {
        "kinds right": _share(groups, lambda group: group.is_right),
        "arteries told, of those the first reader names": _share(arteries, lambda group: group.is_right),
        "arteries right, of those we name": _share(by_us, lambda group: group.is_right),
        "benign to both readers: 2 or 3": _share(
            [group for group in benign if len(group.said.alarms) > 1],
            lambda group: group.category.startswith(BENIGN_CATEGORIES),
        ),
        "benign to all who read it: 2 or 3": _share(
            benign, lambda group: group.category.startswith(BENIGN_CATEGORIES)
        ),
        "suspicious to all who read it: above 3": _share(
            suspicious, lambda group: group.category.startswith(ABOVE_THREE)
        ),
        "images rated 1 or 2: above 3": _share(
            [image for image in calcified if image.rating in ("1", "2")], lambda image: image.above_three
        ),
        "images rated 4 to 6, no mass: above 3": _share(
            [image for image in rated if image.rating in ABOVE_THREE], lambda image: image.above_three
        ),
    }
    return Judgment(
        counts,
        sum(group.found is None for group in groups),
        area_estimate(
            np.array([image.suspicion for image in rated]),
            np.array(positive, np.bool_),
            [image.woman for image in rated],
        ),
        sum(positive),
        len(rated),
    )


def in_words(judgment: Judgment) -> str:
    """Write the figures as a table.

    Args:
        judgment: The figures.

    Returns:
        A table in Markdown with 95 percent intervals by woman.
    """
    rows = [
        (what, str(figure.part), str(figure.whole), with_interval(figure.ratio))
        for what, figure in judgment.counts.items()
    ]
    rows.append(("labeled groups that were missed", str(judgment.missed), rows[0][2], ""))
    rows.append(
        (
            "AUC of suspicion, rated 4 to 6 against 1 to 3, calcifications and no mass",
            str(judgment.positives),
            str(judgment.images),
            with_interval(judgment.area),
        )
    )
    return table(("figure", "part", "of", "reached (95 % by woman)"), rows)


def write_judgment(judgment: Judgment, out: Path) -> Path:
    """Write the figures for a program.

    Args:
        judgment: The figures.
        out: Folder to write to, which is made.

    Returns:
        The file.

    Raises:
        ResultNotWritten: ``out`` cannot be written.

    """
    figures: dict[str, Any] = {
        what: {"part": figure.part, "whole": figure.whole, **_estimate(figure.ratio)}
        for what, figure in judgment.counts.items()
    }
    figures["missed"] = judgment.missed
    figures["auc"] = {
        "positives": judgment.positives,
        "images": judgment.images,
        **_estimate(judgment.area),
    }
    write_texts(out, {FIGURES: figures_text(figures, sort_keys=False)})
    return out / FIGURES


Thing = TypeVar("Thing", JudgedGroup, RatedView)
"""What is counted."""


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), 4) for name in ("value", "low", "high")}


def _share(things: Sequence[Thing], counts: Callable[[Thing], bool]) -> Proportion:
    return proportion([(int(counts(thing)), 1) for thing in things], [thing.woman for thing in things])


def _found(image: dict[str, Any]) -> FoundImage:
    places = {mark["tracking_uid"]: (mark["row"], mark["column"]) for mark in image["calcifications"]}
    return FoundImage(
        Path(image["source"]).name,
        float(image["pixel_spacing_mm"]),
        tuple(
            FoundGroup(
                np.array([places[uid] for uid in group["members"]], np.float64).reshape(-1, 2),
                group.get("kind") or "",
                group.get("if_confirmed") or group.get("suggested_category") or "",
                float(group["suspicion"] or 0.0),
            )
            for group in image["groups"]
        ),
    )


def _match(group: ReadGroup, image: FoundImage) -> FoundGroup | None:
    """The found group that holds most of the marks; of equals the first."""
    reach = SAME_MM / image.spacing_mm
    shares = [float((cKDTree(found.marks).query(group.marks)[0] <= reach).mean()) for found in image.groups]
    best = int(np.argmax(shares)) if shares else -1
    return image.groups[best] if shares and shares[best] >= LEAST_SHARE else None


def _rated(row: Row, image: FoundImage) -> RatedView:
    # an image that nobody rated would count among those that are not suspicious
    if row["birads"][:1] not in tuple("0123456"):
        raise row.refused(f"birads is {row['birads']!r}, no category")
    return RatedView(
        row["patient"],
        row["birads"][:1],
        row["calcifications"] == "1",
        row["mass"] == "1",
        image.is_above_three,
        image.suspicion,
    )
