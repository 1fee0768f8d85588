"""The house holds: imports point inward, the core is pure, and what is written stays readable."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import house_rules

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "calcwatch"
CORE_ROOMS = ("domain", "words", "codes", "image", "exam", "comparison", "phantom")
CORE = sorted(
    [PACKAGE / "formats/bounds.py", *(path for room in CORE_ROOMS for path in (PACKAGE / room).rglob("*.py"))]
)
SOURCES = sorted(PACKAGE.rglob("*.py"))
OUR_PYTHON = sorted(path for room in ("src", "tests", "scripts") for path in (ROOT / room).rglob("*.py"))

Rule = Callable[[ast.Module], list[str]]


def complaints_about(paths: list[Path], rule: Rule) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{complaint}"
        for path in paths
        for complaint in rule(ast.parse(path.read_text(encoding="utf-8")))
    ]


@pytest.mark.parametrize(
    ("paths", "rule"),
    [
        (SOURCES, house_rules.long_functions),
        (
            [path for path in SOURCES if "cli" not in path.parts],
            house_rules.crowded_signatures,
        ),
        (SOURCES, house_rules.unexplained_constants),
        (OUR_PYTHON, house_rules.unseeded_randomness),
        (CORE, house_rules.side_effects),
        (OUR_PYTHON, house_rules.nameless_tests),
    ],
    ids=[
        "functions short",
        "parameters few",
        "constants explained",
        "randomness seeded",
        "core pure",
        "tests named",
    ],
)
def test_the_code_keeps_the_house_rules(paths: list[Path], rule: Rule) -> None:
    """Short functions, few parameters, explained constants, seeded randomness, a pure core, named tests."""
    assert len(paths) > 1
    assert "\n".join(complaints_about(paths, rule)) == ""


def test_settings_are_handed_on() -> None:
    """A stage that is given settings gives them to every stage it calls: no default steps in unnoticed."""
    trees = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts): ast.parse(path.read_text("utf-8"))
        for room in ("image", "exam", "models")
        for path in (PACKAGE / room).rglob("*.py")
    }
    assert "\n".join(house_rules.calls_without_settings(trees)) == ""
    broken = {
        "a.b": ast.parse("def f(x, *, settings=1): ..."),
        "a.c": ast.parse(
            "from a.b import f\ndef g(settings): f(1); f(1, settings=settings.d); f(1, settings)"
        ),
    }
    assert len(house_rules.calls_without_settings(broken)) == 1


def test_names_say_what_is_done() -> None:
    """No module, class or function is named process, handle, manager, util, helper or info."""
    complaints = [
        f"{path.relative_to(ROOT)}:{complaint}"
        for path in SOURCES
        for complaint in house_rules.vague_names(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    ]
    assert "\n".join(complaints) == ""


def test_files_are_no_volumes() -> None:
    """No Python file is longer than 800 lines: more than a subject lies in it."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in OUR_PYTHON}
    assert [str(path) for path, length in lengths.items() if length > house_rules.MOST_FILE_LINES] == []


BAD_SOURCES = {
    "def f():\n" + "    x = 1\n" * 61: house_rules.long_functions,
    "def f(a, b, *, c, d, e, g, h, i, j): ...": house_rules.crowded_signatures,
    "def f(a, b, c, d, e, g): ...": house_rules.crowded_signatures,
    "class A:\n    def f(self, a, b, c, d, e, g): ...": house_rules.crowded_signatures,
    "LIMIT = 3\nx = 1": house_rules.unexplained_constants,
    "LIMIT: int = 3": house_rules.unexplained_constants,
    "import numpy as np\nx = np.random.rand(3)": house_rules.unseeded_randomness,
    "import numpy as np\nnp.random.seed(0)": house_rules.unseeded_randomness,
    "import numpy as np\nx = np.random.default_rng()": house_rules.unseeded_randomness,
    "from numpy.random import default_rng\nx = default_rng()": house_rules.unseeded_randomness,
    "text = open('a').read()": house_rules.side_effects,
    "import cv2\ncv2.imread('a.png')": house_rules.side_effects,
    "print(1)": house_rules.side_effects,
    "def test_it(): ...": house_rules.nameless_tests,
}


@pytest.mark.parametrize("source", BAD_SOURCES)
def test_each_house_rule_refuses_what_breaks_it(source: str) -> None:
    """Each house rule finds exactly the one offense in a file that breaks it."""
    assert len(BAD_SOURCES[source](ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source",
    ["def handle_image(): ...", "class ImageManager: ...", "def load_info(): ...", "def _util(): ..."],
)
def test_the_rule_of_names_refuses_vague_ones(source: str) -> None:
    """The rule of names finds a vague word at either end of a name; a vague module name too."""
    assert len(house_rules.vague_names(ast.parse(source), "find_images")) == 1
    assert len(house_rules.vague_names(ast.parse(""), "dicom_utils")) == 1


def test_house_rules_leave_good_code_alone() -> None:
    """A short, seeded, documented function gives no complaint."""
    source = '''LIMIT = 3
"""Most images a woman has."""
def measure(image, points, *, spacing, seed):
    """Doc."""
    return numpy.random.default_rng(seed).normal(size=LIMIT)
'''
    tree = ast.parse(source)
    assert [complaint for rule in set(BAD_SOURCES.values()) for complaint in rule(tree)] == []
    assert house_rules.vague_names(tree, "measure") == []


def run_import_linter(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).parent / "lint-imports"
    command = [str(linter), "--config", str(folder / "pyproject.toml"), "--no-cache"]
    return subprocess.run(command, cwd=folder / "src", capture_output=True, text=True, check=False)


@pytest.fixture
def house_copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold(house_copy: Path) -> None:
    """Every import contract is kept by the code as it stands."""
    result = run_import_linter(house_copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("room", "forbidden_import", "contract"),
    [
        ("domain", "import calcwatch.image", "Imports point inward"),
        ("image", "from calcwatch.formats import dicom", "Imports point inward"),
        ("formats", "import calcwatch.report", "Imports point inward"),
        (
            "formats/raster",
            "from calcwatch.formats.dicom.read import parse",
            "Formats do not know each other",
        ),
        ("exam", "import calcwatch.comparison", "Imports point inward"),
        ("image/find", "import calcwatch.image.describe", "An image is read in one direction"),
        ("service", "import calcwatch.cli", "Imports point inward"),
        ("service", "import calcwatch_lab.labels", "calcwatch never knows its laboratory"),
        ("report", "import pydicom", "Only formats/dicom/ speaks DICOM"),
        ("formats/raster", "import highdicom", "Only formats/dicom/ speaks DICOM"),
        ("formats/dicom", "import fhir.resources", "Only formats/fhir/ speaks FHIR"),
        ("image", "import onnxruntime", "Only models/onnx.py runs networks"),
        ("service", "import torch", "Only calcwatch_lab/train/ speaks torch"),
        ("service", "import typer", "Only cli/ talks to a terminal"),
        ("image", "import os", "The core is numerical and pure"),
        ("phantom", "import random", "The core is numerical and pure"),
        ("phantom", "import calcwatch.image", "Imports point inward"),
        ("exam", "import calcwatch.phantom", "Phantoms and the analysis do not know each other"),
        ("comparison", "import datetime", "The core is numerical and pure"),
        ("domain", "from pathlib import Path", "The core is numerical and pure"),
    ],
)
def test_a_forbidden_import_is_refused(
    house_copy: Path, room: str, forbidden_import: str, contract: str
) -> None:
    """An import that points outward, speaks DICOM elsewhere or soils the core breaks its contract."""
    package = house_copy / "src" / "calcwatch"
    source = package / f"{room}.py" if (package / f"{room}.py").is_file() else package / room / "__init__.py"
    source.write_text(source.read_text(encoding="utf-8") + f"\n{forbidden_import}\n", encoding="utf-8")
    result = run_import_linter(house_copy)
    assert result.returncode != 0
    assert re.search(rf"{re.escape(contract)}.* BROKEN", result.stdout), result.stdout


def test_a_room_without_a_place_is_refused(house_copy: Path) -> None:
    """A new module that no layer names breaks the contract, so nobody forgets to say where it belongs."""
    (house_copy / "src" / "calcwatch" / "newcomer.py").write_text('"""New."""\n', encoding="utf-8")
    result = run_import_linter(house_copy)
    assert result.returncode != 0
    assert "- calcwatch.newcomer" in result.stdout


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of the project's files")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_the_place_it_was_written_in() -> None:
    """No tracked file names a folder of the machine it was written on; real data is CALCWATCH_DATA's."""
    private = re.compile(
        "|".join(["/" + "work/", r"\." + "library", "/" + "tmp/", "/" + "root/", "shared/" + "design"])
    )
    offenders = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        offenders += [f"{path.relative_to(ROOT)}: {found}" for found in private.findall(text)]
        if "shared/" + "data" in text and "CALCWATCH_DATA" not in text:
            offenders.append(f"{path.relative_to(ROOT)}: shared data without CALCWATCH_DATA")
    assert "\n".join(offenders) == ""
