"""What is understood of files, one by one: a bad one, and a mistake of ours, stop nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcwatch.domain.image import GivenAttributes, Mammogram
from calcwatch.service.check import check_files
from calcwatch.service.files.open_image import open_image
from tests.service.inputs import write_good


@pytest.mark.parametrize("error", [RuntimeError("SECRET^NAME"), RecursionError(), MemoryError()])
def test_an_error_nobody_foresaw_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever one file does, it is told as ours by the file's name, and the next is looked at."""
    write_good(tmp_path, 2)

    def stumbling(path: Path, given: GivenAttributes | None = None) -> Mammogram:
        if path.name == "good-0.dcm":
            raise error
        return open_image(path, given)

    monkeypatch.setattr("calcwatch.service.check.open_image", stumbling)
    first, second = check_files([tmp_path], None, GivenAttributes())
    assert first.description.source.endswith("good-0.dcm")
    assert first.is_error
    because = first.description.not_analyzed_because
    assert (
        "memory ran out" in because if isinstance(error, MemoryError) else "mistake of calcwatch" in because
    )
    assert "SECRET" not in because
    assert type(error).__name__ not in because
    assert second.will_be_analyzed
