"""``calcwatch-lab bench detect``: every case through every contender into a folder of evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcwatch.domain.errors import BadTable, CalcwatchError
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.service.files.result_folder import writing
from calcwatch_lab.bench.detection.evidence import Evidence, figures_document, gather_evidence
from calcwatch_lab.bench.detection.mistakes import mistakes_table
from calcwatch_lab.bench.detection.page import page_of
from calcwatch_lab.bench.detection.run import CLASSICAL, Contender, run_cases
from calcwatch_lab.bench.truth.insertions import insertion_cases
from calcwatch_lab.bench.truth.labeled import labeled_cases
from calcwatch_lab.bench.truth.phantoms import lookalike_cases, phantom_cases, shifted_cases
from calcwatch_lab.labels import read_labeled, with_corrections, without_calcifications, without_patients
from calcwatch_lab.pages import figures_text, write_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from calcwatch_lab.bench.truth.truth import Case
    from calcwatch_lab.labels import LabeledImage

PAGE, FIGURES, WORST = "detector.md", "detector-figures.json", "detector-worst.csv"
"""Files that are written, beside the plots ``detector-*.svg``."""

PLOTS = ("froc-area", "froc-image", "detectability", "groups", "calibration", "shifts")
"""Names of all plots there can be."""


class NothingToMeasure(CalcwatchError):
    """The options ask for no image at all, or for what is not installed; the message has the remedy."""


@dataclass(frozen=True, kw_only=True)
class DetectionOptions:
    """What is measured.

    Attributes:
        phantoms: Number of phantoms as they come.
        shifts: Number of these that are made again under each shift of the imaging.
        lookalikes: Number of further phantoms with look-alikes.
        backgrounds: Folders of images; calcifications are inserted into those labeled as without.
        labeled: Folders of images with labels.
        table: Labels of a single folder; ``None``: its ``labels.csv``.
        corrections: Table of what somebody saw who looked again; ``None``: nobody did.
        leave_out: Patients in no figure.
        settings: Settings of the phantoms.

    """

    phantoms: int = 60
    shifts: int = 20
    lookalikes: int = 20
    backgrounds: tuple[Path, ...] = ()
    labeled: tuple[Path, ...] = ()
    table: Path | None = None
    corrections: Path | None = None
    leave_out: frozenset[str] = frozenset()
    settings: PhantomSettings = field(default_factory=PhantomSettings)

    @property
    def command(self) -> str:
        """The command that measures the same, folders by their last name."""
        words = ["calcwatch-lab bench detect", f"--phantoms {self.phantoms}", f"--shifts {self.shifts}"]
        words.append(f"--lookalikes {self.lookalikes}")
        words += [f"--backgrounds {folder.resolve().name}" for folder in self.backgrounds]
        words += [f"--labeled {folder.resolve().name}" for folder in self.labeled]
        if self.table:
            words.append(f"--table {self.table.name}")
        if self.corrections:
            words.append(f"--corrections {self.corrections.name}")
        if self.leave_out:
            words.append(f"--leave-out {','.join(sorted(self.leave_out))}")
        return " ".join([*words, "--out DIR"])


def measure_detection(
    options: DetectionOptions,
    out: Path,
    *,
    contenders: Sequence[Contender] = (CLASSICAL,),
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Evidence:
    """Measure, and write the page, its plots, its figures and the list of mistakes.

    Args:
        options: What is measured.
        out: Folder to write to; files of these names in it are replaced.
        contenders: The detectors, the first being the baseline.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of images that are done and that of all.

    Returns:
        What was measured.

    Raises:
        NothingToMeasure: The options ask for no image, no image can be analyzed, or matplotlib is missing.
        BadTable: A table cannot be used.
        ResultNotWritten: ``out`` cannot be written.

    """
    # A missing library is told before hours are spent.
    plots_of = _plotter()
    with writing(out):  # before hours are spent
        out.mkdir(parents=True, exist_ok=True)
    # Left out for every contender, so that all are measured on the same women.
    trained = frozenset[str]().union(*(contender.trained_on for contender in contenders))
    cases, left_out = cases_of(options, trained)
    results = run_cases(cases, contenders, workers=workers, on_done=on_done)
    evidence = gather_evidence(results, contenders, left_out)
    if not evidence.data_sets:
        raise NothingToMeasure(f"no image could be analyzed; the first: {results[0].refused}")
    plots = plots_of(evidence)
    with writing(out):
        for name in PLOTS:
            # A plot of a former run would stand beside figures that it does not show.
            (out / f"detector-{name}.svg").unlink(missing_ok=True)
    texts = {f"detector-{name}.svg": text for name, text in plots.items()}
    texts[FIGURES] = figures_text(figures_document(evidence), indent=1, sort_keys=False)
    texts[WORST] = mistakes_table(evidence.worst)
    texts[PAGE] = page_of(evidence, options.command, plots)
    write_texts(out, texts)
    return evidence


def cases_of(options: DetectionOptions, trained: frozenset[str]) -> tuple[list[Case], dict[str, int]]:
    """List every image to measure.

    Args:
        options: What is measured.
        trained: Patients whose images had a part in a contender.

    Returns:
        The cases, and how many patients are left out of each labeled data set.

    Raises:
        NothingToMeasure: There is no case, or a table is named without a folder to go with it.
        BadTable: A table cannot be used.

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
            patients = {image.patient for image in images} - {image.patient for image in kept}
            left_out[made[0].data_set] = len(patients)
    if not cases:
        raise NothingToMeasure("nothing to measure; ask for --phantoms, --backgrounds or --labeled")
    return cases, left_out


def _insertions(folder: str, images: Sequence[LabeledImage]) -> list[Case]:
    return insertion_cases(folder, without_calcifications(images))


def _plotter() -> Any:
    """The function that draws; ``NothingToMeasure`` where matplotlib is not installed."""
    try:
        from calcwatch_lab.bench.detection.plots import plots_of  # noqa: PLC0415 - matplotlib is an extra
    except ModuleNotFoundError as missing:
        raise NothingToMeasure(
            f"{missing.name} is not installed, which draws the plots; pip install 'calcwatch[bench]'"
        ) from missing
    return plots_of
