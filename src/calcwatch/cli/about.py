"""``calcwatch schema``, ``explain`` and ``version``: what a result means, and what made it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calcwatch.cli.terminal import say


def schema(
    document: Annotated[
        str, typer.Argument(metavar="[DOCUMENT]", help="findings, comparison or history.")
    ] = "findings",
) -> None:
    """Print the JSON Schema (draft 2020-12) of findings.json, comparison.json or history.json.

    For example:

      calcwatch schema > findings.schema.json

      calcwatch schema comparison > comparison.schema.json
    """
    from calcwatch.formats.result.document import DOCUMENTS
    from calcwatch.formats.result.schema import schema_text

    if document not in DOCUMENTS:
        raise typer.BadParameter(f"{document!r} is none of {', '.join(DOCUMENTS)}")
    typer.echo(schema_text(document), nl=False)


def explain(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="2:A, or a tracking UID or its end.")],
    findings: Annotated[Path, typer.Option(metavar="PATH", help="The result.")] = Path("findings.json"),
) -> None:
    """Tell how the suggestion for a group came about: description, rules, sources, what would change it.

    2:A is group A of image 2 of the result, a findings.json or the folder that holds one. Exit status: 0, or
    2 when no group is called so; then those there are are listed.

    For example:

      calcwatch explain 1:A --findings result
    """
    from calcwatch.service.explain import explain_group

    for line in explain_group(group, findings):
        say(line)


def version() -> None:
    """Print the versions of the package and of the analysis.

    For example:

      calcwatch version
    """
    from calcwatch import __version__
    from calcwatch.domain.findings import ANALYSIS_VERSION

    typer.echo(f"calcwatch {__version__}, analysis {ANALYSIS_VERSION}")
