"""What is understood of files, one by one: a bad one, and a mistake of ours, stop nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcwatch.domain.image import GivenAttributes, Mammogram
from calcwatch.service.check import _understood_or_refused
from calcwatch.service.files.find_images import FoundFile
from tests.service.inputs import write_good


@pytest.mark.parametrize("error", [RuntimeError("SECRET^NAME"), RecursionError(), MemoryError()])
def test_an_error_nobody_foresaw_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever one file does, it is told as ours by the file's name."""
    path = write_good(tmp_path, 1)[0]

    def stumbling(path: Path, given: GivenAttributes | None = None) -> Mammogram:
        raise error

    monkeypatch.setattr("calcwatch.service.check.open_image", stumbling)
    description, _ = _understood_or_refused(FoundFile(path, str(path), GivenAttributes()))
    assert description.source.endswith("good-0.dcm")
    because = description.not_analyzed_because
    assert (
        "memory ran out" in because if isinstance(error, MemoryError) else "mistake of calcwatch" in because
    )
    assert "SECRET" not in because
    assert type(error).__name__ not in because
