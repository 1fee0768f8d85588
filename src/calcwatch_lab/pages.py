"""What the pages of evidence share: how a number, an interval, a table and a page's head are written."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from calcwatch import __version__
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.service.files.result_folder import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from calcwatch_lab.bench.statistics.intervals import Estimate

UNKNOWN = "–"
"""What stands in a page for a figure that cannot be told."""


def number(value: float, digits: int = 2) -> str:
    """Write a number.

    Args:
        value: The number; ``nan`` is a dash.
        digits: Decimal places.

    Returns:
        The number in words, never ``-0``.

    """
    return UNKNOWN if math.isnan(value) else f"{value + 0.0:.{digits}f}"


def with_interval(estimate: Estimate | None, digits: int = 2) -> str:
    """Write a figure with its interval.

    Args:
        estimate: The figure; ``None`` or ``nan`` is a dash.
        digits: Decimal places.

    Returns:
        For example ``0.85 (0.81 to 0.88)``; without brackets where there is no interval.

    """
    if estimate is None or math.isnan(estimate.value):
        return UNKNOWN
    if math.isnan(estimate.low):
        return number(estimate.value, digits)
    between = f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"
    return f"{number(estimate.value, digits)} ({between})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Write a Markdown table.

    Args:
        heads: Titles of the columns.
        rows: Cells of each row, as many as there are titles.
        words: How many columns hold words; they are set to the left, all others to the right.

    Returns:
        The table, without a line break at its end.

    """
    marks = [*["---"] * words, *["---:"] * (len(heads) - words)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, marks, *rows])


def page_head(title: str, command: str, promise: str = "") -> list[str]:
    """Begin a page of evidence: its title, the versions that wrote it and the command that writes it again.

    Args:
        title: Title without a mark.
        command: The command in full, without folders that only this machine has.
        promise: What the same command does, after a semicolon; empty for nothing.

    Returns:
        The first three paragraphs.

    """
    return [
        f"# {title}",
        f"Written by calcwatch {__version__} (analysis version {ANALYSIS_VERSION}){promise}:",
        f"```text\n{command}\n```",
    ]


def join_paragraphs(parts: Iterable[str]) -> str:
    """Join the paragraphs of a page.

    Args:
        parts: Paragraphs, tables and titles; empty ones are left out.

    Returns:
        The page, with an empty line between its parts and a line break at its end.

    """
    return "\n\n".join(part for part in parts if part) + "\n"


def figures_text(figures: Mapping[str, Any], *, indent: int = 2, sort_keys: bool = True) -> str:
    """Write figures for a program.

    Args:
        figures: Words, numbers, lists and dictionaries of these.
        indent: Blanks a level.
        sort_keys: Whether names are sorted; else they keep their order.

    Returns:
        JSON with a line break at its end; a figure that cannot be told is ``NaN``.

    """
    return json.dumps(figures, indent=indent, sort_keys=sort_keys, ensure_ascii=False) + "\n"


def write_texts(out: Path, texts: Mapping[str, str]) -> None:
    """Write texts into a folder, which is made; files of the same names are replaced.

    Args:
        out: The folder.
        texts: Text by file name, written in UTF-8 with line feeds.

    Raises:
        ResultNotWritten: The folder cannot be written.

    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
