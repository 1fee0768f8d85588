"""When a woman is imaged: dates round her operation, the device of each, and the views made on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcwatch.domain.image import ViewPosition
from calcwatch.phantom.settings import random_stream

if TYPE_CHECKING:
    import numpy as np

    from calcwatch.phantom.history.settings import Device, HistorySettings

USUAL_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
"""Wanted on every date."""


@dataclass(frozen=True)
class PlannedView:
    """One view of one date.

    Attributes:
        position: Its view position.
        is_magnified: Whether it is a magnification view, of a part of the breast.

    """

    position: ViewPosition
    is_magnified: bool = False

    @property
    def name(self) -> str:
        """Names it among the views of its date."""
        return f"{self.position}-magnified" if self.is_magnified else str(self.position)


@dataclass(frozen=True, kw_only=True)
class PlannedDate:
    """One date.

    Attributes:
        study_date: Year, month and day, as DICOM writes it.
        months: From the operation, negative before it.
        device: Where she is imaged.
        repositioning: How unlike the usual she is positioned and compressed.
        views: Of each breast; the other breast has the usual ones.

    """

    study_date: str
    months: int
    device: Device
    repositioning: float
    views: tuple[PlannedView, ...]


@dataclass(frozen=True)
class Timeline:
    """All dates of a history.

    Attributes:
        operation: Year and month of the operation, as months since year 0.
        dates: Oldest first.

    """

    operation: int
    dates: tuple[PlannedDate, ...]

    @property
    def months(self) -> tuple[int, ...]:
        """Of each date, from the operation."""
        return tuple(date.months for date in self.dates)

    def day_of(self, months: int, day: int) -> str:
        """Write the day some months after the operation.

        Args:
            months: From the operation.
            day: Of the month, 1 to 28.

        Returns:
            Year, month and day, as DICOM writes it.

        """
        return _day(self.operation + months, day)


def draw_timeline(seed: int, settings: HistorySettings) -> Timeline:
    """Draw when, where and how a woman is imaged.

    Args:
        seed: Of the woman.
        settings: Of the history; what they do not ask for is drawn.

    Returns:
        Her dates, oldest first; at least one follows the operation.

    """
    numbers = settings.timeline
    rng = random_stream(seed, "history", "timeline")
    operation = 12 * int(rng.integers(*numbers.operation_years, endpoint=True)) + int(rng.integers(0, 12))
    months = _draw_months(rng, settings)
    devices = _draw_devices(rng, len(months), settings)
    dates = tuple(
        PlannedDate(
            study_date=_day(operation + after, int(rng.integers(1, 29))),
            months=after,
            device=device,
            repositioning=float(rng.uniform(*numbers.repositioning)),
            views=_draw_views(rng, settings),
        )
        for after, device in zip(months, devices, strict=True)
    )
    return Timeline(operation, dates)


def _day(months: int, day: int) -> str:
    """The date of a day of a month, told as months since year 0."""
    return f"{months // 12:04d}{months % 12 + 1:02d}{day:02d}"


def _draw_months(rng: np.random.Generator, settings: HistorySettings) -> list[int]:
    """When she is imaged, in months from the operation, oldest first."""
    numbers, before = settings.timeline, settings.dates_before
    count = 2 + int(rng.choice(len(numbers.date_counts), p=numbers.date_counts))
    some = int(rng.integers(1, numbers.most_before, endpoint=True))
    drawn = 0 if rng.random() < numbers.operated_before else some
    before = min(drawn, (settings.date_count or count) - 1) if before is None else before
    # At least one date after the operation: without it nothing of it would be seen.
    count = settings.date_count or max(count, before + 1)
    earlier: list[int] = []
    for number in range(before):
        gap = numbers.before_months if number else numbers.last_before_months
        earlier.append((earlier[-1] if earlier else 0) - int(rng.integers(*gap, endpoint=True)))
    later: list[int] = []
    for number in range(count - before):
        first = numbers.first_after_months if before else numbers.late_first_months
        gap = numbers.after_months if number else first
        later.append((later[-1] if later else 0) + int(rng.integers(*gap, endpoint=True)))
    return earlier[::-1] + later


def _draw_devices(rng: np.random.Generator, count: int, settings: HistorySettings) -> list[Device]:
    """The device of each date: film at first in some women, then digital ones."""
    numbers = settings.timeline
    digital = [device for device in settings.devices if not device.film]
    films = [device for device in settings.devices if device.film]
    if not settings.other_devices:
        return [digital[0]] * count
    current, chosen = digital[int(rng.integers(len(digital)))], []
    for _ in range(count):
        if rng.random() < numbers.device_changes:
            current = digital[int(rng.integers(len(digital)))]
        chosen.append(current)
    on_film = int(rng.integers(1, max(int(numbers.most_on_film * count), 1), endpoint=True))
    if films and rng.random() < numbers.film_chance:
        chosen[:on_film] = [films[int(rng.integers(len(films)))]] * on_film
    return chosen


def _draw_views(rng: np.random.Generator, settings: HistorySettings) -> tuple[PlannedView, ...]:
    """CC and MLO, seldom without one of them, and sometimes more."""
    numbers = settings.timeline
    # All is drawn whatever is wanted, so that one wish does not shift the next draw.
    missed, which, exaggerated, lateral, magnified, of_which = rng.random(6)
    views = [PlannedView(position) for position in USUAL_VIEWS]
    if settings.missed_views and missed < numbers.missed:
        del views[int(which * 2)]
    if settings.extra_views:
        if exaggerated < numbers.exaggerated:
            views.append(PlannedView(ViewPosition.XCCL))
        if lateral < numbers.lateral:
            views.append(PlannedView(ViewPosition.ML))
        if magnified < numbers.magnified:
            position = (ViewPosition.CC, ViewPosition.ML)[int(of_which * 2)]
            views.append(PlannedView(position, is_magnified=True))
    return tuple(views)
