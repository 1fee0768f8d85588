"""Speed, as figures and ratios of one run: ``python -m calcwatch.bench.speed [FILE...]``.

Without files, full-size phantoms are made and written in the transfer syntaxes a clinic sends. Decoding and
analysis are timed apart, and the analysis against five scales of OpenCV difference of Gaussians on the same
image in the same run, which tells more than seconds on an unknown machine.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.dicom.write import write_mammogram
from calcwatch.domain import GivenAttributes
from calcwatch.phantom import make_examination
from calcwatch.pipeline import analyze_image
from calcwatch.service.open_image import open_image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_REPEATS = 5
_SIGMAS_PX = (1.0, 1.6, 2.5, 4.0, 6.3)
_SURROUND = 1.6


@dataclass(frozen=True)
class Timing:
    """Seconds for one file, the median and the slowest of several runs; ``filters_s`` for the five scales."""

    name: str
    megapixels: float
    decode_s: float
    analyze_s: float
    slowest_s: float
    filters_s: float

    @property
    def ratio(self) -> float:
        """Analysis over five scales of difference of Gaussians."""
        return self.analyze_s / self.filters_s


def five_differences(gray: NDArray[np.float32]) -> None:
    """Run the yardstick: five scales of difference of Gaussians over the whole image."""
    for sigma in _SIGMAS_PX:
        cv2.subtract(cv2.GaussianBlur(gray, (0, 0), sigma), cv2.GaussianBlur(gray, (0, 0), _SURROUND * sigma))


def time_file(path: Path) -> Timing:
    """Time decoding, analysis and the yardstick on one file."""
    mammogram = open_image(path, GivenAttributes())
    decode = _seconds(lambda: open_image(path, GivenAttributes()))
    analyze = _seconds(lambda: analyze_image(mammogram))
    filters = _seconds(lambda: five_differences(mammogram.gray))
    return Timing(
        name=path.name,
        megapixels=mammogram.gray.size / 1e6,
        decode_s=float(np.median(decode)),
        analyze_s=float(np.median(analyze)),
        slowest_s=max(analyze),
        filters_s=float(np.median(filters)),
    )


def table(timings: Sequence[Timing]) -> str:
    """Lay the timings out as a table, a line a file, with a last line of medians and the peak memory."""
    lines = [f"{'file':32} {'MP':>5} {'decode s':>9} {'analyze s':>10} {'slowest s':>10} {'ratio':>6}"]
    lines += [
        f"{t.name[:32]:32} {t.megapixels:5.1f} {t.decode_s:9.3f} {t.analyze_s:10.3f} {t.slowest_s:10.3f}"
        f" {t.ratio:6.2f}"
        for t in timings
    ]
    analyze = [t.analyze_s for t in timings]
    lines.append(
        f"median {np.median(analyze):.3f} s, 95th percentile {np.quantile(analyze, 0.95):.3f} s an image;"
        f" ratio to five differences of Gaussians {np.median([t.ratio for t in timings]):.2f};"
        f" peak memory {_peak_memory_mb():.0f} MB; {cv2.getNumThreads()} threads"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> str:
    """Time the given files, or phantoms, and return the table; what the command prints."""
    parser = argparse.ArgumentParser(prog="python -m calcwatch.bench.speed", description=__doc__)
    parser.add_argument("files", type=Path, nargs="*")
    given = parser.parse_args(arguments)
    if given.files:
        return table([time_file(path) for path in given.files])
    with tempfile.TemporaryDirectory() as folder:
        return table([time_file(path) for path in _phantoms(Path(folder))])


def _phantoms(folder: Path) -> list[Path]:
    paths = []
    for seed in (0, 1):
        for image in make_examination(seed).images:
            for compressed in (False, True):
                name = f"{seed}-{image.view_position}{'-jpeg-ls' if compressed else ''}.dcm"
                write_mammogram(image, folder / name, jpeg_ls=compressed)
                paths.append(folder / name)
    return paths


def _seconds(job: Callable[[], object]) -> list[float]:
    job()
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return seconds


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    print(main())  # noqa: T201
