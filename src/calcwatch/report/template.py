"""The HTML templates, loaded once: a name that a row lacks is an error, and every word is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from calcwatch.words.printable import shown

TILE_PX = 132
"""Width of a tile on the page, in CSS pixels."""

Row = dict[str, Any]
"""What a template shows of one thing, by the names that the template uses."""


def _shown(value: Any) -> Any:
    """Every word that a template shows, markup of the template itself left as it is."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def template(name: str) -> Template:
    """Load a template.

    Args:
        name: Its file in the folder ``templates``.

    Returns:
        The template.

    """
    environment = Environment(
        loader=PackageLoader("calcwatch.report"),
        # Headers and file names are anybody's text and must not become markup.
        autoescape=True,
        # Control characters, and those that reverse what follows, are shown as what they are.
        finalize=_shown,
        # A misspelled name is an error instead of an empty place on the page.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["tile_px"] = TILE_PX  # of a macro, which sees nothing else
    return environment.get_template(name)
