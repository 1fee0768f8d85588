"""The rule table, from the package or from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcwatch.domain.errors import BadTable
from calcwatch.service.files.rules import read_rules
from tests.paths import ROOT


def test_the_shipped_table_is_sound() -> None:
    """It is read without complaint, names the edition of the lexicon, and its version."""
    table = read_rules()
    assert (table.version, table.lexicon) == ("3", "BI-RADS 5th edition (2013)")
    assert {"B1", "M-AMO-GRP", "C1", "L4", "X-SCREEN"} <= {rule.id for rule in table.rules}


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    """A changed table is read from its file; a fault names the file and the rule."""
    path = tmp_path / "mine.toml"
    shipped = ROOT / "src" / "calcwatch" / "rules" / "birads.toml"
    text = shipped.read_text(encoding="utf-8")
    path.write_text(text.replace('version = "3"', 'version = "mine"'), encoding="utf-8")
    assert read_rules(path).version == "mine"
    path.write_text(text.replace('id = "B2"', 'id = "B1"', 1), encoding="utf-8")
    with pytest.raises(BadTable, match=r"mine\.toml: rule B1: the id is there twice"):
        read_rules(path)
    path.write_bytes("version = 'ü'".encode("latin-1"))
    with pytest.raises(BadTable, match="not UTF-8"):
        read_rules(path)
    with pytest.raises(BadTable, match="cannot be read: No such file"):
        read_rules(tmp_path / "none.toml")


def test_thresholds_of_ones_own(tmp_path: Path) -> None:
    """Changed thresholds travel with the table; a fault names the file, the threshold and the remedy."""
    path = tmp_path / "mine.toml"
    shipped = (ROOT / "src" / "calcwatch" / "rules" / "facts.toml").read_text(encoding="utf-8")
    assert read_rules().cost_ratio == 6
    assert read_rules().thresholds.least_suspicious_probability == pytest.approx(1 / 7)
    path.write_text(shipped.replace("value = 6.0\n", "value = 9\n", 1), encoding="utf-8")
    assert read_rules(thresholds=path).cost_ratio == 9
    path.write_text(shipped.replace("value = 6.0\n", "value = 0\n", 1), encoding="utf-8")
    with pytest.raises(BadTable, match=r"mine\.toml: threshold cost_ratio: value = 0 is no ratio"):
        read_rules(thresholds=path)
