"""Kinds of fields, and the tables that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import pytest

from calcwatch.domain.image import Laterality
from calcwatch.formats.result import comparison, findings, history, image
from calcwatch.formats.result.fields import (
    Field,
    Inlined,
    Kind,
    Record,
    always,
    count,
    listing,
    mapping,
    number,
    or_null,
    outline,
    point,
    printable_text,
    record,
    text,
    text_mapping,
    truth,
    word,
)


@dataclass(frozen=True)
class Lens:
    """A made-up thing with a part that may be missing."""

    power: float
    owner: str = ""


@dataclass(frozen=True)
class Glasses:
    """A made-up thing."""

    name: str
    left: Lens | None = None
    scratches: int = 0


LENS = record(Lens, Field("power", or_null(number(2)), "Power."), Field("owner", text(), "Who has it."))
GLASSES = record(
    Glasses,
    Field("label", text(), "What they are called.", of="name", was="title"),
    Field("scratches", count(), "How many.", since=(1, 2), before=0),
    Field("worn", always(True), "Always."),
    Field("is_old", truth(), "Whether.", of=lambda glasses: glasses.scratches > 5, into=None),
    Inlined(LENS, of="left", or_none=True, since=(1, 1)),
)


@pytest.mark.parametrize(
    ("kind", "value", "document"),
    [
        (number(3), 1.23456, 1.235),
        (number(), 1.23456, 1.23456),
        (count(), 7, 7),
        (text(), "a", "a"),
        (printable_text(), "caf\udce9", r"caf\xe9"),
        (word(Laterality), Laterality.LEFT, "L"),
        (truth(), False, False),
        (always("here"), None, "here"),
        (or_null(count()), None, None),
        (or_null(count()), 0, 0),
        (listing(count(), "A number."), (1, 2), [1, 2]),
        (listing(count(), "A number."), (), []),
        (point(), (1.00049, -2.0), [1.0, -2.0]),
        (outline(), ((0.5, 1.5), (2.0, 2.0)), [[0.5, 1.5], [2.0, 2.0]]),
        (mapping(word(Laterality), number(1), "A share."), ((Laterality.LEFT, 0.25),), {"L": 0.2}),
        (text_mapping(), (("age", "61"),), {"age": "61"}),
    ],
)
def test_kinds_write(kind: Kind, value: object, document: object) -> None:
    """Each kind writes what JSON holds."""
    assert kind.write(value) == document


@pytest.mark.parametrize(
    ("kind", "document", "value"),
    [
        (number(3), 1.235, 1.235),
        (count(), 7, 7),
        (word(Laterality), "L", Laterality.LEFT),
        (or_null(word(Laterality)), None, None),
        (listing(word(Laterality), "A side."), ["L", "R"], (Laterality.LEFT, Laterality.RIGHT)),
        (point(), [1.0, -2.0], (1.0, -2.0)),
        (mapping(word(Laterality), number(1), "A share."), {"L": 0.2}, ((Laterality.LEFT, 0.2),)),
        (text_mapping(), {"age": "61"}, (("age", "61"),)),
    ],
)
def test_kinds_read(kind: Kind, document: object, value: object) -> None:
    """Each kind reads what it has written."""
    read = kind.read(document)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (number(3), "1.5"),
        (number(3), True),
        (number(3), math.nan),
        (count(), 1.5),
        (text(), 7),
        (word(Laterality), "left"),
        (truth(), 1),
        (listing(text(), "A word."), "words"),
        (point(), [1.0]),
        (mapping(word(Laterality), number(1), "A share."), []),
        (LENS, None),
    ],
)
def test_kinds_refuse(kind: Kind, document: object) -> None:
    """No kind takes one type for another, or an unknown word for a known one."""
    with pytest.raises((ValueError, TypeError, KeyError)):
        kind.read(document)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_no_number_is_not_written(wrong: float) -> None:
    """JSON has no word for what is not finite."""
    with pytest.raises(ValueError, match="no number"):
        or_null(number(2)).write(wrong)


def test_words_are_explained_with_their_field() -> None:
    """The meaning of each word follows that of the field; null may stand where it is allowed."""
    kind = or_null(word(Laterality, {Laterality.LEFT: "left", Laterality.RIGHT: "right"}))
    schema = kind.described("The side.")
    assert schema["description"] == "The side. L: left; R: right."
    assert (schema["type"], schema["enum"][-1]) == (["string", "null"], None)
    sentences = word(Laterality, {Laterality.LEFT: "It is left.", Laterality.RIGHT: "It is right."})
    assert sentences.described("The side.")["description"] == "The side. L: It is left. R: It is right."


def test_a_record_is_written_in_the_order_of_its_table() -> None:
    """Fields stand in their order, inlined ones among them; what is worked out is not read."""
    glasses = Glasses("reading", Lens(1.5, "Ann"), 9)
    document = GLASSES.write(glasses)
    assert list(document) == ["label", "scratches", "worn", "is_old", "power", "owner"]
    assert list(document) == GLASSES.schema["required"] == [field.key for field in GLASSES.fields()]
    assert document["is_old"] is True
    assert GLASSES.read(document) == glasses


def test_an_inlined_record_that_is_missing_is_empty() -> None:
    """Where a part is missing its fields are empty, and it is missing when it is read."""
    document = GLASSES.write(Glasses("reading"))
    assert (document["power"], document["owner"]) == (None, "")
    assert GLASSES.read(document) == Glasses("reading")


def test_a_table_that_cannot_say_nothing_is_refused() -> None:
    """What may be missing, or is not in every version, needs a value that says so."""
    with pytest.raises(ValueError, match="fields that can be empty"):
        Inlined(record(Lens, Field("power", number(2), "Power.")), of="left", or_none=True)
    with pytest.raises(ValueError, match="power is never empty"):
        Field("power", number(2), "Power.", since=(1, 1))


def test_an_older_document_gets_the_names_of_today() -> None:
    """A former name is known, what was not known is filled in, and what is unknown is left out."""
    older = {"title": "reading", "worn": True, "is_old": False, "color": "red"}
    assert GLASSES.upgrade(older, (1, 0)) == GLASSES.write(Glasses("reading"))
    assert GLASSES.upgrade(older | {"power": 2.0, "owner": ""}, (1, 1))["power"] == 2.0


def test_what_a_version_always_has_must_be_there() -> None:
    """What every document of a version has is missed by name; it never reads as empty."""
    whole = GLASSES.write(Glasses("reading"))
    for key in whole:
        with pytest.raises(KeyError, match=key):
            GLASSES.upgrade({name: value for name, value in whole.items() if name != key}, (1, 2))
    with pytest.raises(ValueError, match="True always stands"):
        GLASSES.upgrade(whole | {"worn": False}, (1, 2))
    with pytest.raises(TypeError):
        GLASSES.upgrade([], (1, 2))


def tables() -> Iterator[Record]:
    """Every table of the documents, those that are inlined without a name too."""
    for module in (image, findings, comparison, history):
        for table in vars(module).values():
            if isinstance(table, Record):
                yield table
                yield from (part.record for part in table.parts if isinstance(part, Inlined))


TABLES = {id(table): table for table in tables() if is_dataclass(table.domain)}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.domain.__name__)
def test_every_field_of_the_domain_is_written_or_named(table: Record) -> None:
    """A field of a domain class is in its table, or among those not written, with the reason."""
    own = {field.name for field in fields(table.domain)}
    written = {part.argument for part in table.parts}
    assert own - written - table.not_written.keys() == set(), "add a field to the table, or say why not"
    assert table.not_written.keys() <= own - written
    assert all(table.not_written.values())


def test_the_tables_of_all_domain_classes_are_found() -> None:
    """The test above sees the classes that documents are made of."""
    names = {table.domain.__name__ for table in TABLES.values()}
    assert {
        "Run", "ImageFindings", "ImageDescription", "PixelSpacing", "Calcification", "ShapeFeatures",
        "MorphologyDescription", "CalcificationGroup", "DistributionMeasurements", "GroupReading", "Location",
        "Assessment", "Alternative", "LikelihoodRange", "NonLesion", "Landmarks", "ExaminationFindings",
        "BreastReading", "ViewPair", "Provenance", "NotAnalyzed", "ComparedDays",
        "ImagePair", "CalcificationMatch", "Change", "GroupMeasurement", "TreatmentReading",
        "LiteratureFigure", "GroupHistory",
    } <= names  # fmt: skip
