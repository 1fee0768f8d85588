"""The speed bench runs and states what it measured; no test waits for a clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch_lab.bench.speed import (
    Timing,
    alone,
    measure_speed,
    peak_memory_mb,
    time_file,
    timing_table,
)


def phantom(folder: Path) -> Path:
    """A small phantom in a file."""
    settings = PhantomSettings(field_mm=(60, 50), pixel_spacing_mm=0.2)
    path = folder / "phantom.dcm"
    write_mammogram(make_examination(0, settings=settings).images[0], path)
    return path


def test_a_file_is_timed_and_told(tmp_path: Path) -> None:
    """Decoding, analysis and the yardstick each take some time, and the table names file and detector."""
    timing = time_file(phantom(tmp_path))
    assert min(timing.decode_s, timing.analyze_s, timing.filters_s) > 0
    assert timing.slowest_s >= timing.analyze_s
    table = measure_speed([tmp_path / "phantom.dcm"], "classical")
    assert "phantom.dcm" in table
    assert table.startswith("classical detector")
    assert "an examination of 1 views after decoding: median" in table


def test_memory_is_that_of_a_process_of_its_own(tmp_path: Path) -> None:
    """A gigabyte held here does not count."""
    path = phantom(tmp_path)
    held = np.ones(2**27)
    assert 50 < alone(peak_memory_mb, path) < held.nbytes / 2**20


def test_the_ratio_is_of_analysis_to_filters() -> None:
    """The last line has medians over the files and the ratio to the yardstick."""
    timings = [Timing("a", 8.5, 0.1, 1.0, 1.2, 0.25, 400), Timing("b", 8.5, 0.1, 2.0, 2.2, 0.25, 500)]
    assert timings[0].ratio == 4.0
    assert "median 1.500 s" in timing_table(timings)
    assert "differences of Gaussians 6.00" in timing_table(timings)
    assert "peak memory 500 MB" in timing_table(timings)
