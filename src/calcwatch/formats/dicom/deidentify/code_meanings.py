"""What a code of a public scheme means, from dictionaries and never from the file that carries it."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from calcwatch.codes import concepts as codes
from calcwatch.codes.concepts import SNOMED_RT_DESIGNATORS, Code

UNKNOWN = "meaning removed"
"""Meaning of a code that no dictionary has."""


def meaning_of(scheme: str, value: str) -> str:
    """Code Meaning of a code; ``UNKNOWN`` where no dictionary has it."""
    if scheme in SNOMED_RT_DESIGNATORS:
        return meaning_of("SCT", mapping["SRT"].get(value, ""))
    return _meanings().get((scheme, value), UNKNOWN)


@cache
def _meanings() -> dict[tuple[str, str], str]:
    dictionary: dict[str, dict[str, Any]] = dict(concepts)
    found = {
        (scheme, value): meaning.replace("\u200b", "")
        for scheme, named in dictionary.items()
        for entry in named.values()
        for value, (meaning, _) in entry.items()
    }
    return found | {(one.scheme, one.value): one.meaning for one in _ours()}


def _ours() -> list[Code]:
    """Every code that calcwatch itself knows."""
    held = [value for name, value in vars(codes).items() if name.isupper()]
    tables = [one for table in held if isinstance(table, dict) for one in table.values()]
    return [one for one in (*held, *tables) if isinstance(one, Code)]
