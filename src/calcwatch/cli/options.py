"""Options that several commands share, each once: its spelling, its help, and what it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calcwatch.cli.terminal import fail
from calcwatch.domain.image import GivenAttributes

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH...",
        readable=False,
        help="Mammograms, or folders to search for mammograms; may be left out when a table names files.",
    ),
]
"""Mammograms of ``analyze`` and ``check``."""

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", readable=False, help="Folder to write to.")]
"""Where a command writes."""

Table = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        readable=False,
        help="What is known of the files, with the columns file, patient_id, study_date, image_laterality, "
        "view_position and pixel_spacing_mm; a row goes before the options that follow.",
    ),
]
"""Table of ``analyze`` and ``check``."""

Spacing = Annotated[
    str | None,
    typer.Option(
        "--pixel-spacing",
        metavar="MM",
        help="Distance between pixel centers in the plane of the breast, for files that do not say it.",
    ),
]
"""Pixel spacing that holds for all files."""

Side = Annotated[
    str | None, typer.Option("--laterality", metavar="L|R", help="Side, for files that do not say it.")
]
"""Side that holds for all files."""

View = Annotated[
    str | None,
    typer.Option("--view", metavar="CC|MLO|...", help="View Position, for files that do not say it."),
]
"""View that holds for all files."""

Bits = Annotated[
    str | None,
    typer.Option(
        "--bits-stored",
        metavar="N",
        help="Bits that carry gray in a PNG, TIFF or PGM, 8 to 16; for 12 bits in 16.",
    ),
]
"""Number of bits that holds for all files."""

PatientId = Annotated[
    str | None,
    typer.Option(
        "--patient-id",
        metavar="ID",
        help="Patient ID of all files, in place of theirs: says that several IDs are one woman's.",
    ),
]
"""Patient ID that holds for all files."""

Workers = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
]
"""Number of processes."""

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
"""Whether to print errors only."""

JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Print progress as one JSON object a line.")
]
"""Whether a program reads the progress."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a file and line.")]
"""Whether a program reads the answer."""


def given_attributes(
    spacing: str | None,
    side: str | None = None,
    view: str | None = None,
    bits: str | None = None,
    patient_id: str | None = None,
) -> GivenAttributes:
    """Take what options state of all files.

    Args:
        spacing: The word of ``--pixel-spacing``; ``None``: not given.
        side: That of ``--laterality``.
        view: That of ``--view``.
        bits: That of ``--bits-stored``.
        patient_id: That of ``--patient-id``.

    Returns:
        What they state.

    Raises:
        typer.Exit: A word cannot be used.

    """
    try:
        return GivenAttributes.from_text(
            pixel_spacing_mm=spacing,
            image_laterality=side,
            view_position=view,
            bits_stored=bits,
            patient_id=patient_id,
        )
    except ValueError as problem:
        fail(str(problem))


def named_paths(paths: list[Path] | None, table: Path | None) -> list[Path]:
    """Take the paths of a command.

    Args:
        paths: As given; ``None``: none.
        table: As given; ``None``: none.

    Returns:
        The paths; none where a table names the files.

    Raises:
        typer.Exit: Neither is given.

    """
    if not paths and table is None:
        fail("no files given; name mammograms or folders, or a table that names them with --table")
    return paths or []
