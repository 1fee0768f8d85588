"""Paths -> examinations to compare: which file belongs to which day, also from findings of ``analyze``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calcwatch.domain.errors import BadSeries, CalcwatchError
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import GivenAttributes, ImageDescription
from calcwatch.formats.result.document import read_document
from calcwatch.service.files.find_images import FoundFile, FoundKind, find_images
from calcwatch.service.files.open_image import source_of
from calcwatch.service.files.result_folder import is_result
from calcwatch.service.files.result_sources import check_source, find_source

_FINDINGS = "findings.json"


@dataclass(frozen=True)
class FilesOfDays:
    """Files of a run; ``argument``: place of the path that led to each, ``None`` for a row of a table."""

    files: tuple[FoundFile, ...]
    argument: tuple[int | None, ...]


def files_of_days(paths: Sequence[Path], table: Path | None, given: GivenAttributes) -> FilesOfDays:
    """Find the files below each path; the path may be a result of ``analyze``: its images are found again.

    Raises ``BadSeries`` for a result that cannot be read, ``NotInResult`` for one of a version that cannot.
    """
    results = {number: _result_file(path) for number, path in enumerate(paths)}
    walked = [path for number, path in enumerate(paths) if results[number] is None]
    found = list(find_images(walked, table, given)) if walked or table else []
    arguments = [_argument(one, paths, results) for one in found]
    for number, path in results.items():
        if path is not None:
            again = _found_again(path, given)
            found += again
            arguments += [number] * len(again)
    order = sorted(range(len(found)), key=lambda n: len(paths) if arguments[n] is None else arguments[n] or 0)
    return FilesOfDays(tuple(found[n] for n in order), tuple(arguments[n] for n in order))


def _result_file(path: Path) -> Path | None:
    if path.is_dir() and is_result(path):
        return path / _FINDINGS
    return path if path.name == _FINDINGS else None


def _argument(found: FoundFile, paths: Sequence[Path], results: dict[int, Path | None]) -> int | None:
    if found.kind is FoundKind.TABLE_ROW:
        return None
    # as given, not as it really lies: the files of a folder may be links to anywhere
    own = found.path.absolute()
    roots = [(number, path.absolute()) for number, path in enumerate(paths) if results[number] is None]
    inside = [(len(root.parts), number) for number, root in roots if own.is_relative_to(root)]
    return max(inside)[1] if inside else None


def _found_again(path: Path, given: GivenAttributes) -> list[FoundFile]:
    """The images of a result, with what was known of them then."""
    try:
        document = read_document(path.read_bytes(), path)
        digests = {one["source"]: one["sha256"] for one in document["provenance"]["inputs"]}
        return [_again(path, image, digests.get(image["source"]), given) for image in document["images"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadSeries(
            f"{path}: this is no result of calcwatch analyze that can be read ({type(error).__name__}); "
            "give the mammograms themselves"
        ) from error


def _again(
    result: Path, image: dict[str, str | None], digest: str | None, given: GivenAttributes
) -> FoundFile:
    source = str(image["source"])
    stated = GivenAttributes.from_text(
        patient_id=image["patient_id"] or given.patient_id,
        study_date=image["study_date"] or given.study_date,
        image_laterality=image["image_laterality"],
        view_position=image["view_position"],
        pixel_spacing_mm=None if image["pixel_spacing_mm"] is None else str(image["pixel_spacing_mm"]),
        bits_stored=None if given.bits_stored is None else str(given.bits_stored),
    )
    path = find_source(result, source)
    problem = _problem(path, source, digest)
    kind = FoundKind.IMAGE if problem is None else FoundKind.REFUSED
    return FoundFile(path, source_of(path), stated, problem, kind)


def _problem(path: Path, source: str, digest: str | None) -> CalcwatchError | None:
    """Why an image of a result cannot be used again."""
    try:
        check_source(
            path,
            source,
            digest,
            needed="without its pixels it cannot be aligned; give the mammograms themselves",
        )
    except CalcwatchError as problem:
        return problem
    return None


def check_one_woman(days: Sequence[Sequence[ImageFindings]]) -> None:
    """Raise ``BadSeries`` where the images are those of several women; identifiers are not repeated."""
    known = {i.description.patient_id for day in days for i in day if i.description.patient_id}
    if len(known) > 1:
        raise BadSeries(
            f"the images carry {len(known)} different Patient IDs; compare examinations of one woman, or "
            "correct patient_id with --table"
        )


def check_one_day(images: Sequence[ImageFindings], name: str) -> None:
    """Raise ``BadSeries`` where images that should be of one day carry several dates."""
    dates = _dates([one.description for one in images])
    if len(dates) > 1:
        raise BadSeries(
            f"{name} holds images of {len(dates)} dates ({', '.join(dates)}); give one examination, or all "
            "of them to calcwatch history"
        )


def check_order(prior: Sequence[ImageFindings], current: Sequence[ImageFindings]) -> None:
    """Raise ``BadSeries`` where the prior is the later one."""
    then, now = (_dates([one.description for one in day]) for day in (prior, current))
    if then and now and then[-1] > now[0]:
        raise BadSeries(
            f"the prior examination ({then[-1]}) is later than the current one ({now[0]}); give the earlier "
            "first"
        )


def _dates(images: Sequence[ImageDescription]) -> list[str]:
    return sorted({one.study_date for one in images if one.study_date})


def days_of(images: Sequence[ImageFindings], arguments: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Places of the images of each day, the earliest first: by date, or by argument where no image has one.

    Raises ``BadSeries`` where some images have a date and others do not: their order would be a guess.
    """
    dates = [one.description.study_date for one in images]
    keys: list[str | int | None] = [*dates] if any(dates) else [*arguments]
    if None in keys:
        source = images[keys.index(None)].description.source
        raise BadSeries(f"{source}: study_date is not known, but that of others is; give it with --table")
    groups: dict[str | int | None, list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    return tuple(tuple(groups[key]) for key in sorted(groups, key=lambda key: (str(type(key)), key or 0)))
