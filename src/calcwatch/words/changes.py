"""Words for what became of a group; in the order in which a reader wants to see them."""

from __future__ import annotations

from calcwatch.domain.change import (
    GROWTH,
    Alignment,
    Change,
    ChangeKind,
    GroupMeasurement,
    SurgicalBedPosition,
)
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


def tone(kind: ChangeKind) -> str:
    """Say how a change is colored.

    Args:
        kind: What became of a group.

    Returns:
        ``raised``, ``unknown`` or ``calm``; calm never says benign.
    """
    # Shrinkage is calm in color only: no change is ever called benign.
    if kind in GROWTH:
        return "raised"
    return "unknown" if kind is ChangeKind.NOT_COMPARABLE else "calm"


def in_reading_order(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Order changes so that a reader meets those first that want to be seen first.

    Args:
        changes: In any order.

    Returns:
        The same in the order of ``CHANGE_WORDS``, larger groups before smaller ones of the same kind.
    """
    # The order in which a reader wants them, stated in one table; not the order of the enumeration.
    order = list(CHANGE_WORDS)
    return tuple(
        sorted(
            changes,
            key=lambda change: (order.index(change.kind), -max(change.current.count, change.prior.count)),
        )
    )


def measured_rows(prior: GroupMeasurement, current: GroupMeasurement) -> tuple[tuple[str, str, str], ...]:
    """Write what was measured of a group as rows of a table.

    Args:
        prior: On the prior image.
        current: On the current image.

    Returns:
        Name, prior value and current value of each measurement; a dash where it is not known.
    """
    return (
        ("Calcifications", _count(prior), _count(current)),
        ("Extent", _mm(prior.extent_mm), _mm(current.extent_mm)),
        ("Median diameter", _mm(prior.diameter_mm, 2), _mm(current.diameter_mm, 2)),
        ("Density over noise", _plain(prior.contrast), _plain(current.contrast)),
        ("Shape", _shape(prior), _shape(current)),
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
    """Say where a group lies with respect to the bed of an operation.

    Args:
        change: What became of the group.

    Returns:
        A phrase; empty where the place is not known.
    """
    if change.in_bed is None:
        return ""
    if change.bed_margin_mm is None:
        return f"{change.in_bed} the bed"
    # The place is by the stated margin, the distance by the rim: inside the bed may lie beyond its rim.
    inward = "inside" if change.bed_margin_mm <= 0 else "beyond"
    where = f"{abs(change.bed_margin_mm):.0f} mm {inward} its rim"
    return f"{'inside' if change.in_bed is SurgicalBedPosition.INSIDE else 'outside'} the bed, {where}"


def interval_words(months: float | None, prior: str | None, current: str | None) -> str:
    """Name two dates and the time between them.

    Args:
        months: Between the two, ``None`` where a date is not known.
        prior: Date of the prior examination, ``YYYYMMDD``, ``None`` where it is not known.
        current: The same of the current one.

    Returns:
        A phrase.
    """
    dates = " to ".join(filter(None, (date_words(prior), date_words(current))))
    if months is None:
        return dates or "dates not given"
    return f"{months:.0f} months ({dates})"
