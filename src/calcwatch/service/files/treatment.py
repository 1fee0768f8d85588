"""Read what a person states of a treatment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from calcwatch.domain.context import BiopsyResult
from calcwatch.domain.errors import BadContext
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.treatment import (
    Operation,
    OperationKind,
    Radiation,
    SurgicalBedMark,
    SurgicalBedSource,
    Therapy,
    Treatment,
)
from calcwatch.service.files.rules import read_object

_Word = TypeVar("_Word", bound=StrEnum)
_Made = TypeVar("_Made")

_TREATMENT = {"operations", "radiation", "neoadjuvant", "endocrine", "margin_mm"}
_OPERATION = {"date", "side", "kind", "malignant", "calcified", "biopsy", "bed"}
_BED = {"study_date", "view_position", "from", "outline", "row", "column", "radius_mm"}


def read_treatment(path: Path) -> Treatment:
    """Read a treatment file: a JSON object; docs/treatment.md shows one.

    Raises ``BadContext``, naming the file, the word and the remedy, for what cannot be used.
    """
    written = read_object(path)
    try:
        return treatment_of(written, "the treatment")
    except ValueError as error:
        raise BadContext(f"{path}: {error}") from error


def treatment_of(written: object, place: str) -> Treatment:
    """Take a treatment from a JSON value; raises ``ValueError`` with the place, the word and the remedy."""
    stated = _object(written, place, _TREATMENT)
    return Treatment(
        operations=tuple(
            _operation(one, f"operation {number}")
            for number, one in enumerate(_list(stated, "operations", place), start=1)
        ),
        radiation=tuple(
            _radiation(one, f"radiation {number}")
            for number, one in enumerate(_list(stated, "radiation", place), start=1)
        ),
        neoadjuvant=_therapy(stated.get("neoadjuvant"), "neoadjuvant"),
        endocrine=_therapy(stated.get("endocrine"), "endocrine"),
        **_given(stated, "margin_mm", _number(stated.get("margin_mm"), f"margin_mm of {place}")),
    )


def _given(stated: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {} if stated.get(name) is None else {name: value}


def _operation(written: object, place: str) -> Operation:
    stated = _object(written, place, _OPERATION)
    return _made(
        place,
        lambda: Operation(
            date=_date(stated.get("date"), f"date of {place}"),
            laterality=_word(Laterality, stated.get("side"), f"side of {place}"),
            kind=_word(OperationKind, stated.get("kind"), f"kind of {place}"),
            malignant=_yes_or_no(stated.get("malignant"), f"malignant of {place}"),
            calcified=_yes_or_no(stated.get("calcified"), f"calcified of {place}"),
            biopsy=_word_or_none(BiopsyResult, stated.get("biopsy"), f"biopsy of {place}"),
            bed=tuple(_bed(one, f"bed of {place}") for one in _list(stated, "bed", place)),
        ),
    )


def _radiation(written: object, place: str) -> Radiation:
    stated = _object(written, place, {"side", "end_date"})
    return _made(
        place,
        lambda: Radiation(
            _word(Laterality, stated.get("side"), f"side of {place}"),
            _date(stated.get("end_date"), f"end_date of {place}"),
        ),
    )


def _therapy(written: object, place: str) -> Therapy | None:
    if written is None:
        return None
    stated = _object(written, place, {"start_date", "end_date"})
    end = stated.get("end_date")
    return _made(
        place,
        lambda: Therapy(
            _date(stated.get("start_date"), f"start_date of {place}"),
            None if end is None else _date(end, f"end_date of {place}"),
        ),
    )


def _bed(written: object, place: str) -> SurgicalBedMark:
    stated = _object(written, place, _BED)
    source = stated.get("from")
    return _made(
        place,
        lambda: SurgicalBedMark(
            study_date=_date(stated.get("study_date"), f"study_date of {place}"),
            view_position=_word(ViewPosition, stated.get("view_position"), f"view_position of {place}"),
            source=SurgicalBedSource.DRAWN
            if source is None
            else _word(SurgicalBedSource, source, f"from of {place}"),
            outline=tuple(_point(one, f"outline of {place}") for one in _list(stated, "outline", place)),
            row=_number(stated.get("row"), f"row of {place}"),
            column=_number(stated.get("column"), f"column of {place}"),
            radius_mm=_number(stated.get("radius_mm"), f"radius_mm of {place}"),
        ),
    )


def _made(place: str, make: Callable[[], _Made]) -> _Made:
    """What ``make`` gives; its complaint says where."""
    try:
        return make()
    except ValueError as error:
        raise ValueError(str(error) if place in str(error) else f"{place}: {error}") from error


def _object(written: object, place: str, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(written, dict):
        raise ValueError(f"{place} must be an object, not {written!r}")
    unknown = sorted(set(written) - allowed)
    if unknown:
        raise ValueError(f"{place} has no {unknown[0]!r}; it may have {', '.join(sorted(allowed))}")
    return written


def _list(stated: Mapping[str, Any], name: str, place: str) -> list[Any]:
    value = stated.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} of {place} must be a list, not {value!r}")
    return value


def _word(kind: type[_Word], value: object, place: str) -> _Word:
    if value not in list(kind):
        raise ValueError(f"{place} is {value!r}; write one of {', '.join(kind)}")
    return kind(str(value))


def _word_or_none(kind: type[_Word], value: object, place: str) -> _Word | None:
    return None if value is None else _word(kind, value, place)


def _yes_or_no(value: object, place: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"{place} is {value!r}; write true, false or null (not known)")


def _number(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{place} is {value!r}, which is no number")
    return float(value)


def _point(value: object, place: str) -> tuple[float, float]:
    if not (isinstance(value, list) and len(value) == 2):
        raise ValueError(f"{place} holds {value!r}; a point is [row, column]")
    row, column = (_number(part, place) for part in value)
    if row is None or column is None:
        raise ValueError(f"{place} holds {value!r}; a point is [row, column]")
    return row, column


def _date(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place} is {value!r}; write it like 2019-03-14")
    return value.replace("-", "")
