"""What a reader does with an examination: findings sorted by what they ask for, and one line that says it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from calcwatch.domain.lexicon import Category, GroupKind, kind_of_word
from calcwatch.words.changes import CHANGE_WORDS, tone
from calcwatch.words.exam import SYMPTOM_NOTE
from calcwatch.words.lexicon import DISTRIBUTION_WORDS, GROUP_KIND_WORDS, MORPHOLOGY_WORDS
from calcwatch.words.urgency import category_of, is_above_3, is_suspicious, urgency, urgency_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.assessment import Assessment, ExaminationFindings, GroupReading
    from calcwatch.domain.change import Change
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings

_NAMED = 3  # findings that the line names one by one

_NOT_BENIGN = {
    Category.PROBABLY_BENIGN: "probably benign, a short interval is suggested",
    Category.KNOWN_MALIGNANCY: "at the place of a proven cancer",
}
"""Categories that are neither looked at as suspicious nor called benign, in words."""

NOT_LOOKED_FOR_SHORT = "Masses, distortions and asymmetries were not looked for."
"""Ends the line whatever it says: only calcifications are looked for."""


@dataclass(frozen=True)
class SeenGroup:
    """A group on one image.

    Attributes:
        image: The image.
        group: The group.
        reading: What its examination says of it.
    """

    image: ImageFindings
    group: CalcificationGroup
    reading: GroupReading


@dataclass(frozen=True)
class Finding:
    """One thing, on every view that shows it.

    Attributes:
        views: Its groups, the most urgent first; one or two.
    """

    views: tuple[SeenGroup, ...]

    @property
    def first(self) -> SeenGroup:
        """The group that stands for it: the one whose suggestion is the most urgent."""
        return self.views[0]

    @property
    def assessment(self) -> Assessment:
        """What is suggested for it."""
        return self.first.reading.assessment

    @property
    def is_rejected(self) -> bool:
        """Whether a person rejected it, on every view that shows it."""
        return all(seen.reading.is_rejected for seen in self.views)

    @property
    def own_category(self) -> Category | None:
        """The category that a person gave it, the most urgent of its views; ``None`` where none is stated."""
        stated = [seen.reading.stated for seen in self.views if not seen.reading.is_rejected]
        given = [said.category for said in stated if said and said.category]
        return max(given, key=urgency_of, default=None)

    @property
    def category(self) -> Category:
        """What it is to be taken for: the more urgent of what is suggested and what a person gave it."""
        suggested, own = category_of(self.assessment), self.own_category
        return max((suggested, own), key=urgency_of) if own else suggested

    @property
    def suspicion(self) -> float:
        """Its suspicion, on the view where it is highest; 1 where it is not known on one."""
        return max(1.0 if seen.group.suspicion is None else seen.group.suspicion for seen in self.views)

    @property
    def count(self) -> int:
        """Its calcifications on the view that shows most of them."""
        return max(seen.group.count for seen in self.views)


@dataclass(frozen=True)
class SortedFindings:
    """The findings of an examination by what they ask of a reader, each sorted the most urgent first.

    Attributes:
        suspicious: To be looked at one by one.
        arteries: Calcium in arteries, told in one line.
        scatter: Loosely scattered round specks, told in one line.
        other: Everything else, told in a line each.
        rejected: Those that a person rejected on every view, told in one line.
    """

    suspicious: tuple[Finding, ...]
    arteries: tuple[Finding, ...]
    scatter: tuple[Finding, ...]
    other: tuple[Finding, ...]
    rejected: tuple[Finding, ...]

    @property
    def is_told(self) -> bool:
        """Whether something is suspicious or a proven cancer, so that nothing may say that nothing is."""
        return bool(self.suspicious) or any(
            finding.category is Category.KNOWN_MALIGNANCY for finding in self.other
        )


def findings_of(examination: ExaminationFindings) -> tuple[Finding, ...]:
    """Put the groups of an examination together that are one thing on two views.

    Args:
        examination: The examination.

    Returns:
        The most urgent first, of equals the most suspicious; each group is in one.
    """
    reading_of = {reading.tracking_uid: reading for reading in examination.groups}
    seen = {
        group.tracking_uid: SeenGroup(image, group, reading_of[group.tracking_uid])
        for image in examination.images
        for group in image.groups
    }
    placed: set[str] = set()
    found = []
    for uid, own in seen.items():
        if uid in placed:
            continue
        other = seen.get(own.reading.counterpart or "")
        # A counterpart that is placed already belongs to another: each group is told once.
        views = [own] if other is None or other.group.tracking_uid in placed else [own, other]
        placed.update(view.group.tracking_uid for view in views)
        found.append(Finding(tuple(sorted(views, key=lambda view: -urgency(view.reading.assessment)))))
    return tuple(sorted(found, key=lambda finding: (-urgency_of(finding.category), -finding.suspicion)))


def sort_findings(examination: ExaminationFindings) -> SortedFindings:
    """Sort the findings of an examination by what they ask of a reader.

    Args:
        examination: The examination.

    Returns:
        Its findings; each is in one heap.
    """
    heaps: dict[str, list[Finding]] = {heap.name: [] for heap in fields(SortedFindings)}
    for finding in findings_of(examination):
        heaps[_heap(finding)].append(finding)
    return SortedFindings(**{name: tuple(found) for name, found in heaps.items()})


def _heap(finding: Finding) -> str:
    if finding.is_rejected:
        return "rejected"
    # Whatever it looks like: what we or a person put above 3 is never put away in a line.
    if is_suspicious(finding.assessment) or is_above_3(finding.category):
        return "suspicious"
    # What a person gave a category is told by itself, with it.
    if finding.own_category:
        return "other"
    return {GroupKind.VASCULAR: "arteries", GroupKind.SCATTERED_ROUND: "scatter"}.get(
        kind_of(finding.first.group), "other"
    )


def kind_of(group: CalcificationGroup) -> GroupKind:
    """Tell what a group most likely is, from its shape where no kind was told.

    Args:
        group: The group.

    Returns:
        Its kind; a group of which nothing was described counts as a tight group of specks.
    """
    if group.kind:
        return group.kind.likeliest
    shape = group.morphology.likeliest if group.morphology else None
    return kind_of_word(shape, None) if shape else GroupKind.SMALL_SUSPICIOUS


def what_to_do(examination: ExaminationFindings, changes: Sequence[Change] = ()) -> str:
    """Say in one line what a reader does now.

    Args:
        examination: The examination.
        changes: What became of its groups since the prior; empty where nothing was compared.

    Returns:
        What to look at, what is to be confirmed, what was not looked for; what a person stated that matters,
        such as a symptom, comes first.
    """
    return f"{steps_now(examination, changes)} {NOT_LOOKED_FOR_SHORT}"


def steps_now(examination: ExaminationFindings, changes: Sequence[Change] = ()) -> str:
    """Say what a reader does now, for a list that says once what was not looked for.

    Args:
        examination: The examination.
        changes: What became of its groups since the prior; empty where nothing was compared.

    Returns:
        As ``what_to_do``, without what was not looked for.
    """
    found = sort_findings(examination)
    # Of the notes this one alone says what to do now; the others stand with their breast.
    notes = dict.fromkeys(
        note for breast in examination.breasts for note in breast.notes if note == SYMPTOM_NOTE
    )
    said = [
        *notes,
        _look(found),
        _grown(changes),
        _neither(found),
        _harmless(examination, found),
    ]
    return " ".join(sentence for sentence in said if sentence)


def _look(found: SortedFindings) -> str:
    suspicious = found.suspicious
    if not suspicious:
        return ""
    named = [f"{place_words(finding)}, {_suggestion(finding)}" for finding in suspicious[:_NAMED]]
    if rest := len(suspicious) - len(named):
        named.append(f"{rest} more below")
    return f"Look at {_counted(len(suspicious), 'finding')}: {'; '.join(named)}."


def _suggestion(finding: Finding) -> str:
    category, own = category_of(finding.assessment), finding.own_category
    given = f", own category {own}" if own else ""
    return f"suggestion {category}{' if confirmed' if finding.assessment.if_confirmed else ''}{given}"


def place_words(finding: Finding) -> str:
    """Say where a finding lies, short enough for a list.

    Args:
        finding: The finding.

    Returns:
        ``right upper outer``; what is not known of it is left out.
    """
    location = finding.first.reading.location
    side = {"L": "left", "R": "right"}.get(str(location.laterality), "side not known")
    view = finding.first.image.description.view_position
    return f"{side} {location.quadrant}" if location.quadrant else f"{side} {view or 'breast'}"


def _grown(changes: Sequence[Change]) -> str:
    kinds = [change.kind for change in changes if tone(change.kind) == "raised"]
    counted = [f"{kinds.count(kind)} {CHANGE_WORDS[kind]}" for kind in CHANGE_WORDS if kind in kinds]
    grown = f"Since the prior: {', '.join(counted)}." if counted else ""
    open_ones = sum(tone(change.kind) == "unknown" for change in changes)
    # Not told is no calm: the reader has both days, the software could not lay them over each other.
    look = f"{_counted(open_ones, 'group')} could not be compared: look at both days." if open_ones else ""
    return " ".join(filter(None, (grown, look)))


def _harmless(examination: ExaminationFindings, found: SortedFindings) -> str:
    parts = []
    if found.arteries:
        parts.append(f"arteries ({len(found.arteries)})")
    if found.scatter or any(image.singles for image in examination.images):
        parts.append("loose specks")
    categories = [finding.category for finding in found.other]
    others = len(categories) - sum(categories.count(category) for category in _NOT_BENIGN)
    if others:
        parts.append(_counted(others, "other finding"))
    if not parts and not found.suspicious and not found.other:
        return "Nothing was marked; that is no normal mammogram: read it as always."
    if not parts:
        return ""
    start = "" if found.is_told else "Nothing suspicious was marked; "
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    sentence = f"{start}{listed} look benign: confirm."
    return sentence[0].upper() + sentence[1:]


def _neither(found: SortedFindings) -> str:
    """What is neither suspicious nor benign: 3 and 6."""
    categories = [finding.category for finding in found.other]
    return " ".join(
        f"{_counted(categories.count(category), 'finding')}: {words}."
        for category, words in _NOT_BENIGN.items()
        if category in categories
    )


def stated_words(finding: Finding) -> str:
    """Say what a person stated of a finding, as far as a reader has to see it beside the suggestion.

    Args:
        finding: The finding.

    Returns:
        Verdict, shape, distribution and own category; ``""`` where nothing was stated.
    """
    stated = [seen.reading.stated for seen in finding.views if seen.reading.stated]
    if not stated:
        return ""
    parts = [
        part
        for said in stated
        for part in (
            said.verdict or "",
            *(MORPHOLOGY_WORDS[shape] for shape in said.morphology),
            DISTRIBUTION_WORDS[said.distribution] if said.distribution else "",
            f"own category {said.category}" if said.category else "",
        )
    ]
    # Of two views that are told alike, once.
    return ", ".join(dict.fromkeys(part for part in parts if part)) or "answers to questions"


def look_words(group: CalcificationGroup) -> str:
    """Say what a group looks like in the fewest words.

    Args:
        group: The group.

    Returns:
        Its likeliest shape, or why none is told; of a tight group of specks that alone, since its category
        was judged by suspicion and one word of the lexicon beside it could contradict it.
    """
    if group.kind and group.kind.likeliest is GroupKind.SMALL_SUSPICIOUS:
        return GROUP_KIND_WORDS[GroupKind.SMALL_SUSPICIOUS]
    if group.morphology and group.morphology.likeliest:
        return MORPHOLOGY_WORDS[group.morphology.likeliest]
    return "shape cannot be told" if group.morphology else "not described"


def _counted(number: int, word: str, words: str = "") -> str:
    return f"{number} {word if number == 1 else words or f'{word}s'}"
