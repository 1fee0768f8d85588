"""All figures of one run into a folder: a page, its plots and the figures for a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import BadTable, CalcwatchError
from calcwatch.models.cards import DETECTOR, SHIPPED, BadModel, hash_of_files, read_card
from calcwatch.models.learned import learned_detector
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.service.files.result_folder import writing
from calcwatch.service.run import ProgressEvent
from calcwatch_lab.bench.detection.evidence import Evidence, figures_document, gather
from calcwatch_lab.bench.detection.page import page_of
from calcwatch_lab.bench.detection.run import CLASSICAL, Contender, run_cases
from calcwatch_lab.bench.detection.worst import worst_table
from calcwatch_lab.bench.truth.insertions import insertion_cases
from calcwatch_lab.bench.truth.phantoms import lookalike_cases, phantom_cases, shifted_cases
from calcwatch_lab.bench.truth.truth import Case
from calcwatch_lab.labels import (
    LabeledImage,
    labeled_cases,
    read_labeled,
    with_corrections,
    without_calcifications,
    without_patients,
)

PAGE, FIGURES, WORST = "detector.md", "detector-figures.json", "detector-worst.csv"
"""Files that are written, beside the plots ``detector-*.svg``."""

PLOTS = ("froc-area", "froc-image", "detectability", "groups", "calibration", "shifts")
"""Names of all plots there can be."""


class NothingToMeasure(CalcwatchError):
    """The options ask for no image at all, or for what is not installed; the message has the remedy."""


@dataclass(frozen=True)
class BenchOptions:
    """What is measured; ``settings`` are those of the phantoms, ``table`` labels of a single folder.

    ``phantoms``: how many, as they come. ``shifts``: how many of these are made again under each shift.
    ``lookalikes``: how many more hold every kind of look-alike. ``leave_out``: patients in no figure.
    """

    phantoms: int = 60
    shifts: int = 20
    lookalikes: int = 20
    backgrounds: tuple[Path, ...] = ()
    labeled: tuple[Path, ...] = ()
    table: Path | None = None
    corrections: Path | None = None
    leave_out: frozenset[str] = frozenset()
    workers: int | None = None
    settings: PhantomSettings = field(default_factory=PhantomSettings)


def write_evidence(
    options: BenchOptions,
    out: Path,
    *,
    contenders: Sequence[Contender] = (CLASSICAL,),
    on_event: Callable[[ProgressEvent], None] = lambda event: None,
) -> Evidence:
    """Measure and write the page, its plots and its figures; files of these names in ``out`` are replaced.

    Raises ``NothingToMeasure``, ``BadTable``, or ``ResultNotWritten`` when ``out`` cannot be written.
    """
    plots_of = _plotter()
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    trained = frozenset[str]().union(*(one.trained_on for one in contenders))
    cases, left_out = cases_of(options, trained)
    outcomes = run_cases(cases, contenders, workers=options.workers, on_event=on_event)
    evidence = gather(outcomes, contenders, left_out)
    if not evidence.data_sets:
        raise NothingToMeasure(f"no image could be analyzed; the first: {outcomes[0].refused}")
    plots = plots_of(evidence)
    with writing(out):
        _write(out, page_of(evidence, _words(options), plots), plots, evidence)
    return evidence


def cases_of(options: BenchOptions, trained: frozenset[str]) -> tuple[list[Case], dict[str, int]]:
    """List every image to measure, and how many patients are left out of each labeled data set.

    Raises ``NothingToMeasure`` when there is none, ``BadTable`` for a table that cannot be used.
    """
    if options.table and len({*options.labeled, *options.backgrounds}) != 1:
        raise NothingToMeasure(
            "--table names the labels of one folder: name one folder, or put labels.csv there"
        )
    cases = phantom_cases(options.phantoms, settings=options.settings)
    cases += lookalike_cases(options.lookalikes, settings=options.settings)
    cases += shifted_cases(options.shifts, settings=options.settings)
    left_out: dict[str, int] = {}
    for folders, make in ((options.backgrounds, _insertions), (options.labeled, labeled_cases)):
        for folder in folders:
            images = read_labeled(folder, options.table)
            if options.corrections:
                images = with_corrections(images, options.corrections)
            kept = without_patients(images, options.leave_out | trained)
            made = make(folder.resolve().name, kept)
            if not made:
                raise BadTable(f"{folder}: no image is left to measure; leave out fewer, or label more")
            cases += made
            left_out[made[0].data_set] = len({one.patient for one in images} - {one.patient for one in kept})
    if not cases:
        raise NothingToMeasure("nothing to measure; ask for --phantoms, --backgrounds or --labeled")
    return cases, left_out


def contenders_of(models: Sequence[Path] | None) -> tuple[Contender, ...]:
    """Return the classical detector and every model; without names, the one that is shipped, if it is."""
    found = [CLASSICAL]
    for folder in models or [SHIPPED]:
        try:
            card = read_card(folder, DETECTOR)
        except BadModel:
            if models:
                raise
            continue
        name = str(card.get("name") or "learned")
        unique = name if name not in {one.name for one in found} else f"{name} ({folder.resolve().name})"
        found.append(
            Contender(
                unique, learned_detector(folder), hash_of_files(folder, *DETECTOR.networks), _trained_on(card)
            )
        )
    return tuple(found)


def _trained_on(card: dict[str, Any]) -> frozenset[str]:
    """Patients whose images had a part in a model, by its card."""
    return frozenset(str(patient) for part in ("trained_on", "weighed_on") for patient in card.get(part, ()))


def _insertions(name: str, images: Sequence[LabeledImage]) -> list[Case]:
    return insertion_cases(name, without_calcifications(images))


def _plotter() -> Any:
    """Return the function that draws; raises ``NothingToMeasure`` where matplotlib is not installed."""
    try:
        from calcwatch_lab.bench.detection.plots import plots_of  # noqa: PLC0415 - matplotlib is an extra
    except ModuleNotFoundError as missing:
        raise NothingToMeasure(
            f"{missing.name} is not installed, which draws the plots; pip install 'calcwatch[bench]'"
        ) from missing
    return plots_of


def _write(out: Path, page: str, plots: dict[str, str], evidence: Evidence) -> None:
    for name in PLOTS:
        (out / f"detector-{name}.svg").unlink(missing_ok=True)
    texts = {f"detector-{name}.svg": text for name, text in plots.items()}
    texts[FIGURES] = json.dumps(figures_document(evidence), indent=1, allow_nan=False) + "\n"
    texts[WORST] = worst_table(evidence.worst)
    texts[PAGE] = page
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")


def _words(options: BenchOptions) -> str:
    """Return the command that measures the same, folders by their last name."""
    words = ["calcwatch-lab bench detect", f"--phantoms {options.phantoms}", f"--shifts {options.shifts}"]
    words.append(f"--lookalikes {options.lookalikes}")
    words += [f"--backgrounds {folder.resolve().name}" for folder in options.backgrounds]
    words += [f"--labeled {folder.resolve().name}" for folder in options.labeled]
    if options.table:
        words.append(f"--table {options.table.name}")
    if options.corrections:
        words.append(f"--corrections {options.corrections.name}")
    if options.leave_out:
        words.append(f"--leave-out {','.join(sorted(options.leave_out))}")
    return " ".join([*words, "--out DIR"])
