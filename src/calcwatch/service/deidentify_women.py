"""Which names are one woman's: files that share a Patient ID or a study are of the same person."""

from __future__ import annotations

from collections.abc import Iterable

from calcwatch.formats.dicom.deidentify.deidentify import STUDY

Women = dict[str, tuple[str, ...]]
"""Every name -> all names of that woman, Patient IDs first."""


def find_women(named: Iterable[Iterable[str]]) -> Women:
    """Put names together that stand in the same file, and those that these stand with, and so on.

    Args:
        named: What names the person of each file or image, as ``names_of`` gives it.

    Returns:
        Her names by each of them; the order of the files plays no part.

    """
    of: dict[str, set[str]] = {}
    for names in named:
        joined = set(names).union(*(of.get(name, ()) for name in names))
        of.update(dict.fromkeys(joined, joined))
    return {name: _ordered(names) for name, names in of.items()}


def patient_ids(names: Iterable[str]) -> list[str]:
    """The Patient IDs among the names of a woman.

    Args:
        names: Her names.

    Returns:
        Those that are no study.

    """
    return [name for name in names if not name.startswith(STUDY)]


def _ordered(names: set[str]) -> tuple[str, ...]:
    # The pseudonym is derived from the first: a Patient ID is the same in every study of hers.
    return tuple(sorted(names, key=lambda name: (name.startswith(STUDY), name)))
