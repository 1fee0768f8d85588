"""Fields of a document: one table of them writes it, reads it, brings older ones up to date and describes it.

A document is a JSON object. Its table is a ``Record``: fields in their order, each with a key, a kind, the
place of its value in the domain and its meaning. Nothing else knows a key.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass, field
from operator import attrgetter
from typing import Any

from calcwatch.domain.image import Point
from calcwatch.words.printable import printable

Document = dict[str, Any]
"""A JSON object."""

Schema = dict[str, Any]
"""A JSON Schema (draft 2020-12), or a part of one."""

Version = tuple[int, int]
"""Version of the names of a document: the first number changes when a name is taken away, the second when one
is added."""

# An object of its own, since None, "" and [] are all values that a document may hold.
NOTHING: Any = object()
"""Stands for a value where ``None`` would say "not known"."""

ROW = "Row in pixels, 0 at the center of the top-left pixel of the file as stored, growing downward."
"""What a row is."""

COLUMN = "Column in pixels, 0 at the center of the top-left pixel of the file as stored, growing rightward."
"""What a column is."""

POINT_WORDS = "A point as [row, column] in pixels."
"""What a point is."""

_PLACE_DIGITS = 3  # of a pixel: far below what any place is known to


def _as_it_is(value: Any) -> Any:
    return value


def _nothing_older(found: Any, _: Version) -> Any:
    return found


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a value stands in a document.

    Attributes:
        schema: JSON Schema of it, without its meaning.
        write: Value of the domain -> what JSON holds; raises ``ValueError`` for what JSON has no word for.
        read: The way back; raises ``TypeError``, ``ValueError`` or ``KeyError`` for what is never written.
        upgrade: What a document of an older version holds, and that version -> what one of today holds.
        empty: What JSON holds where there is nothing to say; ``NOTHING`` where there always is.
        words: Meaning of each word that may stand there; it follows the meaning of the field.

    """

    schema: Schema
    write: Callable[[Any], Any] = _as_it_is
    read: Callable[[Any], Any] = _as_it_is
    upgrade: Callable[[Any, Version], Any] = _nothing_older
    empty: Any = NOTHING
    words: str = ""

    def described(self, meaning: str) -> Schema:
        """The schema with its meaning.

        Args:
            meaning: What the value is, with its unit and what null means.

        Returns:
            Schema whose ``description`` is the meaning and, where there are words, what each of them means.

        """
        whole = f"{meaning} {self.words}" if self.words else meaning
        # Type and meaning come first, where a reader of the schema looks.
        return {"type": self.schema["type"], "description": whole, **self.schema}


@dataclass(frozen=True)
class Field:
    """One key of a document.

    Attributes:
        key: Its name in the document.
        kind: How its value stands there.
        meaning: What it is, with its unit and what null means.
        of: Where the value lies in what is written: a path of attributes, or a function of the whole; the key
            itself unless given.
        into: The argument of the domain class that it is read into; that of ``of`` unless given. ``None``:
            worked out when it is written, not read.
        was: Its name in an older version, empty where it had no other.
        since: First version in which every document has it.
        before: What a document of an older version is taken to hold; what is empty of its kind unless given.

    Raises:
        ValueError: It is not in every version, and nobody says what an older document holds.

    """

    key: str
    kind: Kind
    meaning: str
    _: KW_ONLY
    of: str | Callable[[Any], Any] = ""
    into: str | None = ""
    was: str = ""
    since: Version = (1, 0)
    before: Any = NOTHING

    def __post_init__(self) -> None:
        # Told when the table is built, not when the first old document is read.
        if self.since > (1, 0) and self.before is NOTHING and self.kind.empty is NOTHING:
            raise ValueError(f"{self.key} is never empty: say what a document before {self.since} holds")

    @property
    def argument(self) -> str | None:
        """The argument that it is read into, ``None`` where it is not read."""
        # A constant says nothing, so nothing is read from it unless it is asked for.
        if self.into or self.into is None or "const" in self.kind.schema:
            return self.into or None
        return self.of if isinstance(self.of, str) and self.of and "." not in self.of else self.key


@dataclass(frozen=True)
class Inlined:
    """A record whose fields stand among those of another, without an object of their own.

    Attributes:
        record: Its fields.
        of: Where it lies in what is written: a path of attributes, or a function of the whole.
        into: The argument that it is read into; that of ``of`` unless given.
        or_none: Whether it may be ``None``: then every field of it is empty, and it is read back as ``None``.
        since: First version in which every document has it; an older one holds nothing of it.

    Raises:
        ValueError: It may be missing, and one of its fields can never be empty.

    """

    record: Record
    _: KW_ONLY
    of: str | Callable[[Any], Any]
    into: str = ""
    or_none: bool = False
    since: Version = (1, 0)

    def __post_init__(self) -> None:
        # Without an empty value for each key, "none" could not be told from a record with zeros.
        if self.or_none and any(part.kind.empty is NOTHING for part in self.record.fields()):
            raise ValueError("a record that may be missing needs fields that can be empty")

    @property
    def argument(self) -> str:
        """The argument that it is read into."""
        if self.into or not isinstance(self.of, str):
            return self.into
        return self.of

    def write(self, value: Any) -> Document:
        """The fields of a value.

        Args:
            value: What lies at ``of``; ``None`` only where ``or_none`` says so.

        Returns:
            Keys and what JSON holds; all empty for ``None``.

        """
        return self.empty() if value is None and self.or_none else dict(self.record.write(value))

    def empty(self) -> Document:
        """Its keys, each with what says nothing."""
        # Copies: an empty list shared by all documents would be changed in all of them.
        return {part.key: copy(part.kind.empty) for part in self.record.fields()}

    def read(self, found: Document) -> Any:
        """The value that fields of an object stand for.

        Args:
            found: The whole object.

        Returns:
            What ``record`` reads; ``None`` where every field is empty and that is allowed.

        """
        if self.or_none and all(found[key] == nothing for key, nothing in self.empty().items()):
            return None
        return self.record.read(found)


Part = Field | Inlined
"""What a record is made of."""


@dataclass(frozen=True, kw_only=True)
class Record(Kind):
    """A JSON object with exactly these fields.

    Attributes:
        domain: The class whose fields it writes; a test holds the two together.
        parts: Its fields, in the order in which they are written.
        not_written: Fields of the class that the document does not hold, and why.

    """

    domain: type
    parts: tuple[Part, ...]
    not_written: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> Iterator[Field]:
        """Every key of the object, those of inlined records too.

        Yields:
            Fields in the order in which they are written.

        """
        yield from _fields(self.parts)


def _fields(parts: Iterable[Part]) -> Iterator[Field]:
    for part in parts:
        if isinstance(part, Inlined):
            yield from _fields(part.record.parts)
        else:
            yield part


def record(
    domain: type,
    *parts: Part,
    build: Callable[..., Any] | None = None,
    at: str = "",
    not_written: Mapping[str, str] | None = None,
) -> Record:
    """The table of one kind of object.

    Args:
        domain: The class whose fields it writes.
        *parts: Its fields, in their order.
        build: Makes what is read from the arguments that the fields name; the class itself unless given.
        at: Path of attributes from what is written to what ``of`` of the fields counts from, where that is a
            path; empty: no way. A function is always given the whole.
        not_written: Fields of the class that the document does not hold, and why.

    Returns:
        A kind whose ``write`` takes an object of the domain and whose ``read`` gives one.

    """
    # Worked out once: records are written thousands of times.
    ways = [(part, _way(part, at)) for part in parts]

    def write(whole: Any) -> Document:
        document: Document = {}
        for part, way in ways:
            if isinstance(part, Inlined):
                # Inlined keys stand among the others; a dict keeps them in the order of the table.
                document |= part.write(way(whole))
            else:
                document[part.key] = part.kind.write(way(whole))
        return document

    def read(found: Document) -> Any:
        arguments = {}
        for part in parts:
            if isinstance(part, Inlined):
                arguments[part.argument] = part.read(found)
            elif part.argument is not None:
                arguments[part.argument] = part.kind.read(found[part.key])
        return (build or domain)(**arguments)

    properties = {part.key: part.kind.described(part.meaning) for part in _fields(parts)}
    return Record(
        schema={
            "type": "object",
            "properties": properties,
            "required": list(properties),
            # A key that the table does not know is a mistake, in a document and in the table.
            "additionalProperties": False,
        },
        write=write,
        read=read,
        upgrade=_upgrade(parts),
        domain=domain,
        parts=parts,
        not_written=not_written or {},
    )


def _way(part: Part, at: str) -> Callable[[Any], Any]:
    if isinstance(part, Field) and "const" in part.kind.schema:
        return _as_it_is
    if callable(part.of):
        return part.of
    path = part.of or (part.key if isinstance(part, Field) else "")
    return attrgetter(f"{at}.{path}" if at else path)


def _upgrade(parts: Sequence[Part]) -> Callable[[Any, Version], Document]:
    """Take over every field that an older object has, under its name of today, and leave all others out."""

    def of_part(part: Part, found: Document, version: Version) -> Document:
        if isinstance(part, Inlined):
            if version < part.since:
                return part.empty()
            return dict(part.record.upgrade(found, version))
        name = part.was if part.was in found and part.key not in found else part.key
        # Only an older document may lack it; from its version on a missing key is damage and raises KeyError.
        if name not in found and version < part.since:
            return {part.key: copy(part.kind.empty if part.before is NOTHING else part.before)}
        return {part.key: part.kind.upgrade(found[name], version)}

    def upgrade(found: Any, version: Version) -> Document:
        document: Document = {}
        for part in parts:
            document |= of_part(part, _checked(dict, found), version)
        return document

    return upgrade


def _checked(wanted: type, found: Any) -> Any:
    """What was found, if it is of that type; the error does not repeat it, it may name a patient."""
    if not isinstance(found, wanted):
        raise TypeError(f"{type(found).__name__} where {wanted.__name__} is written")
    return found


def number(digits: int | None = None, *, minimum: float | None = None, maximum: float | None = None) -> Kind:
    """A finite number, never ``-0.0``.

    Args:
        digits: Decimals that it is rounded to; ``None``: it is written as it is.
        minimum: Least value that may stand there; ``None``: any.
        maximum: Greatest value that may stand there; ``None``: any.

    Returns:
        The kind; it refuses what is not finite.

    """

    def write(value: float) -> float:
        if not math.isfinite(value):
            raise ValueError(f"a finding holds {value}, which is no number; the detector must not return it")
        # Adding 0.0 turns -0.0 into 0.0: two equal results have the same bytes.
        return (float(value) if digits is None else round(float(value), digits)) + 0.0

    def read(found: Any) -> float:
        # bool is an int to Python, but true is no number of a document.
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            raise ValueError("no finite number where one is written")
        return float(found)

    return Kind(schema={"type": "number", **_limits(minimum, maximum)}, write=write, read=read)


def length(digits: int) -> Kind:
    """A number that is never negative: a length, an area, a ratio, an error.

    Args:
        digits: Decimals that it is rounded to.

    Returns:
        The kind.

    """
    return number(digits, minimum=0)


def share(digits: int = 4) -> Kind:
    """A number from 0 to 1: a share, a score, a probability.

    Args:
        digits: Decimals that it is rounded to.

    Returns:
        The kind.

    """
    return number(digits, minimum=0, maximum=1)


def count(minimum: int = 0, maximum: int | None = None) -> Kind:
    """A whole number.

    Args:
        minimum: Least value that may stand there.
        maximum: Greatest value that may stand there; ``None``: any.

    Returns:
        The kind.

    """
    # operator.index refuses 3.0 and "3", which int() would take.
    return Kind(schema={"type": "integer", **_limits(minimum, maximum)}, read=operator.index)


def _limits(minimum: float | None, maximum: float | None) -> Schema:
    limits = {"minimum": minimum, "maximum": maximum}
    return {name: limit for name, limit in limits.items() if limit is not None}


def text() -> Kind:
    """Words.

    Returns:
        The kind; nothing to say is an empty text.

    """
    return Kind(schema={"type": "string"}, read=lambda found: _checked(str, found), empty="")


def printable_text() -> Kind:
    r"""Words that may name a file; bytes of a name that are no UTF-8 stand as ``\xNN``.

    Returns:
        The kind.

    """
    return Kind(schema={"type": "string"}, write=printable, read=lambda found: _checked(str, found))


def word(members: Iterable[str], words: Mapping[Any, str] | None = None) -> Kind:
    """One word of an enumeration.

    Args:
        members: The words, an enumeration of texts.
        words: Meaning of each, told with the field; ``None`` where it is told elsewhere or plain.

    Returns:
        The kind; it reads the member, and refuses any other word.

    """
    # By word and not by position: the order of an enumeration is never data.
    known = {str(member): member for member in members}

    def read(found: Any) -> str:
        if found not in known:
            raise ValueError(f"a word that is none of {', '.join(known)}")
        return known[found]

    return Kind(
        schema={"type": "string", "enum": list(known)}, write=str, read=read, words=_meanings(words or {})
    )


def _meanings(words: Mapping[Any, str]) -> str:
    """Each word with its meaning; meanings that are sentences keep their full stop."""
    if any(meaning.endswith(".") for meaning in words.values()):
        return " ".join(f"{name}: {meaning}" for name, meaning in words.items())
    return "; ".join(f"{name}: {meaning}" for name, meaning in words.items()) + ("." if words else "")


def truth() -> Kind:
    """True or false.

    Returns:
        The kind.

    """
    return Kind(schema={"type": "boolean"}, read=lambda found: _checked(bool, found))


def always(value: str | bool) -> Kind:
    """What is the same in every document.

    Args:
        value: What stands there.

    Returns:
        The kind; it writes the value whatever it is given, and refuses an older document with another one.

    """

    def upgrade(found: Any, _: Version) -> Any:
        if found != value:
            raise ValueError(f"another value where {value!r} always stands")
        return value

    kind = "boolean" if isinstance(value, bool) else "string"
    return Kind(schema={"type": kind, "const": value}, write=lambda _: value, upgrade=upgrade, empty=value)


def or_null(kind: Kind) -> Kind:
    """A value that may not be known.

    Args:
        kind: How it stands where it is known.

    Returns:
        The kind; what is not known is ``null`` in the document and ``None`` in the domain.

    """
    schema = kind.schema | {"type": [kind.schema["type"], "null"]}
    if "enum" in schema:
        # JSON Schema checks enum and type apart: null has to be allowed by both.
        schema["enum"] = [*schema["enum"], None]
    return Kind(
        schema=schema,
        write=lambda value: None if value is None else kind.write(value),
        read=lambda found: None if found is None else kind.read(found),
        upgrade=lambda found, version: None if found is None else kind.upgrade(found, version),
        empty=None,
        words=kind.words,
    )


def listing(kind: Kind, meaning: str) -> Kind:
    """Any number of values.

    Args:
        kind: How each stands there.
        meaning: What each is.

    Returns:
        The kind; it reads a tuple, and none is an empty list.

    """
    return Kind(
        schema={"type": "array", "items": kind.described(meaning)},
        write=lambda values: [kind.write(value) for value in values],
        read=lambda found: tuple(kind.read(part) for part in _checked(list, found)),
        upgrade=lambda found, version: [kind.upgrade(part, version) for part in _checked(list, found)],
        empty=[],
    )


def point() -> Kind:
    """A place as ``[row, column]``, (0, 0) at the center of the top-left pixel of the file.

    Returns:
        The kind; it reads a tuple of two numbers.

    """
    along = number(_PLACE_DIGITS)

    def read(found: Any) -> Point:
        row, column = _checked(list, found)
        return along.read(row), along.read(column)

    return Kind(
        schema={
            "type": "array",
            "prefixItems": [along.described(ROW), along.described(COLUMN)],
            "items": False,
            "minItems": 2,
        },
        write=lambda place: [along.write(part) for part in place],
        read=read,
    )


def outline() -> Kind:
    """A closed polygon whose first point is not repeated.

    Returns:
        The kind; it reads a tuple of points, and none is an empty list.

    """
    return listing(point(), POINT_WORDS)


def mapping(names: Kind, values: Kind, meaning: str) -> Kind:
    """An object from words to values.

    Args:
        names: How each word stands there: a ``word``.
        values: How each value stands there.
        meaning: What each value is.

    Returns:
        The kind; it writes pairs of word and value in their order, and reads them as a tuple of pairs. None
        is an empty object.

    """
    return Kind(
        schema={
            "type": "object",
            "propertyNames": {"enum": names.schema["enum"]},
            "additionalProperties": values.described(meaning),
        },
        # Pairs, not a dict: the order, most likely first, is part of the value.
        write=lambda pairs: {names.write(name): values.write(value) for name, value in pairs},
        read=lambda found: tuple(
            (names.read(name), values.read(value)) for name, value in _checked(dict, found).items()
        ),
        empty={},
    )


def text_mapping() -> Kind:
    """An object from names to words, whatever the names.

    Returns:
        The kind; it writes pairs of name and words in their order, and reads them as a tuple of pairs.

    """
    return Kind(
        schema={"type": "object"},
        write=dict,
        read=lambda found: tuple(_checked(dict, found).items()),
        empty={},
    )
