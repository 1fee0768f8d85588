"""One full examination, exported once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcwatch.service.export import Exported, export_result
from tests.formats.exchange.filed import write_result


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the result."""
    return write_result(tmp_path_factory.mktemp("filed"))


@pytest.fixture(scope="session")
def exported(result: Path) -> Exported:
    """Everything that can be exported of it."""
    return export_result(result, result.parent / "exported")
