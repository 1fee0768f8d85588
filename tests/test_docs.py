"""What the documentation says is so: links lead somewhere, commands exist, examples run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image
from typer.core import TyperGroup
from typer.main import get_command

import calcwatch
from calcwatch.cli.commands import app
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.examination import make_examination, make_prior_and_current
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.service.files.key_file import PASSPHRASE
from calcwatch.service.files.result_folder import RESULT_NAMES
from calcwatch.service.files.table import TABLE_COLUMNS, read_table

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language on a page."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def shell_lines(command: str) -> list[str]:
    """Every line of every shell block that begins with ``command``, without its comment."""
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return sorted({line.partition(" #")[0].strip() for line in lines if line.startswith(command)})


def anchors(page: Path) -> set[str]:
    """The fragments that headings on a page can be reached by."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_resolve(page: Path) -> None:
    """Every link from one of our pages to another leads to a file, and to a heading in it if it names one."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        name, _, fragment = target.partition("#")
        aim = (page.parent / name).resolve() if name else page
        if not aim.exists() or (fragment and fragment not in anchors(aim)):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_start() -> None:
    """docs/start.md leads to every page of the documentation."""
    start = ROOT / "docs" / "start.md"
    linked = set(re.findall(r"\]\(([^)\s#]+\.md)\)", start.read_text(encoding="utf-8")))
    reached = {(start.parent / name).resolve() for name in linked} | {start}
    assert [page.name for page in (ROOT / "docs").rglob("*.md") if page not in reached] == []


def run_reference(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "write_reference.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_generated_parts_are_current() -> None:
    """Fields, flags, commands and options in the documentation are those of the code."""
    result = run_reference("--check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_stale_page_is_noticed_and_renewed(tmp_path: Path) -> None:
    """A page whose generated part was changed by hand fails the check, and is mended by writing it again."""
    copy = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", copy)
    page = copy / "findings.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(good.replace("| `breast_area_cm2` |", "| `breast_area` |"), encoding="utf-8")
    result = run_reference("--check", "--docs", copy)
    assert (result.returncode, "findings.md" in result.stdout) == (1, True)
    assert run_reference("--docs", copy).returncode == 0
    assert page.read_text(encoding="utf-8") == good


def test_every_command_and_option_is_documented() -> None:
    """docs/commands.md names every command and every option with at least one word about each."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    assert {"analyze", "check", "demo", "schema"} <= set(commands.commands)
    for name, command in commands.commands.items():
        section = text.partition(f"## calcwatch {name}\n")[2].partition("\n## ")[0]
        assert section.strip(), f"{name} is not documented"
        for option in (opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")):
            assert re.search(rf"`[^`]*{option}\b[^`]*` \| \w", section), f"{name} {option} is not documented"


def test_every_make_target_named_exists() -> None:
    """Each `make` command in the documentation is a target of the Makefile."""
    named = {line.split()[1] for line in shell_lines("make ")}
    assert {"demo", "test", "check"} <= named
    for target in named:
        dry = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert dry.returncode == 0, f"make {target}: {dry.stderr}"


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the files the examples name: a small phantom, as DICOM and as PNG."""
    folder = tmp_path_factory.mktemp("user")
    settings = PhantomSettings(field_mm=(80.0, 60.0), pixel_spacing_mm=0.1)
    image = make_examination(3, settings=settings).images[0]
    (folder / "path" / "to" / "images").mkdir(parents=True)
    for name in ("path/to/image.dcm", "path/to/images/image.dcm", "image.dcm"):
        write_mammogram(image, folder / name)
    Image.fromarray((image.stored << (16 - image.bits_stored)).astype("uint16")).save(folder / "scan.png")
    return folder


def test_the_commands_in_the_documentation_run(user_folder: Path) -> None:
    """Each `calcwatch` command in README and docs runs as written; so does the reading of its result."""
    lines = shell_lines(".venv/bin/calcwatch")
    assert len(lines) >= 3
    environment = {**os.environ, PASSPHRASE: "a sentence for tests"}
    for line in lines:
        program, *words = shlex.split(line)
        command = [str(Path(sys.executable).parent / Path(program).name), *words]
        result = subprocess.run(
            command, cwd=user_folder, capture_output=True, text=True, check=False, env=environment
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
    assert {path.name for path in (user_folder / "results").iterdir()} == RESULT_NAMES
    for example in blocks(ROOT / "docs" / "findings.md", "python"):
        run_example(example, user_folder / "results")
    prior, current = make_prior_and_current(
        3, settings=PhantomSettings(field_mm=(80.0, 60.0), pixel_spacing_mm=0.1)
    )
    write_mammogram(prior.images[0], user_folder / "prior-cc.dcm")
    write_mammogram(current.images[0], user_folder / "current-cc.dcm")
    for page in ("python.md", "exporting.md", "deidentify.md"):
        for example in blocks(ROOT / "docs" / page, "python"):
            run_example(example, user_folder)


def run_example(source: str, folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", source]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{source}\n{result.stderr}"
    assert result.stdout


def test_the_example_of_a_comparison_runs(tmp_path: Path) -> None:
    """The example in docs/comparing.md opens, analyzes and compares two examinations as written."""
    settings = PhantomSettings(field_mm=(120.0, 90.0), pixel_spacing_mm=0.1)
    for prefix, examination in zip(
        ("prior-", "current-"), make_prior_and_current(3, settings=settings), strict=True
    ):
        for image in examination.images:
            write_mammogram(image, tmp_path / f"{prefix}{image.view_position.lower()}.dcm")
    (example,) = blocks(ROOT / "docs" / "comparing.md", "python")
    run_example(example, tmp_path)


def test_the_phantom_examples_run(tmp_path: Path) -> None:
    """The examples in docs/phantom.md run as written and print their images and settings."""
    examples = blocks(ROOT / "docs" / "phantom.md", "python")
    assert len(examples) == 3
    for example in examples:
        run_example(example, tmp_path)


def test_the_table_example_is_a_table(tmp_path: Path) -> None:
    """The example table in docs/reading.md has every column and each of its rows can be used."""
    (example,) = blocks(ROOT / "docs" / "reading.md", "csv")
    table = tmp_path / "images.csv"
    table.write_text(example, encoding="utf-8")
    assert example.splitlines()[0] == ",".join(TABLE_COLUMNS)
    rows = read_table(table).rows
    assert [row.problem for row in rows] == ["", ""]


def test_the_messages_explained_are_messages_we_give() -> None:
    """Each message that docs/errors.md explains is one that the code can give."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    code = re.sub(r'"\s*\n\s*f?"', "", "\n".join(sources))
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    tables = page.split("| The message says |")[1:]
    rows = [row for table in tables for row in table.partition("\n\n")[0].splitlines()[2:]]
    phrases = [part.strip() for row in rows for part in re.split(r"\.\.\.|;", row.split("|")[1])]
    assert len(phrases) > 10
    assert [phrase for phrase in phrases if phrase not in code] == []


@pytest.mark.parametrize("page", ["README.md", "docs/findings.md"])
def test_every_file_of_a_result_is_named(page: str) -> None:
    """README and docs/findings.md name every file that an analysis writes."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in RESULT_NAMES if f"`{name}" not in text] == []


def test_the_version_is_one() -> None:
    """pyproject.toml, package and lock tell the same version; the change log knows what is coming."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = next(package["version"] for package in lock["package"] if package["name"] == "calcwatch")
    assert project["version"] == calcwatch.__version__ == locked
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
