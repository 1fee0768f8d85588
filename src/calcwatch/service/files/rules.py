"""Read the rule table: the shipped one, or one of the user's own."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from calcwatch.domain.errors import BadTable
from calcwatch.exam.rule_table import parse_rules

if TYPE_CHECKING:
    from pathlib import Path

    from calcwatch.exam.rule_table import RuleTable

SHIPPED_RULES = "birads-5th.toml"
"""The table that comes with calcwatch, in the folder ``rules`` of the package."""


def read_rules(path: Path | None = None) -> RuleTable:
    """Read a rule table.

    Args:
        path: A table in TOML, UTF-8; ``None``: the shipped one.

    Returns:
        The rules, questions and likelihoods of the table, checked.

    Raises:
        BadTable: The file cannot be read or the table is not sound; the message names file, rule and remedy.

    """
    source = path or files("calcwatch") / "rules" / SHIPPED_RULES
    try:
        return parse_rules(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadTable(f"{source}: the rule table cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTable(f"{source}: the rule table is not UTF-8; save it as UTF-8") from error
    except BadTable as error:
        raise BadTable(f"{source}: {error}") from error
