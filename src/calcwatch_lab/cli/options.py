"""Options that several commands of the laboratory share, and how they tell what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")]
Workers = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
]
LeaveOut = Annotated[str, typer.Option(metavar="PATIENT,...", help="Patients whose images are left out.")]
Backgrounds = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="Images without calcifications to insert some into: columns as of analyze --table, with "
        "patient_id and pixel_spacing_mm. Without it phantoms alone are learned from.",
    ),
]
Masks = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="Places in them that may be calcifications after all and are left out: columns file, row, "
        "column, radius_px.",
    ),
]

GroupLabels = Annotated[
    Path,
    typer.Option(
        metavar="CSV",
        help="What readers said of groups: columns group, file, and for each reader N what_N, alarm_N.",
    ),
]
GroupMarks = Annotated[
    Path, typer.Option(metavar="CSV", help="Where their calcifications lie: group, file, row, column.")
]


def names_of(leave_out: str) -> frozenset[str]:
    """Part the value of ``--leave-out`` into names.

    Args:
        leave_out: Names between commas, blanks round them allowed.

    Returns:
        The names, none of them empty.

    """
    return frozenset(filter(None, (name.strip() for name in leave_out.split(","))))


def tell_progress(what: str, done: int, total: int) -> None:
    """Tell how much is done, in one line on standard error that is written over again.

    Args:
        what: What is done.
        done: How much of it.
        total: How much there is.

    """
    typer.echo(f"\r{what}: {done} of {total}".ljust(70), nl=done == total, err=True)


def tell(line: str) -> None:
    """Write a line on standard error.

    Args:
        line: The line.

    """
    typer.echo(line, err=True)


def say_nothing(what: str, done: int, total: int) -> None:
    """Tell nothing, in place of :func:`tell_progress`.

    Args:
        what: What is done.
        done: How much of it.
        total: How much there is.

    """
