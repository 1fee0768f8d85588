"""Documents of a result as a whole: a run or a comparison -> JSON and back, also of older versions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.errors import NotInResult
from calcwatch.domain.findings import Provenance
from calcwatch.formats.json_text import BadDocument, parse_json
from calcwatch.formats.result.comparison import (
    COMPARISON,
    COMPARISON_VERSION,
    ComparedDays,
    Made,
    compared_days,
)
from calcwatch.formats.result.fields import Document, Record, Version
from calcwatch.formats.result.findings import FINDINGS, FINDINGS_VERSION
from calcwatch.formats.result.history import HISTORY
from calcwatch.formats.result.run import Run, Step

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

FIRST_RELEASED: Version = (1, 0)
"""The oldest version of a document that was released; every later one is read."""

_POINT_ON_FOUR_LINES = re.compile(r"\[\n\s+(-?[\d.e+-]+),\n\s+(-?[\d.e+-]+)\n\s+\]")


class DocumentTable(NamedTuple):
    """One of the documents of a result.

    Attributes:
        record: Its fields.
        version: Of the names in it, as it is written today.
        meaning: What it is.

    """

    record: Record
    version: str
    meaning: str


DOCUMENTS = {
    "findings": DocumentTable(
        FINDINGS,
        FINDINGS_VERSION,
        "Breast calcifications found, measured, grouped and described. For research use; a radiologist "
        "decides.",
    ),
    "comparison": DocumentTable(
        COMPARISON,
        COMPARISON_VERSION,
        "What became of every group between two examinations. For research use; a radiologist decides.",
    ),
    "history": DocumentTable(
        HISTORY,
        COMPARISON_VERSION,
        "What became of every group through a series of examinations. For research use; a radiologist "
        "decides.",
    ),
}
"""Every document of a result by the name of its file, without ``.json``."""


def findings_document(run: Run) -> Document:
    """Everything one run found, as the object that ``findings.json`` holds.

    Args:
        run: Its images and files without findings keep their order; examinations are put in that of the
            worklist.

    Returns:
        The object; nothing found is an empty list.

    Raises:
        ValueError: A finding holds a value that is no number.

    """
    return dict(FINDINGS.write(run))


def comparison_document(step: Step, provenance: Provenance) -> Document:
    """Two examinations compared, as the object that ``comparison.json`` holds.

    Args:
        step: The comparison.
        provenance: How it was made.

    Returns:
        The object; nothing to say is an empty list.

    """
    return dict(COMPARISON.write(Made(provenance, (compared_days(step.compared),))))


def history_document(steps: Sequence[Step], provenance: Provenance) -> Document:
    """A series of examinations, as the object that ``history.json`` holds.

    Args:
        steps: Comparisons of each examination with the one before, the earliest first; at least one.
        provenance: How they were made.

    Returns:
        The object: each comparison, and each group through all of them.

    """
    return dict(HISTORY.write(Made(provenance, tuple(compared_days(step.compared) for step in steps))))


def document_text(document: Document) -> str:
    """Write a document as JSON.

    Args:
        document: Any of those above.

    Returns:
        UTF-8, indented, a point on one line, a newline at the end; the same document gives the same text.

    """
    # allow_nan=False: NaN is no JSON, and other readers would refuse the whole document.
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # Points on a single line: outlines would otherwise make most of the file's lines.
    return _POINT_ON_FOUR_LINES.sub(r"[\1, \2]", text) + "\n"


def read_document(
    content: bytes, path: object, name: str = "findings", *, least: Version = FIRST_RELEASED
) -> Document:
    """Read a document that any released version wrote, with the names of today.

    What an older version wrote under another name is found under that of today, what it did not know is
    empty, and what is not written any more is left out. The numbers are those that were written.

    Args:
        content: Of its file.
        path: Of the file, for messages.
        name: Which of ``DOCUMENTS`` it is.
        least: The oldest version that holds what it is read for.

    Returns:
        The object, as this version would have written it.

    Raises:
        NotInResult: A version that cannot be read, with the remedy.
        BadDocument: It is no JSON that is read, or breaks its own schema, as ``calcwatch schema`` prints it.
        ValueError: The file is no such document of calcwatch; so do ``KeyError`` and ``TypeError`` say.

    """
    document = parse_json(content)
    if not isinstance(document, dict) or document["provenance"]["package"] != "calcwatch":
        raise BadDocument(f"it is no {name}.json of calcwatch")
    table = DOCUMENTS[name]
    if not isinstance(document["schema_version"], str):
        raise BadDocument("its schema_version is no text")
    version = _version_of(document["schema_version"])
    written, today = (".".join(map(str, parts)) for parts in (version, _version_of(table.version)))
    # Only the first number: a larger second number has only more keys, which are left out.
    if version[0] > _version_of(table.version)[0]:
        raise NotInResult(
            f"{path}: its schema version {written} is newer than {today}, the newest that this calcwatch "
            f"reads; it was written by calcwatch {document['provenance'].get('package_version')}: use that "
            "one, or analyze the images again"
        )
    # Versions of development were never promised to anyone.
    if version < FIRST_RELEASED:
        raise NotInResult(
            f"{path}: no calcwatch that was released wrote schema version {written}; analyze the images again"
        )
    if version < least:
        raise NotInResult(
            f"{path}: its schema {written} holds no suggestions; analyze the images again with this calcwatch"
        )
    # The version is replaced first, since it is itself a constant of the table.
    today_document = dict(table.record.upgrade(document | {"schema_version": table.version}, version))
    _check(today_document, name)
    return today_document


def _check(document: Document, name: str) -> None:
    """Hold a document against its own schema; the error names the place and never the value."""
    wrong = next(_validator(name).iter_errors(document), None)
    if wrong is not None:
        raise BadDocument(f"{wrong.json_path} breaks the rule {wrong.validator!r} of calcwatch schema {name}")


@cache
def _validator(name: str) -> Draft202012Validator:
    # Loaded where a document is read: an analysis only writes them, in processes that should start fast.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    table = DOCUMENTS[name]
    return Draft202012Validator(table.record.described(table.meaning))


def _version_of(words: str) -> Version:
    major, minor = map(int, words.split("."))
    return major, minor


def read_findings(document: Document) -> Run:
    """The run that a ``findings.json`` stands for.

    Args:
        document: As ``read_document`` gives it.

    Returns:
        Everything that is written of the run, numbers rounded as they were written; examinations in the order
        of the worklist. What no document holds (the outline of a breast, questions) is empty.

    Raises:
        ValueError: What no run has written; so do ``KeyError`` and ``TypeError`` say.

    """
    run: Run = FINDINGS.read(document)
    _check_links(run)
    return run


def _check_links(run: Run) -> None:
    """Check what a schema cannot say: what names something else in the document names what is there."""
    if not all(read.findings.images for read in run.examinations):
        raise BadDocument("an examination has no image")
    for number, image in enumerate(run.images):
        own = {found.tracking_uid for found in image.calcifications}
        for group in image.groups:
            if not own.issuperset(group.members):
                raise BadDocument(f"a group of image {number} has a member that the image does not hold")
            if any(told and not told.probabilities for told in (group.kind, group.distribution)):
                raise BadDocument(f"a group of image {number} is described without a probability")
            # Told as an object: a document may lack what the domain always has.
            measured: object = group.distribution and group.distribution.measurements
            if group.distribution is not None and measured is None:
                raise BadDocument(f"a group of image {number} is described without measurements")


def read_comparison(document: Document) -> ComparedDays:
    """The two examinations that a ``comparison.json`` stands for.

    Args:
        document: As ``read_document`` gives it.

    Returns:
        What became of every group, numbers rounded as they were written.

    Raises:
        ValueError: What no run has written; so do ``KeyError`` and ``TypeError`` say.

    """
    days: ComparedDays = COMPARISON.read(document)
    return days


def read_history(document: Document) -> tuple[ComparedDays, ...]:
    """The series of examinations that a ``history.json`` stands for.

    Args:
        document: As ``read_document`` gives it.

    Returns:
        Each examination with the one before, the earliest first.

    Raises:
        ValueError: What no run has written; so do ``KeyError`` and ``TypeError`` say.

    """
    steps: tuple[ComparedDays, ...] = HISTORY.read(document)
    return steps


def read_result(findings: Document, comparison: Document | None = None) -> tuple[ExaminationResult, ...]:
    """Examinations of a result.

    Args:
        findings: Its ``findings.json``, as ``read_document`` gives it.
        comparison: The ``comparison.json`` beside it, likewise; ``None`` where there is none.

    Returns:
        Examinations in the order of the worklist; with a comparison its current one alone, with its prior.

    Raises:
        ValueError: What no run has written; so do ``KeyError`` and ``TypeError`` say.

    """
    run = read_findings(findings)
    if comparison is None:
        return tuple(ExaminationResult(read.findings, run.provenance) for read in run.examinations)
    days = read_comparison(comparison)
    # A comparison names images by source; findings hold them.
    images = {image.description.source: image for image in run.images}
    prior, current = (tuple(images[source] for source in day.sources) for day in (days.prior, days.current))
    # By its images: examinations have no name that both documents share.
    examination = next((read.findings for read in run.examinations if read.findings.images == current), None)
    if examination is None:
        raise ValueError("the comparison is of no examination of these findings")
    return (ExaminationResult(examination, run.provenance, prior, days.comparison),)
