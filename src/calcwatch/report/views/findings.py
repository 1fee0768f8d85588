"""What the page shows of findings: suspicious ones one by one with pictures, harmless ones in lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calcwatch.domain.change import Change
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import ReadExamination
from calcwatch.report.marks import anchor, image_label
from calcwatch.report.template import Row
from calcwatch.report.views.reading import view_assessment
from calcwatch.words.changes import CHANGE_WORDS, tone
from calcwatch.words.lexicon import DISTRIBUTION_WORDS
from calcwatch.words.next_step import (
    Finding,
    SeenGroup,
    SortedFindings,
    look_words,
    place_words,
    sort_findings,
    stated_words,
)
from calcwatch.words.summary import composition_words, kind_words

Groups = Mapping[str, Row]
"""Tracking UID of a group -> its row of ``view_image``."""


def view_findings(examination: ReadExamination, groups: Groups, changes: Mapping[str, Change]) -> Row:
    """Work out what the page shows of the findings of an examination.

    Args:
        examination: The examination.
        groups: Rows of its groups.
        changes: Tracking UID of a group -> what became of it since the prior.

    Returns:
        A row for ``examination.html``: ``suspicious``, each with its pictures, ``for_all``: what holds for
        each of them, ``lines`` for all others, and ``is_told``: whether something is suspicious or proven.

    """
    sorted_findings = sort_findings(examination.findings)
    places = {
        image.description.source: place
        for place, image in zip(examination.places, examination.findings.images, strict=True)
    }
    seen = _Seen(places, changes)
    return {
        "suspicious": [
            _suspicious(finding, seen, groups, examination.questions)
            for finding in sorted_findings.suspicious
        ],
        "for_all": _for_all(sorted_findings.suspicious),
        "lines": _lines(sorted_findings, seen, examination),
        "is_told": sorted_findings.is_told,
    }


def _for_all(findings: Sequence[Finding]) -> list[str]:
    """Reasons that all findings share: said once, so that what is special to each is seen."""
    if len(findings) < 2:
        return []
    first, *others = (finding.assessment.reasons for finding in findings)
    return [reason for reason in first if all(reason in reasons for reasons in others)]


class _Seen:
    """Where the page shows a group: a class because every line asks for the same two tables."""

    def __init__(self, places: Mapping[str, int], changes: Mapping[str, Change]) -> None:
        self.places = places
        self.changes = changes

    def name(self, seen: SeenGroup) -> Row:
        """Anchor and name of a group, for a link target."""
        place = self.places[seen.image.description.source]
        letter = group_letters(seen.image)[seen.group.tracking_uid]
        return {
            "id": f"{anchor(place)}-group-{letter}",
            "image": anchor(place),
            "letter": letter,
            "label": image_label(seen.image),
            "explain": f"{place + 1}:{letter}",
        }

    def change(self, finding: Finding) -> Row | None:
        """What became of a finding, the raised one where its views differ."""
        found = [
            self.changes[seen.group.tracking_uid]
            for seen in finding.views
            if seen.group.tracking_uid in self.changes
        ]
        change = max(found, key=lambda change: tone(change.kind) == "raised", default=None)
        return {"word": CHANGE_WORDS[change.kind], "tone": tone(change.kind)} if change else None


def _suspicious(finding: Finding, seen: _Seen, groups: Groups, questions: Mapping[str, str]) -> Row:
    first = finding.first
    return {
        "assessment": view_assessment(finding.assessment, questions),
        "place": first.reading.location.words,
        "short_place": place_words(finding),
        "view_note": first.reading.view_note,
        "kind": kind_words(first.group),
        "composition": composition_words(first.group),
        "suspicion": _suspicion(finding),
        "stated": stated_words(finding),
        "change": seen.change(finding),
        "views": [{**seen.name(view), "group": groups[view.group.tracking_uid]} for view in finding.views],
    }


def _suspicion(finding: Finding) -> str:
    known = [seen.group.suspicion for seen in finding.views if seen.group.suspicion is not None]
    return f"{max(known):.2f}" if known else "not known"


def _lines(found: SortedFindings, seen: _Seen, examination: ReadExamination) -> list[Row]:
    """All that is not suspicious: what is neither benign nor suspicious first, arteries and scatter last."""
    lines = [_line(finding, seen) for finding in found.other]
    if found.arteries:
        lines.append(_together("Arteries", found.arteries, seen))
    singles = {
        image_label(image): len(image.singles) for image in examination.findings.images if image.singles
    }
    if found.scatter or singles:
        lines.append(
            {
                **_together("Loose specks", found.scatter, seen),
                "more": ", ".join(f"{count} in no group on {view}" for view, count in singles.items()),
            }
        )
    if found.rejected:
        lines.append({**_together("Rejected by a person", found.rejected, seen), "assessment": None})
    return lines


def _line(finding: Finding, seen: _Seen) -> Row:
    group = finding.first.group
    layout = group.distribution.likeliest if group.distribution and group.distribution.probabilities else None
    words = ", ".join(
        filter(
            None,
            (
                look_words(group),
                DISTRIBUTION_WORDS[layout] if layout else "",
                f"{finding.count} calcifications",
            ),
        )
    )
    return {
        "title": place_words(finding),
        "assessment": view_assessment(finding.assessment, {}),
        "words": words,
        "more": composition_words(group),
        "stated": stated_words(finding),
        "change": seen.change(finding),
        "groups": [seen.name(view) for view in finding.views],
    }


def _together(title: str, findings: Sequence[Finding], seen: _Seen) -> Row:
    """Many findings in one line; the suggestion is that of the most urgent of them."""
    views = [view for finding in findings for view in finding.views]
    sides = {"R": 0, "L": 0}
    for finding in findings:
        side = str(finding.first.reading.location.laterality)
        sides[side] = sides.get(side, 0) + finding.count
    counted = ", ".join(
        f"{count} calcifications {name}"
        for side, name in (("R", "right"), ("L", "left"), ("None", "side not known"))
        if (count := sides.get(side, 0))
    )
    changes = [
        change for finding in findings if (change := seen.change(finding)) and change["tone"] == "raised"
    ]
    return {
        "title": title,
        "assessment": view_assessment(findings[0].assessment, {}) if findings else None,
        "words": f"{len(findings)}: {counted}" if findings else "",
        "more": "",
        "stated": "",
        "change": changes[0] if changes else None,
        "groups": [seen.name(view) for view in views],
    }
