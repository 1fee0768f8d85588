"""The words of a description are ranked by tables, and by nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from calcwatch.domain.lexicon import (
    CLASSIC_BENIGN,
    FINE_LINEAR,
    RANKED_CATEGORIES,
    RANKED_DISTRIBUTIONS,
    RANKED_MORPHOLOGIES,
    SMALL_ROUND,
    SUSPICIOUS,
    Category,
    Distribution,
    Morphology,
)
from tests.paths import ROOT

# Loads the lexicon with the members of its enums in the order asked for, and prints what depends on ranks.
ANSWERS = """
import ast, importlib.util, itertools, json, sys
name = "calcwatch.domain.lexicon"
spec = importlib.util.find_spec(name)
tree = ast.parse(spec.loader.get_source(name))
for part in tree.body:
    if REVERSED and getattr(part, "name", "") in ("Morphology", "Distribution", "Category"):
        part.body = [part.body[0], *part.body[:0:-1]]
lexicon = importlib.util.module_from_spec(spec)
sys.modules[name] = lexicon
exec(compile(tree, spec.origin, "exec"), lexicon.__dict__)

from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import Facts
from calcwatch.exam.read import analyze_exam
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.rules import read_rules
from tests.exam.two_views import described_views

table = read_rules()
cells = {
    f"{shape} {layout}": repr(assess_group(Facts(morphology=shape, distribution=layout, count=6), table))
    for shape in (*lexicon.RANKED_MORPHOLOGIES, None) for layout in (*lexicon.RANKED_DISTRIBUTIONS, None)
}
described = [
    *((shape, lexicon.RANKED_DISTRIBUTIONS[3:5]) for shape in lexicon.RANKED_MORPHOLOGIES),
    *((lexicon.Morphology.ROUND, pair) for pair in itertools.combinations(lexicon.RANKED_DISTRIBUTIONS, 2)),
]
exams = [
    repr(analyze_exam(described_views(shape, layouts), table=table, suspicion=suspicion_model()))
    for shape, layouts in described
]
print(json.dumps({
    "members": [*lexicon.Morphology, *lexicon.Distribution, *lexicon.Category],
    "ranks": [lexicon.RANKED_MORPHOLOGIES, lexicon.RANKED_DISTRIBUTIONS, lexicon.RANKED_CATEGORIES],
    "families": [lexicon.CLASSIC_BENIGN, lexicon.SMALL_ROUND, lexicon.SUSPICIOUS, lexicon.FINE_LINEAR],
    "cells": cells,
    "exams": exams,
}))
"""


def answers(*, is_reversed: bool) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", f"REVERSED = {is_reversed}\n{ANSWERS}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        capture_output=True,
        check=True,
        text=True,
    )
    read: dict[str, object] = json.loads(done.stdout)
    return read


def test_the_order_of_members_changes_nothing() -> None:
    """With the members of every enum listed backward, ranks, families and assessments are the same."""
    usual, backward = answers(is_reversed=False), answers(is_reversed=True)
    assert usual.pop("members") != backward.pop("members")
    assert usual == backward


def test_every_word_is_ranked_once() -> None:
    """The tables hold every member; of the categories all but 0 and 6, which stand beside the ladder."""
    assert sorted(RANKED_MORPHOLOGIES) == sorted(Morphology)
    assert sorted(RANKED_DISTRIBUTIONS) == sorted(Distribution)
    beside = [Category.INCOMPLETE, Category.KNOWN_MALIGNANCY]
    assert sorted([*RANKED_CATEGORIES, *beside]) == sorted(Category)


def test_families_part_the_shapes_in_the_order_of_concern() -> None:
    """Classic benign ones first, round ones, then suspicious ones of which fine linear are the last."""
    assert (*CLASSIC_BENIGN, *SMALL_ROUND, *SUSPICIOUS) == RANKED_MORPHOLOGIES
    assert SUSPICIOUS[-len(FINE_LINEAR) :] == FINE_LINEAR
    assert set(SMALL_ROUND) == {Morphology.ROUND, Morphology.PUNCTATE}
