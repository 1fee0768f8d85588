"""A result of calcwatch (JSON) without the person's identity, with the UIDs and dates of its images."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from calcwatch.formats.dicom.deidentify.deidentify import STANDARD_UIDS, Identity, MapUid
from calcwatch.formats.result.document import DOCUMENTS, read_document
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_side_file

RESULT_FILES = frozenset(f"{name}.json" for name in DOCUMENTS)
"""Documents of a result that can be cleaned; tables, pictures and the page cannot."""

_UID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_OWN_SCHEME = "2.25."  # of UIDs that calcwatch makes (PS3.5 B.2)
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_DROPPED = frozenset({"stated", "message"})
_KEPT = frozenset({"likelihood_range", "literature"})
"""Their source is a paper, and names no file."""

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

    Patient ID becomes the pseudonym, dates are shifted, UIDs replaced as in the images, sources renamed; what
    a person stated of the woman, and messages, which may name files, are left out, and so are fields that no
    table knows, which may say anything.

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
        ValueError: It is no JSON.
        KeyError: It is no result.
        TypeError: Likewise.
        NotInResult: It is of a version that cannot be read.

    """
    document = read_document(read_side_file(path, MAX_RESULT_BYTES), path, path.stem)
    identities = [identity_of(*person) for person in sorted(persons)]
    women = {identity.pseudonym.patient_id for identity in identities}
    # A date that stands under no patient is shifted only where it can be but hers; else it is removed.
    only = identities[0] if len(women) == 1 else None
    cleaned = _Cleaner(identity_of, map_uid, new_source).value("", document, only)
    return json.dumps(cleaned, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def shifted_day(day: str, days: int) -> str:
    """Shift a date.

    Args:
        day: ``YYYYMMDD``.
        days: By how many, below 0 into the past.

    Returns:
        ``YYYYMMDD``; ``""`` for what is no date.

    """
    try:
        return (datetime.strptime(day, "%Y%m%d") + timedelta(days=days)).strftime("%Y%m%d")
    except (ValueError, OverflowError):
        return ""


@dataclass(frozen=True)
class _Cleaner:
    """What does not change on the way through a document."""

    identity_of: IdentityOf
    map_uid: MapUid
    new_source: NewSource

    def value(self, key: str, value: Any, identity: Identity | None) -> Any:
        """A value without identity; ``identity``: whose it is, ``None`` where that is not known."""
        if isinstance(value, list):
            return [self.value(key, item, identity) for item in value]
        if isinstance(value, str):
            return self._word(key, value, identity)
        if not isinstance(value, dict):
            return value
        person = value.get("patient_id") or "", value.get("study_instance_uid") or ""
        # What lies inside an object that names a patient is hers.
        own = self.identity_of(*person) if any(person) else identity
        inner = {name: self._part(name, part, own) for name, part in value.items()}
        if "not_looked_for" in value:
            # Notes of a breast say what a person stated, and may name a file.
            inner["notes"] = []
        if "sha256" in value and isinstance(value.get("source"), str):
            # The digest of the cleaned image: that of the original would lead back to it.
            inner["sha256"] = self.new_source(value["source"])[1]
        return inner

    def _part(self, name: str, value: Any, identity: Identity | None) -> Any:
        # What is stated of a group is words of the lexicon, answers and a category: nobody is named by it.
        is_of_group = value is None or (isinstance(value, dict) and "verdict" in value)
        if name in _DROPPED and not isinstance(value, list) and not is_of_group:
            # The key stays, since a document without it could not be read again.
            return {} if isinstance(value, dict) else "removed"
        return value if name in _KEPT else self.value(name, value, identity)

    def _word(self, key: str, word: str, identity: Identity | None) -> str:
        if key == "patient_id":
            return identity.pseudonym.patient_id if identity else "removed"
        if key in ("source", "prior_source", "sources"):
            return self.new_source(word)[0]
        days = identity.pseudonym.shift_days if identity else None
        if key in ("study_date", "study_dates"):
            return "" if days is None else shifted_day(word, days)
        # Version numbers look like UIDs; only our own scheme or the key tells that it is one.
        if _UID.fullmatch(word) and (word.startswith(_OWN_SCHEME) or "uid" in key):
            return word if word.startswith(STANDARD_UIDS) else self.map_uid(word)
        # Sentences may name a day, such as reasons of a change.
        return _ISO_DAY.sub(lambda day: "removed" if days is None else _shifted_iso(day.group(0), days), word)


def _shifted_iso(day: str, days: int) -> str:
    moved = shifted_day(day.replace("-", ""), days)
    return f"{moved[:4]}-{moved[4:6]}-{moved[6:]}" if moved else "removed"
