"""The speed bench runs and states what it measured; no test waits for a clock."""

from __future__ import annotations

from pathlib import Path

from calcwatch.bench.speed import Timing, main, table, time_file
from calcwatch.dicom.write import write_mammogram
from calcwatch.phantom import PhantomSettings, make_examination


def test_a_file_is_timed_and_told(tmp_path: Path) -> None:
    """Decoding, analysis and the yardstick each take some time, and the table names the file."""
    settings = PhantomSettings(field_mm=(60, 50), pixel_spacing_mm=0.2)
    path = tmp_path / "phantom.dcm"
    write_mammogram(make_examination(0, settings=settings).images[0], path)
    timing = time_file(path)
    assert min(timing.decode_s, timing.analyze_s, timing.filters_s) > 0
    assert timing.slowest_s >= timing.analyze_s
    assert "phantom.dcm" in main([str(path)])


def test_the_ratio_is_of_analysis_to_filters() -> None:
    """The last line has medians over the files and the ratio to the yardstick."""
    timings = [Timing("a", 8.5, 0.1, 1.0, 1.2, 0.25), Timing("b", 8.5, 0.1, 2.0, 2.2, 0.25)]
    assert timings[0].ratio == 4.0
    assert "median 1.500 s" in table(timings)
    assert "differences of Gaussians 6.00" in table(timings)
