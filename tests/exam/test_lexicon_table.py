"""Editions of the lexicon: which words mean what, and the tables that are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import CLASSIC_BENIGN, SUSPICIOUS, Morphology
from calcwatch.exam.lexicon_table import parse_lexicon
from calcwatch.service.files.rules import read_lexicon
from tests.paths import ROOT

SHIPPED = (ROOT / "src" / "calcwatch" / "rules" / "lexicon.toml").read_text(encoding="utf-8")


def test_the_5th_edition_counts_unless_another_is_named() -> None:
    """Every word of ours means itself in every edition; words of v2025 mean something there alone."""
    table = read_lexicon()
    assert table.edition == "5th-2013"
    for shape in Morphology:
        for edition in (None, *table.editions):
            assert table.morphologies_of(str(shape), edition) == (shape,)
    assert table.morphologies_of("layering", "v2025") == (Morphology.MILK_OF_CALCIUM,)
    with pytest.raises(ValueError, match="'layering' is a word of v2025"):
        table.morphologies_of("layering")


@pytest.mark.parametrize("word", ["coarse ", "Coarse", "coarse_het", "coarse heterogeneous", "coars", ""])
@pytest.mark.parametrize("edition", ["5th-2013", "v2025"])
def test_words_are_matched_exactly(word: str, edition: str) -> None:
    """No prefix, no other spelling: what is nearly a word is none."""
    with pytest.raises(ValueError, match="is no word; write one of"):
        read_lexicon().morphologies_of(word, edition)


def test_coarse_is_benign_and_coarse_heterogeneous_is_not() -> None:
    """One is typically benign, the other suspicious, in every edition that has both."""
    table = read_lexicon()
    assert set(table.morphologies_of("coarse", "v2025")) <= set(CLASSIC_BENIGN)
    assert set(table.morphologies_of("coarse_heterogeneous", "v2025")) <= set(SUSPICIOUS)


def test_a_shape_is_called_as_its_edition_calls_it() -> None:
    """Old words have new ones in v2025; the way back from "coarse" is not told by the word."""
    table = read_lexicon()
    names = {shape: table.word_of(shape, "v2025") for shape in Morphology}
    assert names[Morphology.MILK_OF_CALCIUM] == "layering"
    assert names[Morphology.DYSTROPHIC] == names[Morphology.POPCORN] == "coarse"
    assert all(table.word_of(shape) == str(shape) for shape in Morphology)
    assert len(table.morphologies_of("coarse", "v2025")) == 2


def test_an_edition_is_chosen_in_the_table(tmp_path: Path) -> None:
    """A clinician switches it in a copy; words of that edition then need no further word."""
    path = tmp_path / "mine.toml"
    path.write_text(SHIPPED.replace('edition = "5th-2013"', 'edition = "v2025"', 1), encoding="utf-8")
    assert read_lexicon(path).morphologies_of("layering") == (Morphology.MILK_OF_CALCIUM,)
    path.write_text("edition", encoding="utf-8")
    with pytest.raises(BadTable, match=r"mine\.toml: lexicon: not TOML"):
        read_lexicon(path)


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ('edition = "5th-2013"', 'edition = "6th"', "lexicon: edition = '6th' is not among 5th-2013, v2025"),
        ('word = "coarse"', 'word = "layering"', "lexicon: 'layering' of v2025 is there twice"),
        ('word = "coarse"', 'word = "round"', "word 'round' of the lexicon: it is empty or one of our own"),
        ('word = "coarse"', "", "word '' of the lexicon: it needs edition, word, stands_for"),
        ('edition = "v2025"', 'edition = "6th"', "edition = '6th' is not known; one of 5th-2013, v2025"),
        ('edition = "5th-2013"', 'edition = ["5th-2013"]', "lexicon: edition = ['5th-2013'] is not among"),
        ('edition = "5th-2013"', 'edition = "5th-2013"\nmine = 1', "lexicon: 'mine' is not understood"),
        ('word = "coarse"', "word = 5", "stands_for is a list of shapes, everything else a text"),
        ('["milk_of_calcium"]', "5", "stands_for is a list of shapes, everything else a text"),
        ('= "BI-RADS v2025"', "= 5", "lexicon: v2025 under [editions] is 5; write a text"),
        ('["milk_of_calcium"]', '["milk"]', "stands_for = ['milk']; write shapes: skin_lucent_centered"),
        ('certainty = "likely"', 'certainty = "B"', "it needs a source, and a certainty: sure, likely, weak"),
    ],
)
def test_a_lexicon_that_is_not_sound_is_refused(written: str, instead: str, message: str) -> None:
    """Each fault is refused with the word and the remedy."""
    assert written in SHIPPED
    with pytest.raises(BadTable, match=re.escape(message)):
        parse_lexicon(SHIPPED.replace(written, instead, 1))
