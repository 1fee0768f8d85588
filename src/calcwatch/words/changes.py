"""Words for what became of a group; in the order in which a reader wants to see them."""

from __future__ import annotations

from calcwatch.domain.change import Alignment, Change, ChangeKind, GroupMeasurement, SurgicalBedPosition
from calcwatch.words.dates import date_words

CHANGE_WORDS = {
    ChangeKind.NEW: "new",
    ChangeKind.SHAPE_CHANGED: "shape changed",
    ChangeKind.INCREASED_IN_NUMBER: "increased in number",
    ChangeKind.INCREASED_IN_EXTENT: "increased in extent",
    ChangeKind.INCREASED_IN_SIZE: "increased in size",
    ChangeKind.NOT_COMPARABLE: "not comparable",
    ChangeKind.PARTIALLY_REMOVED: "partially removed",
    ChangeKind.DECREASED: "decreased",
    ChangeKind.RESOLVED: "resolved",
    ChangeKind.NO_SIGNIFICANT_CHANGE: "no significant change",
}
"""In words; the first ones are shown first."""

ALIGNMENT_WORDS = {
    Alignment.GOOD: "aligned well",
    Alignment.UNCERTAIN: "alignment uncertain: look yourself",
    Alignment.FAILED: "not comparable",
}
"""How well two images are aligned, in words."""

_RAISED = frozenset(
    {
        ChangeKind.NEW,
        ChangeKind.SHAPE_CHANGED,
        ChangeKind.INCREASED_IN_NUMBER,
        ChangeKind.INCREASED_IN_EXTENT,
        ChangeKind.INCREASED_IN_SIZE,
    }
)


def tone(kind: ChangeKind) -> str:
    """How a change is colored: ``raised``, ``unknown`` or ``calm``; calm never says benign."""
    if kind in _RAISED:
        return "raised"
    return "unknown" if kind is ChangeKind.NOT_COMPARABLE else "calm"


def in_reading_order(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes that want to be seen first; larger groups before smaller ones of the same kind."""
    order = list(CHANGE_WORDS)
    return tuple(
        sorted(changes, key=lambda one: (order.index(one.kind), -max(one.current.count, one.prior.count)))
    )


def measured_rows(then: GroupMeasurement, now: GroupMeasurement) -> tuple[tuple[str, str, str], ...]:
    """Name, value then, value now of everything measured; a dash where it is not known."""
    return (
        ("Calcifications", _count(then), _count(now)),
        ("Extent", _mm(then.extent_mm), _mm(now.extent_mm)),
        ("Median diameter", _mm(then.diameter_mm, 2), _mm(now.diameter_mm, 2)),
        ("Density over noise", _plain(then.contrast), _plain(now.contrast)),
        ("Shape", _shape(then), _shape(now)),
    )


def _count(measured: GroupMeasurement) -> str:
    return (
        f"{measured.count} and {measured.subthreshold} faint"
        if measured.subthreshold
        else str(measured.count)
    )


def _mm(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f} mm"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _shape(measured: GroupMeasurement) -> str:
    return measured.morphology.replace("_", " ") if measured.morphology else "-"


def bed_words(change: Change) -> str:
    """Where a group lies with respect to the bed of an operation; empty where it is not known."""
    if change.in_bed is None:
        return ""
    if change.bed_margin_mm is None:
        return f"{change.in_bed} the bed"
    inward = "inside" if change.bed_margin_mm <= 0 else "beyond"
    where = f"{abs(change.bed_margin_mm):.0f} mm {inward} its rim"
    return f"{'inside' if change.in_bed is SurgicalBedPosition.INSIDE else 'outside'} the bed, {where}"


def interval_words(months: float | None, then: str | None, now: str | None) -> str:
    """The two dates and the time between them."""
    dates = " to ".join(filter(None, (date_words(then), date_words(now))))
    if months is None:
        return dates or "dates not given"
    return f"{months:.0f} months ({dates})"
