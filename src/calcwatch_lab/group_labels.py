"""What readers said of groups: two tables, one of the groups and one of where their calcifications lie.

The first has ``group, file`` and for each reader N ``what_N`` and ``alarm_N``; the second ``group, file, row,
column``, a row a calcification, in pixels of the file. A reader who did not see a group, or could not tell,
leaves the cell empty or writes ``cannot_tell``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calcwatch.domain.lexicon import GroupKind
from calcwatch_lab.labels import read_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch_lab.labels import Row

KIND_OF_WORD: dict[str, GroupKind] = {
    **{kind: kind for kind in GroupKind},
    "typically_benign_other": GroupKind.TYPICALLY_BENIGN,
    "not_calcification": GroupKind.NOT_A_CALCIFICATION,
    "metal": GroupKind.NOT_A_CALCIFICATION,
    **dict.fromkeys(
        ("cluster_round_punctate", "amorphous", "coarse_heterogeneous", "fine_pleomorphic"),
        GroupKind.SMALL_SUSPICIOUS,
    ),
    "fine_linear_or_branching": GroupKind.SMALL_SUSPICIOUS,
}
"""Kind of each word that a table of labels may hold; ``cannot_tell`` and an empty cell say nothing."""

Word = TypeVar("Word")
"""A word of the vocabulary that a cell stands for."""

_SAYS_NOTHING = ("", "cannot_tell")


class Alarm(StrEnum):
    """How a reader would act on a group.

    Attributes:
        BENIGN: Nothing to do.
        PROBABLY_BENIGN: Look again after some months.
        SUSPICIOUS: Biopsy.
    """

    BENIGN = "benign"
    PROBABLY_BENIGN = "probably_benign"
    SUSPICIOUS = "suspicious"


ALARM_OF_WORD: dict[str, Alarm] = {
    "none": Alarm.BENIGN,
    "highly_suspicious": Alarm.SUSPICIOUS,
    **{alarm: alarm for alarm in Alarm},
}
"""Alarm of each word that a table of labels may hold."""


@dataclass(frozen=True, eq=False)
class ReadGroup:
    """A group as readers labeled it.

    Attributes:
        marks: n x 2, row and column of its calcifications in file pixels.
        kinds: What each reader says it is, the first reader first; none where nobody could tell.
        alarms: What each of the same readers would do.
    """

    marks: NDArray[np.float64]
    kinds: tuple[GroupKind, ...]
    alarms: tuple[Alarm, ...]


def read_groups(groups: Path, marks: Path) -> dict[str, list[ReadGroup]]:
    """Read what readers said.

    Args:
        groups: ``group, file``, and for each reader N ``what_N`` and ``alarm_N``.
        marks: ``group, row, column``.

    Returns:
        Groups by the name of their file.

    Raises:
        BadTable: A column is missing or a word is not known.

    """
    places: dict[str, list[tuple[float, float]]] = {}
    for row in read_rows(marks, ("group", "row", "column")):
        places.setdefault(row["group"], []).append((row.number("row"), row.number("column")))
    said: dict[str, list[ReadGroup]] = {}
    for row in read_rows(groups, ("group", "file")):
        readers = [column.removeprefix("what_") for column in row if column.startswith("what_")]
        if not readers or any(f"alarm_{reader}" not in row for reader in readers):
            raise row.refused("for each reader N the table needs the columns what_N and alarm_N")
        spoken = [reader for reader in readers if row[f"what_{reader}"] not in _SAYS_NOTHING]
        said.setdefault(Path(row["file"]).name, []).append(
            ReadGroup(
                np.array(places.get(row["group"], []), np.float64).reshape(-1, 2),
                tuple(_word_of(row, f"what_{reader}", KIND_OF_WORD) for reader in spoken),
                tuple(_word_of(row, f"alarm_{reader}", ALARM_OF_WORD) for reader in spoken),
            )
        )
    return said


def _word_of(row: Row, column: str, words: dict[str, Word]) -> Word:
    if row[column] not in words:
        raise row.refused(f"{column} is {row[column]!r}; one of {', '.join(words)}")
    return words[row[column]]
