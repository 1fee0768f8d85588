"""Seeds: what tests is in no range that fits, chooses or is a reference, and seeds stand nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from calcwatch_lab import seeds
from calcwatch_lab.seeds import DETECTION_TEST, RANGES, Purpose, SeedRange, TooFewSeeds

LAB = Path(seeds.__file__).parent
DRAWERS = {"default_rng", "random_stream", "manual_seed"}
MAKERS = {
    "make_examination",
    "make_history",
    "make_prior_and_current",
    "make_scene",
    "make_shape_scene",
    "draw_point_sets",
    "analyze_two_views",
    "analyze_two_days",
}


def test_what_tests_had_no_part_in_making_anything() -> None:
    """Every range that tests is disjoint from every one that fits, chooses, or is a reference population."""
    testing = [own for own in RANGES if own.purpose is Purpose.TESTING]
    making = [own for own in RANGES if own.purpose in (Purpose.FITTING, Purpose.CHOOSING, Purpose.REFERENCE)]
    assert len(testing) >= 7
    assert len(making) >= 8
    common = {
        (test.name, made.name): sorted(set(test.seeds) & set(made.seeds))[:3]
        for test in testing
        for made in making
        if set(test.seeds) & set(made.seeds)
    }
    assert common == {}


def test_a_reference_population_had_no_part_in_a_fit() -> None:
    """The deciles of the score count phantoms that no network has seen."""
    fitting = {seed for own in RANGES if own.purpose is Purpose.FITTING for seed in own.seeds}
    reference = {seed for own in RANGES if own.purpose is Purpose.REFERENCE for seed in own.seeds}
    assert fitting.isdisjoint(reference)


def test_every_range_is_in_the_table_under_a_name_of_its_own() -> None:
    """The table holds every range that the module names, each with what it is for and each seed once."""
    named = [value for value in vars(seeds).values() if isinstance(value, SeedRange)]
    assert {own.name for own in named} == {own.name for own in RANGES}
    assert len({own.name for own in RANGES}) == len(RANGES) == len(named)
    for own in RANGES:
        assert own.use
        assert len(set(own.seeds)) == len(own.seeds) > 0


def test_seeds_are_taken_in_order_and_run_out() -> None:
    """The first hundred phantoms of detection are those of always; what was chosen on is passed over."""
    assert DETECTION_TEST.take(100) == tuple(range(9000, 9100))
    assert DETECTION_TEST.take(101)[-1] == 10800
    assert DETECTION_TEST.take(0) == ()
    with pytest.raises(TooFewSeeds, match="phantoms of detection has 500 seeds: ask for fewer"):
        DETECTION_TEST.take(501)


def literals(node: ast.AST) -> list[int]:
    """Integers that stand in an expression."""
    return [
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and type(inner.value) is int
    ]


def seed_literals(tree: ast.AST) -> list[str]:
    """Places where a seed is a number: arguments of what draws, keywords, defaults and names called seed."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            seed_arguments = node.args if name in DRAWERS else node.args[:1] if name in MAKERS else []
            keywords = [own.value for own in node.keywords if "seed" in (own.arg or "").lower()]
            found += [
                f"{node.lineno}: {name}"
                for part in (*seed_arguments, *keywords)
                if literals(part) and not isinstance(part, ast.Call)
            ]
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            defaults = [*node.args.defaults, *(own for own in node.args.kw_defaults if own is not None)]
            if any("seed" in own.arg for own in arguments):
                found += [f"{node.lineno}: {node.name}" for own in defaults if literals(own) not in ([], [1])]
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            if any("seed" in own.lower() or "stream" in own.lower() for own in names):
                found += [f"{node.lineno}: {names[0]}"] * bool(literals(node.value))
    return found


def test_no_seed_stands_outside_of_the_table() -> None:
    """No file of the laboratory but the table holds a seed as a number."""
    found = [
        f"{path.relative_to(LAB)}:{place}"
        for path in sorted(LAB.rglob("*.py"))
        if path != Path(seeds.__file__)
        for place in seed_literals(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "rng = np.random.default_rng(7)",
        "rng = default_rng([seed, 20])",
        "FIRST_SEED = 9100",
        "seeds = range(9400, 9500)",
        "TEST_STREAM: int = 9000",
        "make_examination(9101)",
        "train(seed=1)",
        "def draw(count, seed=3): ...",
    ],
)
def test_a_seed_that_is_a_number_is_found(source: str) -> None:
    """Each way to write a seed down is seen."""
    assert len(seed_literals(ast.parse(source))) == 1
