"""What persons state of the women of a run: one file for one woman, or one that tells them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path

from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import BadContext
from calcwatch.service.files.rules import context_of, read_object

_PATIENTS = "patients"


@dataclass(frozen=True)
class StatedContexts:
    """What is stated, ``source`` says where: of one woman (``one``), or of each by her Patient ID.

    Nothing is stated of a woman who is not named; that never reassures.
    """

    one: ClinicalContext | None = None
    patients: Mapping[str, ClinicalContext] = field(default_factory=dict)
    source: str = ""

    def check(self, patient_ids: Sequence[str | None]) -> None:
        """Raise ``BadContext`` when what is stated of one woman would be taken as said of several."""
        known = sorted({name for name in patient_ids if name})
        if self.one is not None and len(known) > 1:
            raise BadContext(
                f"{self.source}: the context is that of one woman, but the images are those of {len(known)} "
                f'patients; write {{"{_PATIENTS}": {{"PATIENT ID": {{...}}}}}}, or analyze them one by one'
            )

    def of(self, patient_id: str | None) -> ClinicalContext:
        """What is stated of the woman with this Patient ID; of one whose ID is not known, only the one's."""
        return self.one or self.patients.get(patient_id or "", ClinicalContext())


def read_contexts(path: Path) -> StatedContexts:
    """Read a context file: the object of one woman, or ``{"patients": {Patient ID: object, ...}}``.

    Raises ``BadContext``, naming the file, the word and the remedy, for what cannot be used.
    """
    written = read_object(path)
    try:
        if not (isinstance(written, dict) and _PATIENTS in written):
            return StatedContexts(context_of(written, "the context"), source=str(path))
        return StatedContexts(patients=_patients(written), source=str(path))
    except ValueError as error:
        raise BadContext(f"{path}: {error}") from error


def _patients(written: dict[str, object]) -> dict[str, ClinicalContext]:
    stated = written[_PATIENTS]
    others = [name for name in written if name != _PATIENTS]
    if others:
        raise ValueError(f"{others[0]!r} stands beside {_PATIENTS!r}; write it inside each patient's object")
    if not isinstance(stated, dict):
        raise ValueError(f"{_PATIENTS} must be an object from Patient ID to what is stated, not {stated!r}")
    return {name: context_of(one, f"patient {name}") for name, one in stated.items()}


def stated_words(context: object, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Everything that is stated, as names and values: ``left.treated``, ``yes``."""
    words: list[tuple[str, str]] = []
    for one in fields(context) if is_dataclass(context) else ():
        value = getattr(context, one.name)
        name = f"{prefix}{one.name}"
        if is_dataclass(value):
            words.extend(stated_words(value, f"{name}."))
        elif value is not None:
            words.append((name, _word(value)))
    return tuple(words)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.value if isinstance(value, StrEnum) else str(value)
