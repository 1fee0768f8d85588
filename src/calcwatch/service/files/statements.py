"""What a person states of a woman, her context and her treatment: JSON read by the fields it may have.

The dataclasses of ``domain.context`` and ``domain.treatment`` are the one table of what may be stated: a
field there is a word here. What is left out or null is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, ClinicalContext, RadiationKind
from calcwatch.domain.dates import read_date
from calcwatch.domain.errors import BadContext
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, Morphology
from calcwatch.domain.statements import FindingStatement, NamedFinding
from calcwatch.domain.treatment import Treatment
from calcwatch.exam.statements import findings_of_day
from calcwatch.service.files.rules import read_lexicon
from calcwatch.service.files.side_file import read_json_file

_Stated = TypeVar("_Stated")

_PATIENTS = "patients"
_NUMBERS_SHOWN = 10

_WORDS = {"laterality": "side", "source": "from"}
"""Fields that a file calls otherwise."""

_TYPES = {
    "BiopsyResult": BiopsyResult,
    "Category": Category,
    "ChangeKind": ChangeKind,
    "Distribution": Distribution,
    "Morphology": Morphology,
    "NamedFinding": NamedFinding,
    "Point": Point,
    "RadiationKind": RadiationKind,
    "SurgicalBedPosition": SurgicalBedPosition,
    "ViewPosition": ViewPosition,
}
"""Types that the modules of ``domain`` import for type checkers alone."""

_MOST = 1e9
"""Below it every number of a file lies: a larger one is mistyped, or too large to be counted with."""

_NAMES = ("tracking_uid", "image", "row", "column")
"""What a finding is named by in a file."""

_SHAPES = ("lexicon", "morphology")
"""What says its shape: words of an edition of the lexicon."""


@dataclass(frozen=True)
class StatedContexts:
    """What is stated of the women of a run; of a woman who is not named nothing is, which never reassures.

    Attributes:
        only: Of the one woman of the run; ``None`` where women are told apart or nothing is stated.
        patients: Of each woman by her Patient ID.
        source: The file, for messages.

    """

    only: ClinicalContext | None = None
    patients: Mapping[str, ClinicalContext] = field(default_factory=dict)
    source: str = ""

    def check(self, patient_ids: Sequence[str | None]) -> None:
        """Check that what is stated of one woman is not taken as said of several.

        Args:
            patient_ids: Patient ID of each examination of the run; ``None`` where it is not known.

        Raises:
            BadContext: One woman's context stands for the images of more than one.

        """
        # Images without Patient ID may be hers.
        known = {patient for patient in patient_ids if patient}
        if self.only is not None and len(known) > 1:
            raise BadContext(
                f"{self.source}: the context is that of one woman, but the images are those of {len(known)} "
                f'patients; write {{"{_PATIENTS}": {{"PATIENT ID": {{...}}}}}}, or analyze them one by one'
            )

    def unheard(self, patient_ids: Sequence[str | None]) -> tuple[str, ...]:
        """Tell what is stated of women of whom the run has no image.

        Args:
            patient_ids: Patient ID of each image of the run; ``None`` where it is not known.

        Returns:
            Notes for the terminal, which count patients and never name one; empty where all were met.

        """
        met = set(patient_ids)
        numbers = [str(number) for number, patient in enumerate(self.patients, start=1) if patient not in met]
        if not numbers:
            return ()
        shown = ", ".join(numbers[:_NUMBERS_SHOWN]) + (" and more" if len(numbers) > _NUMBERS_SHOWN else "")
        return (
            f"{self.source}: no image here is of patient number {shown} of {len(self.patients)}, so what is "
            "stated there is not used; check how her Patient ID is written",
        )

    def of(self, patient_id: str | None) -> ClinicalContext:
        """Look up what is stated of a woman.

        Args:
            patient_id: Her Patient ID; ``None`` where it is not known.

        Returns:
            Her context; an empty one where nothing is stated of her.

        """
        # An unnamed woman gets an empty context: nothing is known, which never lowers a category.
        return self.only or (self.patients.get(patient_id) if patient_id else None) or ClinicalContext()


def read_contexts(path: Path) -> StatedContexts:
    """Read a context file.

    Args:
        path: JSON: the object of one woman, or ``{"patients": {Patient ID: object, ...}}``.

    Returns:
        What is stated, of one woman or of each.

    Raises:
        BadContext: It cannot be used; the message names the file, the word and the remedy.

    """
    written = _read_json(path, "the context")
    try:
        if not (isinstance(written, dict) and _PATIENTS in written):
            return StatedContexts(_read_object(ClinicalContext, written, "the context"), source=str(path))
        # A statement beside the patients could be meant for all or for none.
        beside = next((name for name in written if name != _PATIENTS), None)
        if beside is not None:
            called = _called(beside, written[beside])
            raise ValueError(f"{called} stands beside {_PATIENTS!r}; write it inside each patient's object")
        patients = written[_PATIENTS]
        if not isinstance(patients, dict):
            raise ValueError(
                f"{_PATIENTS} must be an object from Patient ID to what is stated, not {_shown(patients)}"
            )
        contexts = {
            patient: _read_object(ClinicalContext, stated, f"patient {number}")
            # Messages count patients: a Patient ID must not get into a log.
            for number, (patient, stated) in enumerate(patients.items(), start=1)
        }
        return StatedContexts(patients=contexts, source=str(path))
    except ValueError as error:
        raise BadContext(f"{path}: {error}") from error


def read_treatment(path: Path) -> Treatment:
    """Read a treatment file.

    Args:
        path: A JSON object; docs/treatment.md shows one.

    Returns:
        The treatment it states.

    Raises:
        BadContext: It cannot be used; the message names the file, the word and the remedy.

    """
    written = _read_json(path, "the treatment")
    try:
        return treatment_of(written, "the treatment")
    except ValueError as error:
        raise BadContext(f"{path}: {error}") from error


def treatment_of(written: object, place: str) -> Treatment:
    """Take a treatment from a JSON value.

    Args:
        written: The value, an object as docs/treatment.md shows.
        place: Where it stands, for messages.

    Returns:
        The treatment it states; an empty object states nothing.

    Raises:
        ValueError: It cannot be used; the message names the place, the word and the remedy.

    """
    return _read_object(Treatment, written, place)


def context_of_day(
    context: ClinicalContext, day: Sequence[ImageFindings], images: Sequence[ImageFindings]
) -> ClinicalContext:
    """Keep of what is stated of findings what one examination of several must hear.

    Args:
        context: What is stated of a woman.
        day: Images of the examination.
        images: Images of all her examinations, these among them.

    Returns:
        The context with the findings of that day, and with those that are nowhere, so that this is told.

    Raises:
        BadContext: Something is stated twice of one group.

    """
    try:
        return replace(context, findings=findings_of_day(context.findings, day, images))
    except ValueError as error:
        raise BadContext(f"the context: {error}") from error


def stated_words(context: object) -> tuple[tuple[str, str], ...]:
    """Write what is stated as words.

    Args:
        context: A ``ClinicalContext`` or a part of one.

    Returns:
        Name and value of everything that is stated, as ``("left.treated", "yes")``, in the order of the
        fields.

    """
    return tuple(_stated_words(context, ""))


def _stated_words(context: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for part in fields(context):
        value = getattr(context, part.name)
        if isinstance(value, tuple):
            if value:
                yield f"{prefix}{part.name}", str(len(value))
        elif is_dataclass(value):
            yield from _stated_words(value, f"{prefix}{part.name}.")
        elif value is not None:
            is_answer = isinstance(value, bool)
            yield f"{prefix}{part.name}", ("yes" if value else "no") if is_answer else str(value)


def _read_json(path: Path, what: str) -> object:
    """Read a JSON file in which no word is said twice; ``BadContext`` with the file and the reason."""
    try:
        return read_json_file(path)
    except OSError as error:
        raise BadContext(f"{path}: {what} cannot be read: {error.strerror}; check the path") from error
    except ValueError as error:
        raise BadContext(f"{path}: {what} cannot be used: {error}; correct it") from error


def _called(word: str, value: object) -> str:
    """How a message calls a word: one that may be a Patient ID, over an object, is not repeated."""
    is_patient = isinstance(value, dict) and word not in (_PATIENTS, "left", "right")
    return "an object under a name that may be a Patient ID" if is_patient else repr(word)


def _shown(written: object) -> str:
    """A value for a message; of lists and objects, which may hold Patient IDs, only what they are."""
    if isinstance(written, list | dict):
        return "a list" if isinstance(written, list) else "an object"
    return repr(written)


def _read_value(hint: Any, written: object, place: str) -> Any:
    """Read a JSON value as the type of its field says; ``place`` names it: ``side of operation 1``."""
    if isinstance(hint, UnionType):  # "or None": what is null is left out before
        (hint,) = (kind for kind in get_args(hint) if kind is not NoneType)
    if hint == Point:
        if not (isinstance(written, list) and len(written) == 2 and all(map(_is_number, written))):
            raise ValueError(f"{place} is {written!r}; a point is [row, column], two numbers")
        return float(written[0]), float(written[1])
    if get_origin(hint) is tuple:
        return _read_list(get_args(hint)[0], written, place)
    if hint is NamedFinding:
        return _read_finding(written, place)
    if is_dataclass(hint):
        return _read_object(hint, written, place)  # type: ignore[arg-type]
    if issubclass(hint, StrEnum):
        if written not in list(hint):
            raise ValueError(f"{place} is {written!r}; write one of {', '.join(hint)}")
        return hint(written)
    return _read_plain(hint, written, place)


def _read_object(kind: type[_Stated], written: object, place: str) -> _Stated:
    """Read an object whose words are the fields of a dataclass, which may refuse their values."""
    if not isinstance(written, dict):
        raise ValueError(f"{place} must be an object, not {_shown(written)}")
    parts = {_WORDS.get(part.name, part.name): part for part in fields(kind)}  # type: ignore[arg-type]
    unknown = next((word for word in written if word not in parts), None)
    # A misspelled word would otherwise be "not known" without anybody noticing.
    if unknown is not None:
        raise ValueError(_no_such_word(unknown, written[unknown], place, parts))
    # The annotations are strings; types imported for checkers alone have to be handed in.
    hints = get_type_hints(kind, localns=_TYPES)
    values = {}
    for word, part in parts.items():
        if written.get(word) is not None:
            values[part.name] = _read_value(hints[part.name], written[word], f"{word} of {place}")
        elif part.default is MISSING and part.default_factory is MISSING:
            raise ValueError(f"{word} of {place} is missing; state it")
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def _no_such_word(word: str, value: object, place: str, known: Iterable[str]) -> str:
    """The message that refuses a word."""
    if not isinstance(value, dict):
        return f"{place} has no {word!r}; it may have {', '.join(known)}"
    remedy = f'what is stated of several women stands under "{_PATIENTS}"'
    return f"{place} has {_called(word, value)}; {remedy}; it may have {', '.join(known)}"


def _read_finding(written: object, place: str) -> NamedFinding:
    """Read what is stated of one finding: what it is named by, its shapes, everything else."""
    if not isinstance(written, dict):
        raise ValueError(f"{place} must be an object, not {written!r}")
    answers = [part.name for part in fields(FindingStatement) if part.name not in ("morphology", "words")]
    unknown = next((word for word in written if word not in (*_NAMES, *_SHAPES, *answers)), None)
    if unknown is not None:
        raise ValueError(
            f"{place} has no {unknown!r}; it may have {', '.join((*_NAMES, *_SHAPES, *answers))}"
        )
    stated = {word: value for word, value in written.items() if word in answers}
    shapes = _read_shapes(written, place)
    try:
        return NamedFinding(
            statement=replace(_read_object(FindingStatement, stated, place), **shapes),
            tracking_uid=_read_text(written, "tracking_uid", place),
            image=_read_text(written, "image", place),
            row=_read_place(written, "row", place),
            column=_read_place(written, "column", place),
        )
    except ValueError as error:
        # What it is named by is refused by the finding itself, which does not know its place in the file.
        raise ValueError(str(error) if place in str(error) else f"{place}: {error}") from error


def _read_shapes(written: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Read one shape or several, each exactly as an edition of the lexicon has it; the words are kept."""
    named, edition = written.get("morphology"), _read_text(written, "lexicon", place)
    words = [named] if isinstance(named, str) else [] if named is None else named
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
        raise ValueError(f"morphology of {place} is {named!r}; write a shape, or a list of shapes")
    lexicon = read_lexicon()
    if edition is not None and edition not in lexicon.editions:
        raise ValueError(
            f"{place}: lexicon {edition!r} is not known; write one of {', '.join(lexicon.editions)}"
        )
    try:
        meant = [lexicon.morphologies_of(word, edition) for word in words]
    except ValueError as error:
        raise ValueError(f"morphology of {place}: {error}") from error
    return {
        "morphology": tuple(dict.fromkeys(shape for shapes in meant for shape in shapes)),
        "words": tuple(words),
    }


def _read_text(written: Mapping[str, Any], word: str, place: str) -> str | None:
    value = written.get(word)
    if value is not None and not (isinstance(value, str) and value and _can_be_written(value)):
        raise ValueError(f"{word} of {place} is {value!r}; write a text")
    return value


def _can_be_written(text: str) -> bool:
    """Whether a text is one in UTF-8: JSON may name half of a character, which no result could hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read_place(written: Mapping[str, Any], word: str, place: str) -> float | None:
    value = written.get(word)
    return None if value is None else float(_read_plain(float, value, f"{word} of {place}"))


def _read_list(hint: Any, written: object, place: str) -> tuple[Any, ...]:
    """Read a list; each item is called by the singular of its name and its number: ``operation 2``."""
    if not isinstance(written, list):
        raise ValueError(f"{place} must be a list, not {written!r}")
    name, _, above = place.partition(" of ")
    of_what = "" if above.startswith("the ") else f" of {above}"  # "the treatment" goes without saying
    return tuple(
        _read_value(hint, item, f"{name.removesuffix('s')} {number}{of_what}")
        for number, item in enumerate(written, start=1)
    )


def _read_plain(kind: type, written: object, place: str) -> Any:
    """Read a date, a number, or yes and no: the only text that is stated is a date."""
    if kind is str and isinstance(written, str):
        return read_date(place, written)
    if kind is float and _is_number(written):
        return float(written)  # type: ignore[arg-type]
    # Not isinstance: true is an int to Python and would pass as a number of months.
    if kind in (int, bool) and type(written) is kind:
        return written
    remedy = {
        str: "it like 2019-03-14",
        float: "a number",
        int: "a whole number, or null (not known)",
        bool: "true, false or null (not known)",
    }
    raise ValueError(f"{place} is {written!r}; write {remedy[kind]}")


def _is_number(written: object) -> bool:
    is_number = isinstance(written, int | float) and not isinstance(written, bool)
    # A row of 400 digits is no place, and no float could hold it.
    return is_number and abs(written) < _MOST  # type: ignore[arg-type]
