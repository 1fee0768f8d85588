"""Find a group in a result and explain how the suggestion for it came about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import NotInResult
from calcwatch.domain.uids import letter
from calcwatch.formats.result.document import read_document
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.report.explanation import FoundGroup, explanation
from calcwatch.service.files.rules import read_rules

_FINDINGS = "findings.json"
_LISTED = 20


@dataclass(frozen=True)
class _Group:
    """A group with its image and its place in the result: ``name`` is ``1:A``."""

    name: str
    image: dict[str, Any]
    group: dict[str, Any]


def explain_group(name: str, result: Path) -> tuple[str, ...]:
    """Explain a group of a result in lines of text.

    ``name``: its tracking UID, an ending of it that only one group has, or its image's number among the
    images of the result and its letter, as ``2:A``. ``result``: a ``findings.json`` or the folder that holds
    one. Raises ``NotInResult`` when there is no such group or more than one, listing those there are, or when
    the result cannot be read.
    """
    path = result / _FINDINGS if result.is_dir() else result
    document = _read(path)
    groups = tuple(_groups(document))
    found = _find(name, groups, path)
    counterpart = next((one.name for one in groups if _uid(one) == found.group["counterpart"]), "")
    examination = next(
        (one for one in document["examinations"] if found.image["source"] in one["sources"]), None
    )
    whole = FoundGroup(found.name, found.image, found.group, counterpart, examination)
    return tuple(explanation(whole, read_rules()))


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_document(path.read_bytes(), path, least=WITH_SUGGESTIONS)
    except OSError as error:
        raise NotInResult(
            f"{path}: cannot be read: {error.strerror}; give a result with --findings"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotInResult(f"{path}: this is no findings.json; give a result with --findings") from error


def _groups(document: dict[str, Any]) -> Iterator[_Group]:
    for number, image in enumerate(document["images"], start=1):
        for index, group in enumerate(image["groups"]):
            yield _Group(f"{number}:{letter(index)}", image, group)


def _uid(one: _Group) -> str:
    return str(one.group["tracking_uid"])


def _find(name: str, groups: tuple[_Group, ...], path: Path) -> _Group:
    if re.fullmatch(r"\d+:[A-Za-z]+", name):
        fitting = [one for one in groups if one.name == name.upper()]
    else:
        fitting = [one for one in groups if _uid(one) == name]
        fitting = fitting or [one for one in groups if name and _uid(one).endswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    how_many = f"{len(fitting)} groups are" if fitting else "no group is"
    raise NotInResult(f"{path}: {how_many} called {name!r}; {_list(fitting or list(groups))}")


def _list(groups: list[_Group]) -> str:
    if not groups:
        return "the result holds no group"
    shown = ", ".join(f"{one.name} ({_uid(one)})" for one in groups[:_LISTED])
    more = f" and {len(groups) - _LISTED} more" if len(groups) > _LISTED else ""
    return f"name one of {shown}{more}"
