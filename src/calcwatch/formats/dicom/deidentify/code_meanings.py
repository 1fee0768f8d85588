"""What a code of a public scheme means, from dictionaries and never from the file that carries it."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydicom.sr._concepts_dict import concepts

from calcwatch.codes import assessment, body, change, documents, findings, private, quantities
from calcwatch.codes.code import Code
from calcwatch.formats.dicom.read.quirks import SNOMED_CT_OF_RT, SNOMED_RT_DESIGNATORS

UNKNOWN = "meaning removed"
"""Meaning of a code that no dictionary has."""

_OURS = (assessment, body, change, documents, findings, private, quantities)
"""Rooms of codes whose meanings go before the dictionary's.

Views and headings of reports are left to the dictionary, which has them all.
"""


def meaning_of(scheme: str, value: str) -> str:
    """The meaning of a code.

    Args:
        scheme: Coding Scheme Designator.
        value: Code Value.

    Returns:
        Code Meaning; ``UNKNOWN`` where no dictionary has it.

    """
    if scheme in SNOMED_RT_DESIGNATORS:
        # The dictionary lists SNOMED CT alone; an RT identifier has the meaning of the code that replaced it.
        return meaning_of("SCT", SNOMED_CT_OF_RT.get(value, ""))
    return _meanings().get((scheme, value), UNKNOWN)


@cache
def _meanings() -> dict[tuple[str, str], str]:
    dictionary: dict[str, dict[str, Any]] = dict(concepts)
    meanings = {
        # pydicom's dictionary holds invisible spaces where the printed Standard may break a line
        (scheme, value): meaning.replace("\u200b", "")
        for scheme, named in dictionary.items()
        for entry in named.values()
        for value, (meaning, _) in entry.items()
    }
    meanings |= {("UCUM", "{pixels}"): "pixels"}
    # Ours go last and win: the same concept then reads alike in copies and in our own objects.
    return meanings | {(code.scheme, code.value): code.meaning for code in _our_codes()}


def _our_codes() -> list[Code]:
    # Every constant in capitals: single codes, and tables whose values are codes.
    held = [value for room in _OURS for name, value in vars(room).items() if name.isupper()]
    codes = [code for value in held for code in (value.values() if isinstance(value, dict) else [value])]
    return [code for code in codes if isinstance(code, Code)]
