"""How numbers, tables and pages are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calcwatch.domain.errors import ResultNotWritten
from calcwatch_lab.bench.statistics.intervals import Estimate
from calcwatch_lab.pages import (
    figures_text,
    join_paragraphs,
    number,
    page_head,
    table,
    with_interval,
    write_texts,
)


def test_numbers_in_words() -> None:
    """What cannot be told is a dash; minus zero is zero."""
    assert number(float("nan")) == "–"
    assert number(-0.0) == "0.00"
    assert with_interval(Estimate(0.5, 0.25, 0.75)) == "0.50 (0.25 to 0.75)"
    assert with_interval(Estimate(0.5)) == "0.50"
    assert with_interval(None) == "–"


def test_a_table_sets_words_left_and_numbers_right() -> None:
    """Two columns of words and one of numbers."""
    lines = table(("a", "b", "c"), [("x", "y", "1")], words=2).splitlines()
    assert lines == ["| a | b | c |", "| --- | --- | ---: |", "| x | y | 1 |"]


def test_a_page_begins_with_its_command() -> None:
    """Title, versions, command; empty paragraphs are left out."""
    page = join_paragraphs([*page_head("Title", "the command", "; a promise"), "", "End."])
    assert page.startswith("# Title\n\nWritten by calcwatch ")
    assert "); a promise:\n\n```text\nthe command\n```\n\nEnd.\n" in page


def test_texts_are_written_as_they_are(tmp_path: Path) -> None:
    """UTF-8 with line feeds; a file in the way of the folder is named."""
    write_texts(tmp_path / "out", {"a.json": figures_text({"b": 1, "a": "ä"})})
    assert (tmp_path / "out" / "a.json").read_bytes().count(b"\r") == 0
    assert list(json.loads((tmp_path / "out" / "a.json").read_text(encoding="utf-8"))) == ["a", "b"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultNotWritten, match="cannot write to"):
        write_texts(tmp_path / "file", {"a": ""})
