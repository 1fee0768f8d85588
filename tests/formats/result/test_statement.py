"""What a person states of a finding comes back from a document as it was stated."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult
from calcwatch.domain.lexicon import Category, Distribution, Morphology
from calcwatch.domain.statements import FindingStatement, Verdict
from calcwatch.formats.result.statement import STATEMENT

EVERYTHING = FindingStatement(
    verdict=Verdict.REJECTED,
    morphology=(Morphology.POPCORN, Morphology.DYSTROPHIC),
    words=("coarse",),
    distribution=Distribution.GROUPED,
    in_bed=SurgicalBedPosition.INSIDE,
    biopsy=BiopsyResult.BENIGN_CONCORDANT,
    change=ChangeKind.NO_SIGNIFICANT_CHANGE,
    stable_months=24,
    category=Category.PROBABLY_BENIGN,
    tubular=False,
    proven_in_skin=True,
)


@pytest.mark.parametrize("stated", [EVERYTHING, FindingStatement()])
def test_a_statement_comes_back(stated: FindingStatement) -> None:
    """Through text, with everything stated and with nothing."""
    written = json.loads(json.dumps(STATEMENT.write(stated)))
    assert STATEMENT.read(written) == stated


def test_every_word_of_a_statement_is_written() -> None:
    """Nothing that a person can state is left out of the document."""
    assert {part.key for part in STATEMENT.fields()} == {part.name for part in fields(FindingStatement)}
