"""How good this version is, measured on real images: one data file that page, paper and explanation show."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        what: What was measured, in words.
        value: The figure.
        interval: Its interval, in words; ``""`` where none was computed.
        data: On which images and women.
        not_tested_on: What this figure says nothing about; ``""``: only what holds for all of them.
    """

    what: str
    value: str
    interval: str
    data: str
    not_tested_on: str = ""


@dataclass(frozen=True)
class Performance:
    """How good a version is.

    Attributes:
        analysis_version: The version that was measured; ``""``: none was.
        headline: The one thing to know, a sentence.
        not_tested_on: On what it was not tested, a list in words.
        figures: What was measured; empty where nothing was.
    """

    analysis_version: str
    headline: str
    not_tested_on: str
    figures: tuple[Figure, ...]

    def sentences(self, installed: str) -> tuple[str, ...]:
        """Say what to know before any figure.

        Args:
            installed: The analysis version that made the result.

        Returns:
            The headline, whether it was measured on another version, and on what it was not tested.
        """
        other = ""
        if self.analysis_version and self.analysis_version != installed:
            other = f"Measured on analysis version {self.analysis_version}; this result is of {installed}."
        return tuple(filter(None, (self.headline, other, f"Not tested on {self.not_tested_on}.")))


@cache
def performance() -> Performance:
    """Read what was measured.

    Returns:
        The figures of the data file beside this module.

    Raises:
        KeyError: The file lacks a name.
        TypeError: A figure has a name that nobody knows.
    """
    told = tomllib.loads((files("calcwatch.report") / "performance.toml").read_text(encoding="utf-8"))
    return Performance(
        analysis_version=told["analysis_version"],
        headline=told["headline"],
        not_tested_on=told["not_tested_on"],
        figures=tuple(Figure(**figure) for figure in told.get("figure", ())),
    )


def performance_lines(installed: str) -> Iterator[str]:
    """Say it as lines of text.

    Args:
        installed: The analysis version that made the result.

    Yields:
        A line a sentence and a figure.
    """
    measured = performance()
    yield from measured.sentences(installed)
    for figure in measured.figures:
        interval = f" ({figure.interval})" if figure.interval else ""
        but = f"; not tested on {figure.not_tested_on}" if figure.not_tested_on else ""
        yield f"{figure.what}: {figure.value}{interval}; {figure.data}{but}"
