"""The commands of ``calcwatch``, in order; what they need is loaded when one is called."""

from __future__ import annotations

import typer

from calcwatch.cli.about import explain, schema, version
from calcwatch.cli.analyze import analyze, check
from calcwatch.cli.compare import compare, history
from calcwatch.cli.exchange import deidentify, export, read_cad
from calcwatch.cli.phantom import demo, phantom

app = typer.Typer(
    name="calcwatch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find, measure and describe breast calcifications in mammograms: a second pair of eyes, for "
    "research use; a radiologist decides; not for patients.",
)

COMMANDS = (
    *(compare, history, export, read_cad, deidentify),
    *(analyze, check, schema, explain, phantom, demo, version),
)
"""Every command, in the order in which help lists them; its name is that of its function."""

for command in COMMANDS:
    app.command()(command)
