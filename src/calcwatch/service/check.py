"""What was understood of files, in words, and whether they will be analyzed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import CalcwatchError, words_of_mistake
from calcwatch.domain.image import GivenAttributes, ImageDescription
from calcwatch.image.analyze import check_image
from calcwatch.service.files.find_images import FoundFile, find_images
from calcwatch.service.files.open_image import describe_image, open_image
from calcwatch.service.files.same_image import SeenImages, digest_of_pixels
from calcwatch.service.workers import READING, WorkerEnded, answers
from calcwatch.words.flags import reason_to_refuse

Fact = tuple[str, str]
"""``(name, words)``: one line of what was understood."""


@dataclass(frozen=True)
class CheckedFile:
    """What was understood of one file.

    Attributes:
        description: Its description, in which ``not_analyzed_because`` also tells what the pixels forbid.
        is_error: It will not be analyzed although it was named, or is an image or a table row.

    """

    description: ImageDescription
    is_error: bool = False

    @property
    def will_be_analyzed(self) -> bool:
        """Whether ``analyze`` will give findings for it."""
        return not self.description.not_analyzed_because


def check_files(paths: Sequence[Path], table: Path | None, given: GivenAttributes) -> Iterator[CheckedFile]:
    """Tell what is understood of each file; a bad file is told like any other.

    Args:
        paths: Files, and folders to search.
        table: CSV with what is known of files; ``None``: none.
        given: What holds for every file.

    Yields:
        Each file, in the order of ``find_images``.

    Raises:
        BadTable: The table cannot be used.

    """
    seen = SeenImages()
    found = find_images(paths, table, given)
    to_read = [file for file in found if not file.problem]
    # One worker: its answers come in the order of the files, and a forged file ends it and not the command.
    with closing(answers(_understood_or_refused, to_read, workers=1, limits=READING)) as coming:
        for number, file in enumerate(found):
            if file.problem:
                yield _refused(file, str(file.problem), is_error=file.is_error)
                continue
            _, answer = next(coming)
            if isinstance(answer, WorkerEnded):
                yield _refused(file, f"its reading was ended: {answer.words}", is_error=True)
                continue
            description, pixels = answer
            is_read = not description.not_analyzed_because
            twin = seen.meet(number, description, pixels) if is_read else None
            if twin is not None:
                met = replace(description, not_analyzed_because=_because(file, twin.problem))
                yield CheckedFile(met, twin.is_error)
            else:
                yield CheckedFile(description, not is_read)


def _refused(file: FoundFile, because: str, *, is_error: bool) -> CheckedFile:
    # The message is shown under the file's name: it need not be said twice.
    words = because.removeprefix(f"{file.source}: ")
    return CheckedFile(ImageDescription(file.source, not_analyzed_because=words), is_error)


def _understood_or_refused(file: FoundFile) -> tuple[ImageDescription, str]:
    """What is understood of a file; an error of ours is told like a refusal, and costs this file alone."""
    try:
        return _understood(file)
    except Exception as problem:
        because = words_of_mistake(file.source, problem)
        return _refused(file, because, is_error=True).description, ""


def _because(file: FoundFile, problem: Exception) -> str:
    # The message is shown under the file's name: it need not be said twice.
    return str(problem).removeprefix(f"{file.source}: ")


def _understood(file: FoundFile) -> tuple[ImageDescription, str]:
    """What header and pixels tell, from one reading, and a digest; a second one only where that fails."""
    try:
        # Through the same door as an analysis, so that "will be analyzed" is no guess.
        mammogram = open_image(file.path, file.given)
    except CalcwatchError as problem:
        # A refused image is still described as far as its header goes.
        description = describe_image(file.path, file.given)
        because = description.not_analyzed_because or _because(file, problem)
        return replace(description, not_analyzed_because=because), ""
    flags = check_image(mammogram)
    description = replace(
        mammogram.description, flags=tuple(sorted(flags)), not_analyzed_because=reason_to_refuse(flags)
    )
    return description, digest_of_pixels(mammogram.gray)


def facts(checked: CheckedFile) -> tuple[Fact, ...]:
    """Write what was understood of a file in words.

    Args:
        checked: The file.

    Returns:
        One line a fact, in the order in which pixels meet them; the last says whether it will be analyzed.
        Of a file that shows no image only what is known.

    """
    image = checked.description
    because = image.not_analyzed_because
    verdict = ("will be analyzed", f"no: {because}" if because else "yes")
    # No image at all: a list of "not given" would say nothing.
    if not image.rows:
        known = (
            ("file format", image.file_format),
            ("modality", image.modality),
            ("SOP class", image.sop_class),
        )
        return (*(fact for fact in known if fact[1]), verdict)
    steps = [(f"pixel step {n}", step) for n, step in enumerate(image.pixel_steps, start=1)]
    lines = [*_file_facts(image), *steps, *_meaning_facts(image), verdict]
    return tuple((name, words or "not given") for name, words in lines)


def check_document(checked: CheckedFile) -> dict[str, Any]:
    """Write what was understood of a file for a program.

    Args:
        checked: The file.

    Returns:
        The fields of its description without patient and date, and ``will_be_analyzed``; a JSON object.

    """
    # What is printed or piped away need not carry the person.
    hidden = {"patient_id", "study_date"}
    fields = {name: value for name, value in asdict(checked.description).items() if name not in hidden}
    return fields | {"will_be_analyzed": checked.will_be_analyzed}


def _file_facts(image: ImageDescription) -> list[Fact]:
    frames = f", {image.frames} frames" if image.frames != 1 else ""
    used, stored = ("unknown" if bits is None else str(bits) for bits in (image.bits_used, image.bits_stored))
    return [
        ("file format", image.file_format),
        ("modality", image.modality),
        ("SOP class", image.sop_class),
        ("intent", image.presentation_intent),
        ("transfer syntax", image.transfer_syntax),
        ("size", f"{image.rows} rows x {image.columns} columns{frames}"),
        ("bits", f"{used} used of {stored} stored"),
        ("photometric interpretation", image.photometric_interpretation),
    ]


def _meaning_facts(image: ImageDescription) -> list[Fact]:
    spacing = image.pixel_spacing
    return [
        ("pixel spacing", _spacing(image)),
        ("magnification", f"{spacing.magnification:.6g}" if spacing else "unknown"),
        ("laterality", _with_source(image.image_laterality, image.laterality_source)),
        ("view", _with_source(image.view_position, image.view_source)),
        ("implant", image.implant),
        ("lossy history", image.lossy_history),
        ("flags", ", ".join(sorted(image.flags)) or "none"),
    ]


def _spacing(image: ImageDescription) -> str:
    spacing, note = image.pixel_spacing, image.pixel_spacing_note
    if spacing is None:
        return f"unknown, sizes will be null{'; ' + note if note else ''}"
    pair = f"{spacing.row_mm:.6g}"
    if spacing.row_mm != spacing.column_mm:
        pair += f" x {spacing.column_mm:.6g}"
    return f"{pair} mm, {_from(spacing.source)}{'; ' + note if note else ''}"


def _with_source(word: str | None, source: str) -> str:
    if word:
        return f"{word}, {_from(source)}" if source else word
    # Why it is not known, where the header says something that cannot be read.
    return "unknown" if source in ("", "not given") else f"unknown; {source}"


def _from(source: str) -> str:
    return source if source.startswith("given by") else f"from {source}"
