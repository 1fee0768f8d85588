"""A woman with a history as folders of DICOM files, a folder for each date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.phantom.history.settings import HistorySettings
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.service.make_phantom import is_phantom, make_phantom_history

SETTINGS = HistorySettings(
    phantom=PhantomSettings(field_mm=(64, 50), pixel_spacing_mm=0.2),
    date_count=2,
    dates_before=1,
    extra_views=False,
    missed_views=False,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, ...]]:
    out = tmp_path_factory.mktemp("woman") / "history"
    return out, make_phantom_history(5, out, settings=SETTINGS)


def test_a_folder_for_each_date_and_one_truth_of_all(written: tuple[Path, tuple[Path, ...]]) -> None:
    """Files lie in folders named after their study date; the truth beside them is of all dates."""
    out, images = written
    assert is_phantom(out)
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    dates = [date["study_date"] for date in truth["dates"]]
    assert [path.parent.name for path in images] == [dates[0]] * 2 + [dates[1]] * 2
    for path in images:
        header = dcmread(path, stop_before_pixels=True)
        assert header.StudyDate == path.parent.name
        assert header.PatientID == truth["patient_id"]
        assert (path.parent / "truth.json").is_file()


def test_the_truth_of_all_dates_survives_json(written: tuple[Path, tuple[Path, ...]]) -> None:
    """Every point has a pixel or none in every view, and every finding a state for every date."""
    truth = json.loads((written[0] / "truth.json").read_text(encoding="utf-8"))
    for date in truth["dates"]:
        for view in date["views"]:
            assert len(view["grid"]) == len(truth["points_mm"])
            assert all(place is None or len(place) == 2 for place in view["grid"])
    operated = truth["treatment"]["operations"][0]["date"]
    assert truth["dates"][0]["study_date"] < operated < truth["dates"][1]["study_date"]
    for finding in truth["findings"]:
        assert len(finding["states"]) == 2
        assert len(finding["member_ids"]) == len(finding["positions_mm"])


def test_prior_and_history_are_not_asked_for_together(tmp_path: Path) -> None:
    """The two options ask for different women: both at once are refused before anything is made."""
    result = CliRunner().invoke(app, ["phantom", "--prior", "--history", "--out", str(tmp_path / "both")])
    assert result.exit_code != 0
    assert not (tmp_path / "both").exists()
