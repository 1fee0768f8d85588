"""Paths -> examinations to compare: which file belongs to which day, also from findings of ``analyze``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from calcwatch.domain.dates import known_date
from calcwatch.domain.errors import BadSeries, CalcwatchError
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import GivenAttributes
from calcwatch.formats.result.document import read_document
from calcwatch.service.files.find_images import FoundFile, FoundKind, find_images
from calcwatch.service.files.open_image import source_of
from calcwatch.service.files.result_folder import (
    FINDINGS,
    check_source,
    find_source,
    holds_more,
    is_result,
)
from calcwatch.service.files.same_image import spelled_alike
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_side_file, unreadable_because

Argued = tuple[FoundFile, int | None]
"""A file with the place of the path that led to it; ``None``: a row of a table."""


def find_examination_files(
    paths: Sequence[Path], table: Path | None, given: GivenAttributes
) -> list[tuple[FoundFile, int | None]]:
    """Find the files below each path; of a result of ``analyze`` the images are found again.

    Args:
        paths: Files, folders, or results of ``analyze`` (the folder or its ``findings.json``).
        table: CSV with what is known of files, ``None``: none.
        given: What holds for every file.

    Returns:
        Each file with the place of the path that led to it, in the order of the paths; last, with ``None``,
        rows of the table that cannot be used.

    Raises:
        BadSeries: A result cannot be read.
        NotInResult: A result is of a version that cannot be read.
        BadTable: The table cannot be used.

    """
    results = {number: result for number, path in enumerate(paths) if (result := _result_file(path))}
    # A result is not walked: its pictures are no mammograms, its findings name where these lie. What else a
    # person has put beside them is.
    beside = {
        number for number, result in results.items() if paths[number].is_dir() and holds_more(paths[number])
    }
    roots = {
        number: path.absolute()
        for number, path in enumerate(paths)
        if number not in results or number in beside
    }
    walked = [paths[number] for number in roots]
    found: list[tuple[FoundFile, int | None]] = []
    if walked or table:
        found += [(file, _argument(file, roots)) for file in find_images(walked, table, given)]
    for number, result in results.items():
        found += [(file, number) for file in _find_again(result, given)]
    # By the order of the arguments; rows of a table belong to none and come last.
    return sorted(found, key=lambda pair: len(paths) if pair[1] is None else pair[1])


def _result_file(path: Path) -> Path | None:
    # A folder whose parent may not be entered, or a name too long, is told by whoever opens it.
    with suppress(OSError):
        if path.is_dir() and is_result(path):
            return path / FINDINGS
    return path if path.name == FINDINGS else None


def _argument(file: FoundFile, roots: dict[int, Path]) -> int | None:
    """Place of the path that led to a file, the innermost where several did."""
    if file.kind is FoundKind.TABLE_ROW:
        return None
    # as given, not as it really lies: the files of a folder may be links to anywhere
    own = file.path.absolute()
    inside = [(len(root.parts), number) for number, root in roots.items() if own.is_relative_to(root)]
    # The innermost: one argument may lie inside another.
    return max(inside)[1] if inside else None


def _find_again(result: Path, given: GivenAttributes) -> list[FoundFile]:
    """The images of a result, with what was known of them when they were analyzed."""
    try:
        document = read_document(read_side_file(result, MAX_RESULT_BYTES), result)
        digests = {file["source"]: file["sha256"] for file in document["provenance"]["inputs"]}
        return [
            _found_again(result, image, digests.get(image["source"]), given) for image in document["images"]
        ]
    # Any of these is what damaged JSON looks like from here; the message must not quote it.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadSeries(
            f"{result}: this is no result of calcwatch analyze that can be read: {unreadable_because(error)}"
            "; give the mammograms themselves"
        ) from error


def _found_again(
    result: Path, image: dict[str, str | None], digest: str | None, given: GivenAttributes
) -> FoundFile:
    source = str(image["source"])
    # What was known when it was analyzed, so that it is analyzed the same way again.
    spacing, bits = image["pixel_spacing_mm"], given.bits_stored
    known = GivenAttributes.from_text(
        patient_id=given.patient_id or image["patient_id"],
        study_date=known_date(image["study_date"]) or given.study_date,
        image_laterality=image["image_laterality"],
        view_position=image["view_position"],
        pixel_spacing_mm=None if spacing is None else str(spacing),
        bits_stored=None if bits is None else str(bits),
    )
    path = find_source(result, source)
    try:
        check_source(
            path,
            source,
            digest,
            needed="without its pixels it cannot be aligned; give the mammograms themselves",
        )
    except CalcwatchError as problem:
        return FoundFile(path, source_of(path), known, problem, FoundKind.REFUSED)
    return FoundFile(path, source_of(path), known)


def check_apart(paths: Sequence[Path], found: Sequence[Argued]) -> None:
    """Check that the prior and the current examination do not lie in the same place.

    Args:
        paths: The two.
        found: What ``find_examination_files`` gave for them, the prior with 0 and the current one with 1.

    Raises:
        BadSeries: A file of the one is a file of the other as well.

    """
    # The files of two equal paths all count with the second.
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise BadSeries(_with_itself(source_of(paths[-1])))
    prior = {os.path.realpath(file.path) for file, argument in found if argument == 0}
    above = {str(folder) for path in prior for folder in Path(path).parents}
    for file, argument in found:
        own = os.path.realpath(file.path)
        # A folder that was met before is listed as such and not walked again.
        is_folder_met = file.kind is FoundKind.ALREADY_FOUND and own in above
        if argument == 1 and (own in prior or is_folder_met):
            raise BadSeries(_with_itself(file.source))


def check_no_twins(
    twins: Sequence[tuple[tuple[FoundFile, int | None], tuple[FoundFile, int | None]]],
) -> None:
    """Check that no image of the current examination is one of the prior again.

    Args:
        twins: Images that were met twice: the first and the second, each with the path that led to it.

    Raises:
        BadSeries: One is.

    """
    for (_, earlier), (file, later) in twins:
        if earlier != later:
            raise BadSeries(_with_itself(file.source))


def _with_itself(source: str) -> str:
    return (
        f"{source}: this image is in PRIOR and in CURRENT, and nothing changes between an image and itself; "
        "give two examinations"
    )


def check_one_woman(images: Sequence[ImageFindings]) -> None:
    """Check that images are those of one woman.

    Args:
        images: Findings of all images to compare; those without a Patient ID pass.

    Raises:
        BadSeries: They carry several Patient IDs, which the message does not repeat.

    """
    # Images without Patient ID are taken to be hers: raster files never have any.
    known = {image.description.patient_id for image in images if image.description.patient_id}
    if len(known) > 1:
        alike = ", spelled alike" if spelled_alike(image.description for image in images) else ""
        raise BadSeries(
            f"the images carry {len(known)} different Patient IDs{alike}; compare examinations of one woman, "
            "or say that they are hers with --patient-id, or with patient_id in a --table"
        )


def days_of_arguments(
    images: Sequence[ImageFindings], arguments: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Part images into the prior and the current examination, by the path that led to them.

    Args:
        images: Findings of all images.
        arguments: Place of the path that led to each, 0 (prior) or 1 (current).

    Returns:
        Places of the prior images and of the current ones.

    Raises:
        BadSeries: One of the two holds images of several dates, or the prior is the later one.

    """
    days = [tuple(place for place, number in enumerate(arguments) if number == day) for day in (0, 1)]
    dates = [sorted({date for at in day if (date := images[at].description.study_date)}) for day in days]
    for name, own in zip(("PRIOR", "CURRENT"), dates, strict=True):
        if len(own) > 1:
            raise BadSeries(
                f"{name} holds images of {len(own)} dates ({', '.join(own)}); give one examination, or all "
                "of them to calcwatch history"
            )
    prior, current = dates
    if prior and prior == current:
        raise BadSeries(
            f"PRIOR and CURRENT are of the same day ({prior[0]}), and images of one day are one examination; "
            "give an earlier one"
        )
    # Swapped arguments would report what is new as gone.
    if prior and current and prior[0] > current[0]:
        raise BadSeries(
            f"the prior examination ({prior[0]}) is later than the current one ({current[0]}); give the "
            "earlier first"
        )
    return tuple(days)


def days_of_dates(images: Sequence[ImageFindings], arguments: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Part images into examinations by date, or, where no image has one, by the path that led to them.

    Args:
        images: Findings of all images.
        arguments: Place of the path that led to each.

    Returns:
        Places of the images of each day, the earliest first.

    Raises:
        BadSeries: Some images have a date and others do not: their order would be a guess.

    """
    dates = [image.description.study_date for image in images]
    # Dates of some images only: sorting the rest anywhere would put a change between wrong days.
    if None in dates and any(dates):
        source = images[dates.index(None)].description.source
        raise BadSeries(f"{source}: study_date is not known, but that of others is; give it with --table")
    days: dict[tuple[str, int], list[int]] = {}
    for place, (date, argument) in enumerate(zip(dates, arguments, strict=True)):
        # Without any date the order of the arguments is the order of the days.
        days.setdefault((date, 0) if date else ("", argument), []).append(place)
    return tuple(tuple(days[key]) for key in sorted(days))
