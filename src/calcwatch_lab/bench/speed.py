"""``calcwatch-lab bench speed``: speed and memory, as figures and ratios of one run.

Without files, full-size phantoms are made and written in the transfer syntaxes a clinic sends, one of them
filled by the breast from edge to edge. Decoding and analysis are timed apart, and the analysis against five
scales of OpenCV difference of Gaussians on the same image in the same run, which tells more than seconds on
an unknown machine. Memory is the peak of a process that does nothing but read one file and analyze it. Last
come an examination of four views after decoding, all views and what is read from them together, and, without
files, two such examinations compared as the command does it.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import cv2
import numpy as np

from calcwatch.domain.image import GivenAttributes, Laterality
from calcwatch.exam.read import analyze_exam
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.detections import Detector
from calcwatch.models.cards import SHIPPED
from calcwatch.models.learned import learned_describer, learned_detector, suspicion_model
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from calcwatch.service.compare import compare_files
from calcwatch.service.files.open_image import open_image
from calcwatch.service.files.rules import read_rules
from calcwatch.service.make_phantom import make_phantom_days
from calcwatch.service.workers import available_cores
from calcwatch_lab.seeds import SPEED_PHANTOMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.describe.describe import Describer

Answer = TypeVar("Answer")

_REPEATS, _COMPARISONS = 5, 3  # runs that are timed, after one that is not
_STATUS = Path("/proc/self/status")  # where Linux says how much memory a process held
_SIGMAS_PX, _SURROUND = (1.0, 1.6, 2.5, 4.0, 6.3), 1.6  # of the yardstick, each to its surround
_AIR_ROWS = 200  # so that there is a background to tell the breast from
_DEPTH_KEPT = 0.7  # of the breast's depth in the middle: all tissue, no skin


class Timing(NamedTuple):
    """Seconds for one file: a row of the table.

    Attributes:
        name: Name of the file.
        megapixels: Size of the image.
        decode_s: Median of reading it.
        analyze_s: Median of analyzing it.
        slowest_s: Slowest analysis.
        filters_s: Median of the yardstick, five differences of Gaussians.
        peak_mb: Most memory, in MiB, that a process held which read and analyzed this file alone.

    """

    name: str
    megapixels: float
    decode_s: float
    analyze_s: float
    slowest_s: float
    filters_s: float
    peak_mb: float

    @property
    def ratio(self) -> float:
        """Analysis over the yardstick."""
        return self.analyze_s / self.filters_s


def measure_speed(files: Sequence[Path], detector: str | None = None) -> str:
    """Time files, or phantoms.

    Args:
        files: Mammograms; none: phantoms are made.
        detector: ``learned`` or ``classical``; ``None``: learned if it is shipped.

    Returns:
        The table of all files, and lines for an examination and, of phantoms, for a comparison.

    """
    name = detector or ("learned" if SHIPPED.is_dir() else "classical")
    detect, describe = (
        (learned_detector(), learned_describer()) if name == "learned" else (detect_classical, None)
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = list(files) or alone(_phantoms, Path(folder))
        # Of the phantoms only the pictures as they come make an examination.
        views = list(files) or [path for path in paths if path.stem.count("-") == 1]
        timings = [time_file(path, detect, describe) for path in paths]
        lines = [f"{name} detector", timing_table(timings), time_examination(views, detect, describe)]
    return "\n".join(lines if files else [*lines, time_comparison()])


def five_differences(gray: NDArray[np.float32]) -> None:
    """Run the yardstick: five scales of difference of Gaussians over the whole image.

    Args:
        gray: The image.

    """
    for sigma in _SIGMAS_PX:
        # The yardstick runs on the same image in the same run: a ratio means something on any machine.
        cv2.subtract(cv2.GaussianBlur(gray, (0, 0), sigma), cv2.GaussianBlur(gray, (0, 0), _SURROUND * sigma))


def time_file(
    path: Path, detector: Detector = detect_classical, describer: Describer | None = None
) -> Timing:
    """Time decoding, analysis and the yardstick on one file.

    Args:
        path: A mammogram.
        detector: What finds candidates.
        describer: What describes them; ``None``: nothing does.

    Returns:
        The times and the peak memory.

    """
    # In a process of its own: a peak is never given back, so what ran before would count.
    peak = alone(peak_memory_mb, path, detector, describer)
    mammogram = open_image(path, GivenAttributes())
    decode = _seconds(lambda: open_image(path, GivenAttributes()))
    analyze = _seconds(lambda: analyze_image(mammogram, detector=detector, describer=describer))
    filters = _seconds(lambda: five_differences(mammogram.gray))
    return Timing(
        name=path.name,
        megapixels=mammogram.gray.size / 1e6,
        decode_s=float(np.median(decode)),
        analyze_s=float(np.median(analyze)),
        slowest_s=max(analyze),
        filters_s=float(np.median(filters)),
        peak_mb=peak,
    )


def time_examination(paths: Sequence[Path], detector: Detector, describer: Describer | None) -> str:
    """Time one examination whose views are decoded: each view, then all of them together.

    Args:
        paths: Its views.
        detector: What finds candidates.
        describer: What describes them; ``None``: nothing does.

    Returns:
        A line.

    """
    views = [open_image(path, GivenAttributes()) for path in paths]
    rules, suspicion = read_rules(), suspicion_model()

    def read() -> None:
        findings = [analyze_image(view, detector=detector, describer=describer) for view in views]
        analyze_exam(findings, table=rules, suspicion=suspicion)

    seconds = _seconds(read)
    return (
        f"an examination of {len(views)} views after decoding: median {np.median(seconds):.2f} s, slowest "
        f"{max(seconds):.2f} s"
    )


def time_comparison() -> str:
    """Time the comparison of two phantom examinations of both breasts in two views.

    Everything is in it: starting the processes, reading, analyzing all eight images, comparing, writing.

    Returns:
        A line.

    """
    both = PhantomSettings(lateralities=(Laterality.LEFT, Laterality.RIGHT))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        alone(_make_days, SPEED_PHANTOMS.first, root, both)
        seconds = []
        for number in range(_COMPARISONS):
            start = time.perf_counter()
            compare_files(root / "prior", root / "current", root / f"result-{number}")
            seconds.append(time.perf_counter() - start)
    return (
        f"two examinations of four views read, analyzed and compared on {available_cores()} cores: median "
        f"{np.median(seconds):.1f} s, slowest {max(seconds):.1f} s"
    )


def _make_days(seed: int, folder: Path, settings: PhantomSettings) -> None:
    make_phantom_days(seed, folder, settings=settings)


def peak_memory_mb(
    path: Path, detector: Detector = detect_classical, describer: Describer | None = None
) -> float:
    """Read and analyze one file, best in a fresh process.

    Args:
        path: A mammogram.
        detector: What finds candidates.
        describer: What describes them; ``None``: nothing does.

    Returns:
        The most memory this process ever held, in MiB.

    """
    analyze_image(open_image(path, GivenAttributes()), detector=detector, describer=describer)
    return held_memory_mb()


def held_memory_mb() -> float:
    """Return the most memory this process ever held, in MiB."""
    if _STATUS.exists():  # Linux passes ru_maxrss on from parent to child, but not this
        (kibibytes,) = re.findall(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"))
        return int(kibibytes) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def alone(job: Callable[..., Answer], *arguments: object) -> Answer:
    """Do a job in a process of its own, which ends with it.

    Args:
        job: What is done, picklable.
        *arguments: What it is given.

    Returns:
        What it returns.

    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(job, *arguments).result()


def timing_table(timings: Sequence[Timing]) -> str:
    """Write the timings as a table.

    Args:
        timings: A row each.

    Returns:
        The table, its last line with medians and the peak memory.

    """
    lines = [
        f"{'file':32} {'MP':>5} {'decode s':>9} {'analyze s':>10} {'slowest s':>10} {'ratio':>6}"
        f" {'peak MB':>8}"
    ]
    lines += [
        f"{timing.name[:32]:32} {timing.megapixels:5.1f} {timing.decode_s:9.3f}"
        f" {timing.analyze_s:10.3f} {timing.slowest_s:10.3f}"
        f" {timing.ratio:6.2f} {timing.peak_mb:8.0f}"
        for timing in timings
    ]
    analyze = [timing.analyze_s for timing in timings]
    lines.append(
        f"median {np.median(analyze):.3f} s, 95th percentile {np.quantile(analyze, 0.95):.3f} s an image;"
        f" ratio to five differences of Gaussians {np.median([timing.ratio for timing in timings]):.2f};"
        f" peak memory {max(timing.peak_mb for timing in timings):.0f} MB; {cv2.getNumThreads()} threads"
    )
    return "\n".join(lines)


def _phantoms(folder: Path) -> list[Path]:
    paths = []
    for seed in SPEED_PHANTOMS.seeds:
        for image in make_examination(seed).images:
            for name, picture, jpeg_ls in (
                ("", image, False),
                ("-jpeg-ls", image, True),
                ("-filled", _filled(image), False),
            ):
                path = folder / f"{seed}-{image.view_position}{name}.dcm"
                write_mammogram(picture, path, jpeg_ls=jpeg_ls)
                paths.append(path)
    return paths


def _filled(image: PhantomImage) -> PhantomImage:
    """The same with the middle of the breast repeated, mirrored, from edge to edge but for the top rows."""
    stored = image.stored
    tall, wide = stored.shape
    # Brighter than the top row, which is air.
    breast = (stored > np.median(stored[0])).sum(axis=1)
    middle = int(np.average(np.arange(tall), weights=breast))
    deep = int(_DEPTH_KEPT * breast[middle])
    piece = stored[middle - deep // 2 : middle + deep // 2]
    piece = piece[:, :deep] if piece[:, :deep].mean() > piece[:, -deep:].mean() else piece[:, -deep:]
    # Mirrored, so that there is no seam at which a filter would find an edge.
    filled = np.pad(piece, ((0, tall - piece.shape[0]), (0, wide - piece.shape[1])), mode="symmetric")
    filled[:_AIR_ROWS] = stored[0].min()
    return replace(image, stored=filled)


def _seconds(job: Callable[[], object]) -> list[float]:
    # Once without the clock: models are loaded and caches filled.
    job()
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return seconds
