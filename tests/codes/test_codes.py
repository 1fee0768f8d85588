"""The coded concepts: each spelled once, in a known scheme, with the meaning that DICOM prints."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.sr._concepts_dict import concepts

import calcwatch.codes
from calcwatch.codes import assessment, body, change, findings, private, quantities, views
from calcwatch.codes.code import SYSTEMS, VERSIONS, Code
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.findings import MorphologyDescription, NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, Morphology

SOURCES = Path(calcwatch.codes.__file__).parent.parent
ROOT = SOURCES.parent.parent

NOT_PRINTED_BY_PYDICOM = {
    *("397138000", "397140005", "397141009", "397143007", "397145000"),  # CID 6026 has no names there
    "51440002",  # CID 244 of older editions
    *("399196006", "399265009"),  # CID 4014 of older editions
}
"""Codes whose meaning is not one of those in pydicom's dictionary."""


def held(value: object) -> Iterator[Code]:
    """Every code in a constant: by itself, or in a table."""
    if isinstance(value, Code):
        yield value
    elif isinstance(value, dict | tuple | frozenset):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from held(inner)


def every_code() -> list[Code]:
    """Every code of every module of the room."""
    modules = [
        importlib.import_module(f"calcwatch.codes.{found.name}")
        for found in pkgutil.iter_modules(calcwatch.codes.__path__)
    ]
    constants = [value for module in modules for name, value in vars(module).items() if name.isupper()]
    return [code for constant in constants for code in held(constant)]


def test_every_scheme_is_known() -> None:
    """Each code has a value, comes from a scheme that FHIR knows by a URI, and has the scheme's version."""
    codes = every_code()
    assert len(codes) > 150
    for code in codes:
        assert code.scheme in SYSTEMS
        assert code.value
        assert code.version == VERSIONS.get(code.scheme, "")


def test_a_code_has_one_meaning() -> None:
    """No code is spelled with two meanings, but for two units whose context groups print them differently."""
    meanings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code in every_code():
        meanings[code.scheme, code.value].add(code.meaning)
    several = {value for (_, value), printed in meanings.items() if len(printed) > 1}
    assert several == {"mm", "mm2"}


def test_meanings_are_those_of_the_standard() -> None:
    """The meaning of each code of DICOM and SNOMED CT is one that the Standard prints for it."""
    printed: dict[tuple[str, str], set[str]] = defaultdict(set)
    dictionary: dict[str, dict[str, Any]] = dict(concepts)
    for scheme, named in dictionary.items():
        for entry in named.values():
            for value, (meaning, _) in entry.items():
                printed[scheme, value].add(meaning.replace("\u200b", ""))
    of_dicom = [code for code in every_code() if code.scheme in ("DCM", "SCT")]
    wrong = {code.value for code in of_dicom if code.meaning not in printed[code.scheme, code.value]}
    assert wrong == NOT_PRINTED_BY_PYDICOM


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (views.VIEWS, set(ViewPosition) - {ViewPosition.CV, ViewPosition.AT}),
        (views.VIEW_MODIFIERS, set(views.ViewModifier)),
        (body.SIDES, set(Laterality)),
        (body.LATERALITIES, set(Laterality)),
        (findings.MORPHOLOGIES, set(Morphology)),
        (findings.DISTRIBUTIONS, set(Distribution) - {Distribution.SINGLE}),
        (findings.NON_LESIONS, set(NonLesionKind)),
        (assessment.CATEGORIES, set(Category)),
        (
            assessment.FOLLOW_UPS,
            set(Category) - {Category.NEGATIVE, Category.BENIGN, Category.KNOWN_MALIGNANCY},
        ),
        (change.CHANGES, set(ChangeKind)),
        (quantities.ROI_UNITS, set(quantities.UNITS)),
    ],
)
def test_tables_are_whole(table: dict[object, Code], members: set[object]) -> None:
    """Each member of an enum has its code; cleavage, axillary tail and a single calcification have none.

    What looks benign is followed up by nobody's order, and a proven cancer by no order of ours.
    """
    assert set(table) == members


def test_a_shape_without_code_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape that DICOM has no word for gives no code, and no other shape's."""
    told = MorphologyDescription(((Morphology.ROUND, 1.0),), "")
    assert findings.morphology_code(told) == findings.MORPHOLOGIES[Morphology.ROUND]
    monkeypatch.delitem(findings.MORPHOLOGIES, Morphology.ROUND)
    assert findings.morphology_code(told) is None


def test_no_code_is_spelled_elsewhere() -> None:
    """No other room spells a code or takes one from a dictionary; that of meanings knows all there are."""
    spelled = [
        str(path.relative_to(SOURCES))
        for path in sorted(SOURCES.rglob("*.py"))
        if path.parent != SOURCES / "codes" and _spells_a_code(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert spelled == ["formats/dicom/deidentify/code_meanings.py", "formats/dicom/read/quirks.py"]


def _spells_a_code(tree: ast.Module) -> bool:
    """Whether a module makes a code from strings, or imports a dictionary of codes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pydicom.sr"):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Code":
            return any(isinstance(word, ast.Constant) and word.value for word in node.args)
    return False


def test_private_codes_are_in_the_conformance_statement() -> None:
    """Every private code that DICOM objects carry is in the conformance statement, by its value."""
    statement = (ROOT / "docs/conformance/dicom.md").read_text(encoding="utf-8")
    assert [code.value for code in private.IN_DICOM if code.value not in statement] == []
    carried = {code for code in every_code() if code.scheme == private.EXTENT.scheme}
    assert set(private.IN_DICOM) < carried
