"""Read the rule table: the shipped one, or one of the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from calcwatch.domain.errors import BadTable
from calcwatch.exam.lexicon_table import parse_lexicon
from calcwatch.exam.rule_table import parse_rules, parse_thresholds
from calcwatch.service.files.side_file import read_side_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from calcwatch.exam.lexicon_table import LexiconTable
    from calcwatch.exam.rule_table import RuleTable

_Parsed = TypeVar("_Parsed")

_RULES_FOLDER = files("calcwatch") / "rules"

SHIPPED_RULES = _RULES_FOLDER / "birads.toml"
"""The rules that come with calcwatch."""

SHIPPED_THRESHOLDS = _RULES_FOLDER / "facts.toml"
"""The thresholds that come with calcwatch, which turn measurements into the facts that rules ask for."""

SHIPPED_LEXICON = _RULES_FOLDER / "lexicon.toml"
"""The editions of the lexicon that come with calcwatch."""


def read_rules(path: Path | None = None, *, thresholds: Path | None = None) -> RuleTable:
    """Read a rule table with its thresholds.

    Args:
        path: TOML file of the rules; the shipped one unless given.
        thresholds: TOML file of the thresholds; the shipped one unless given.

    Returns:
        The table.

    Raises:
        BadTable: A file cannot be read or is not sound; the message names the file, the rule or threshold
            and the remedy.
    """
    # Thresholds first, since the rule table carries them.
    limits = _read(thresholds or SHIPPED_THRESHOLDS, parse_thresholds)
    return _read(path or SHIPPED_RULES, lambda text: parse_rules(text, limits))


def read_lexicon(path: Path | None = None) -> LexiconTable:
    """Read the table of editions of the lexicon.

    Args:
        path: TOML file; the shipped one unless given.

    Returns:
        The table.

    Raises:
        BadTable: The file cannot be read or is not sound; the message names the file, the word and the
            remedy.
    """
    return _read(path or SHIPPED_LEXICON, parse_lexicon)


def _read(source: Path | Traversable, parse: Callable[[str], _Parsed]) -> _Parsed:
    try:
        # The shipped table may lie in an archive; one of the user's own is a file like any other.
        content = read_side_file(source) if isinstance(source, Path) else source.read_bytes()
        return parse(content.decode())
    except OSError as error:
        raise BadTable(f"{source}: the rule table cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTable(f"{source}: the rule table is not UTF-8; save it as UTF-8") from error
    except BadTable as error:
        raise BadTable(f"{source}: {error}") from error
