"""A result of calcwatch (JSON) without the person's identity, with the UIDs and dates of its images.

What stays is what the schema of the document knows: numbers, words of an enumeration, and sentences that
calcwatch itself writes the same for everybody. Every other text goes, whoever wrote it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from calcwatch.codes.change import CHANGES
from calcwatch.domain.assessment import Location
from calcwatch.domain.context import BreastContext, ClinicalContext
from calcwatch.domain.image import Laterality
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import Rule
from calcwatch.formats.dicom.deidentify.deidentify import Identity, MapUid
from calcwatch.formats.dicom.deidentify.values import moved_day
from calcwatch.formats.result.document import DOCUMENTS, read_document
from calcwatch.formats.result.schema import document_schema
from calcwatch.models.cards import DETECTOR, SHIPPED
from calcwatch.service.files.rules import read_lexicon, read_rules
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_side_file
from calcwatch.words.exam import NOT_LOOKED_FOR, location_words

RESULT_FILES = frozenset(f"{name}.json" for name in DOCUMENTS)
"""Documents of a result that can be cleaned; tables, pictures and the page cannot."""

_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")

_UIDS = frozenset(
    {
        "study_instance_uid",
        "sop_instance_uid",
        "tracking_uid",
        "prior_tracking_uid",
        "counterpart",
        "members",
        "groups",
        "prior_groups",
        "first",
        "second",
    }
)
"""Keys whose texts name a study, an image or a finding; under them nothing else is told by a text."""

_SOURCES = frozenset({"source", "sources", "prior_source"})
"""Keys whose texts are paths of files, unless ``_OF_PAPERS`` holds them."""

_OF_PAPERS = frozenset({"likelihood_range"})
"""Objects whose ``source`` is a paper."""

_DATES = frozenset({"study_date", "study_dates"})
_HASHES = frozenset({"hash", "settings_hash", "description_model_hash"})
_VERSIONS = frozenset({"package_version", "analysis_version", "rule_table_version"})

_SPACINGS = (
    "Imager Pixel Spacing",
    "Nominal Scanned Pixel Spacing",
    "Pixel Measures: Pixel Spacing",
    "Pixel Spacing",
)
"""Attributes that a pixel spacing comes from: of the text that names one no more stays."""

_STATED_OF_HER = frozenset({"treatment"})
"""Objects that are there only where something was stated of the woman: they go whole."""

NewSource = Callable[[str], tuple[str, str | None]]
"""A source of the result -> its name and SHA-256 in the output, ``None`` where it is not there."""

Person = tuple[str, str]
"""Patient ID and Study Instance UID as a result has them; either may be ``""``."""

IdentityOf = Callable[[str, str], Identity]
"""Patient ID, Study Instance UID -> what takes the place of the person's identity."""


def persons_in(findings: Path) -> set[Person]:
    """Tell who the images of a result are of.

    Args:
        findings: Its ``findings.json``.

    Returns:
        Every person.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no JSON.
        KeyError: It is no result.
        TypeError: Likewise.
        NotInResult: It is of a version that cannot be read.

    """
    images = read_document(read_side_file(findings, MAX_RESULT_BYTES), findings)["images"]
    return {(image["patient_id"] or "", image["study_instance_uid"] or "") for image in images}


def deidentify_document(
    path: Path, persons: set[Person], identity_of: IdentityOf, map_uid: MapUid, new_source: NewSource
) -> str:
    """Clean a document of a result.

    Patient ID becomes the pseudonym, dates are shifted, UIDs replaced as in the images, sources renamed. Of
    everything else stays what the schema knows: numbers, words of an enumeration, and texts of
    ``known_texts``. What a person stated of the woman is left out, and so is what follows from it in words.

    Args:
        path: The document, as any version wrote it.
        persons: Of the whole result; what stands beside no Patient ID is the only woman's, and has no date
            where there are several.
        identity_of: What takes the place of a person's identity.
        map_uid: The UID that takes the place of one.
        new_source: Where a source lies in the output.

    Returns:
        The text of the cleaned document, with the names of today.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no JSON, or holds what its schema does not allow.
        KeyError: It is no result.
        TypeError: Likewise.
        NotInResult: It is of a version that cannot be read.

    """
    document = read_document(read_side_file(path, MAX_RESULT_BYTES), path, path.stem)
    identities = [identity_of(*person) for person in sorted(persons)]
    women = {identity.pseudonym.patient_id for identity in identities}
    # A date that stands under no patient is shifted only where it can be but hers; else it is removed.
    only = identities[0] if len(women) == 1 else None
    cleaner = _Cleaner(identity_of, map_uid, new_source)
    cleaned = cleaner.value(document_schema(path.stem), path.stem, document, only)
    return json.dumps(cleaned, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@cache
def known_texts() -> frozenset[str]:
    """Texts that calcwatch writes the same for everybody, and that may stay in a result.

    Returns:
        Ids and sentences of the shipped rules that ask nothing of the woman herself, papers, names of facts,
        places in the breast, editions of the lexicon, codes of a change and the sentence of what was not
        looked for.

    """
    table, lexicon = read_rules(), read_lexicon()
    rules = [rule for rule in table.rules if not _asks_of_her(rule)]
    codes = CHANGES.values()
    return frozenset(
        {
            *(rule.id for rule in rules),
            *(f"{rule.reason} {rule.incomplete}".strip() for rule in rules),
            *(likelihood.found.source for likelihood in table.likelihoods),
            *(limits.source for limits in table.limits.values()),
            *(fact.name for fact in fields(Facts)),
            *lexicon.editions.values(),
            table.lexicon,
            *(code.value for code in codes),
            *(code.meaning for code in codes),
            *(f"{upper} {outer}".strip() for upper in ("", *_UPPER) for outer in ("", *_OUTER)),
            "central",
            *_THIRDS,
            "classical",
            json.loads((SHIPPED / DETECTOR.card).read_bytes())["name"],
            NOT_LOOKED_FOR,
        }
    )


_UPPER, _OUTER, _THIRDS = ("upper", "lower"), ("outer", "inner"), ("anterior", "middle", "posterior")


def _asks_of_her(rule: Rule) -> bool:
    """Whether a rule looks at what is stated of the woman or her breast: that it fired tells what was."""
    stated = {field.name for context in (ClinicalContext, BreastContext) for field in fields(context)}
    return any(not stated.isdisjoint(condition.facts) for condition in (*rule.when, *rule.unless))


@dataclass(frozen=True)
class _Cleaner:
    """What does not change on the way through a document."""

    identity_of: IdentityOf
    map_uid: MapUid
    new_source: NewSource

    def value(self, schema: dict[str, Any], key: str, value: Any, identity: Identity | None) -> Any:
        """A value without identity; ``identity``: whose it is, ``None`` where that is not known."""
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if key in _STATED_OF_HER and "null" in kinds:
            return None
        # Exact: the schema says what may stand there, and what is something else was not written by us.
        kind = next((kind for kind in kinds if _IS[kind](value)), None)
        if kind is None:
            raise ValueError("a value of another kind than the schema says")
        if kind == "null":
            return None
        if kind == "object":
            return self._object(schema, key, value, identity)
        if kind == "array":
            items = schema.get("prefixItems") or [schema["items"]] * len(value)
            if len(items) != len(value):
                raise ValueError("a list of another length than the schema says")
            cleaned = [self.value(item, key, part, identity) for item, part in zip(items, value, strict=True)]
            # A text that went leaves no gap; every other part has its place.
            is_of_texts = "string" in items[0]["type"] if items else False
            return [part for part in cleaned if part != ""] if is_of_texts else cleaned
        if kind in ("number", "integer", "boolean"):
            return _limited(schema, value)
        return self._text(schema, key, value, identity, None if "null" in kinds else "")

    def _object(
        self, schema: dict[str, Any], key: str, found: dict[str, Any], identity: Identity | None
    ) -> dict[str, Any]:
        if "propertyNames" in schema:
            words = schema["propertyNames"]["enum"]
            if not set(found) <= set(words):
                raise ValueError("a word that the schema does not know")
            return {
                name: self.value(schema["additionalProperties"], name, part, identity)
                for name, part in found.items()
            }
        # An object whose names nobody knows holds what was stated of the woman.
        if "properties" not in schema:
            return {}
        person = found.get("patient_id") or "", found.get("study_instance_uid") or ""
        # What lies inside an object that names a patient is hers.
        own = self.identity_of(*person) if any(person) else identity
        cleaned = {
            name: self.value(part, f"{key}.{name}" if key in _OF_PAPERS else name, found[name], own)
            for name, part in schema["properties"].items()
        }
        if "sha256" in cleaned and isinstance(found.get("source"), str):
            # The digest of the cleaned image: that of the original would lead back to it.
            cleaned["sha256"] = self.new_source(found["source"])[1]
        if "words" in cleaned and "nipple_distance_mm" in cleaned:
            cleaned["words"] = _place_words(cleaned, found["words"])
        return cleaned

    def _text(
        self, schema: dict[str, Any], key: str, text: str, identity: Identity | None, nothing: str | None
    ) -> str | None:
        """A text that may stay, or what stands in its place; ``nothing``: where nothing does."""
        if "const" in schema or "enum" in schema:
            if text not in schema.get("enum", [schema.get("const")]):
                raise ValueError("a word that the schema does not know")
            return text
        return self._free_text(key, text, identity, nothing) if text else text

    def _free_text(self, key: str, text: str, identity: Identity | None, nothing: str | None) -> str | None:
        if key == "patient_id":
            return identity.pseudonym.patient_id if identity else nothing
        if key in _UIDS:
            return self.map_uid(text)
        if key in _SOURCES:
            return self.new_source(text)[0]
        if key in _DATES:
            return (moved_day(text, identity.pseudonym.shift_days) if identity else "") or nothing
        if key == "pixel_spacing_source":
            return next((name for name in _SPACINGS if text.startswith(name)), "removed")
        return text if _is_known(key, text) else nothing


def _is_known(key: str, text: str) -> bool:
    if key in _HASHES:
        return _HEXADECIMAL.fullmatch(text) is not None
    return _VERSION.fullmatch(text) is not None if key in _VERSIONS else text in known_texts()


def _place_words(place: dict[str, Any], words: str) -> str:
    """The phrase of a place, if it is the one that its parts give."""
    side = place["laterality"]
    parts = {name: place[name] for name in ("quadrant", "clock", "depth", "nipple_distance_mm")} | {
        "laterality": None if side is None else Laterality(side),
        "words": "",
    }
    phrases = [location_words(Location(**parts), on_both_views=both) for both in (True, False)]
    return words if words in phrases else ""


def _limited(schema: dict[str, Any], value: float) -> float:
    """A finite number within the limits of the schema; true and false as they are."""
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError("a number outside of what the schema allows")
    return value


_IS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
"""Whether a value is of a kind of the schema."""
