"""The project's own scripts refuse what they are there to refuse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_script(*command: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PATH": str(path)} if path else {})}
    environment.pop("PYTHON", None)
    words = [str(word) for word in command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def install_package(folder: Path, name: str, *fields: str) -> None:
    """A real dist-info, as an installer leaves it."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *fields, ""]))


def check_license_of(folder: Path, *fields: str) -> subprocess.CompletedProcess[str]:
    """Check a lock whose one dependency, by way of another, is ``codec`` with these metadata fields."""
    lock = folder / "uv.lock"
    lock.write_text(
        '[[package]]\nname = "calcwatch"\nversion = "1"\ndependencies = [{ name = "reader" }]\n'
        '[[package]]\nname = "reader"\nversion = "1"\ndependencies = [{ name = "codec" }]\n'
        '[[package]]\nname = "codec"\nversion = "1"\n'
    )
    install_package(folder / "installed", "reader", "License-Expression: MIT")
    install_package(folder / "installed", "codec", *fields)
    script = ROOT / "scripts" / "check_licenses.py"
    return run_script(sys.executable, script, "--lock", lock, "--path", folder / "installed")


@pytest.mark.parametrize(
    "fields",
    [
        ["License-Expression: GPL-3.0-or-later"],
        ["License-Expression: MIT AND AGPL-3.0-only"],
        ["Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
        ["Classifier: License :: OSI Approved :: GNU Affero General Public License v3"],
        ["License: GPLv2+"],
        ["License-Expression: GPL-2.0-only OR AGPL-3.0-only"],
    ],
)
def test_gpl_dependencies_are_refused(tmp_path: Path, fields: list[str]) -> None:
    """A dependency of a dependency under the GPL or AGPL fails the license check, whichever field says so."""
    result = check_license_of(tmp_path, *fields)
    assert result.returncode == 1
    assert "licenses: codec is under" in result.stdout


@pytest.mark.parametrize(
    "fields", [[], ["License: see the web page"], ["License-Expression: LicenseRef-Ours"]]
)
def test_unclear_licenses_are_refused(tmp_path: Path, fields: list[str]) -> None:
    """A dependency that states no license, or one nobody knows, fails until a person looks."""
    result = check_license_of(tmp_path, *fields)
    assert result.returncode == 1
    assert "codec has no license we know" in result.stdout


@pytest.mark.parametrize(
    "fields",
    [
        ["License-Expression: LGPL-2.1-or-later"],
        ["Classifier: License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)"],
        ["License-Expression: MPL-2.0"],
        ["License-Expression: GPL-2.0-only OR BSD-3-Clause"],
        ["License-Expression: BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1"],
        ["License: MIT License\n        Permission is hereby granted"],
        ["Classifier: License :: OSI Approved :: BSD License", "License: a long text"],
    ],
)
def test_permissive_and_weak_copyleft_licenses_pass(tmp_path: Path, fields: list[str]) -> None:
    """Permissive licenses, LGPL, MPL, a permissive alternative and the GCC run-time exception pass."""
    result = check_license_of(tmp_path, *fields)
    assert (result.returncode, result.stderr) == (0, "")


def test_our_dependencies_pass_the_license_check() -> None:
    """Every package in the lock has a license we accept."""
    result = run_script(sys.executable, ROOT / "scripts" / "check_licenses.py")
    assert result.returncode == 0, result.stdout
    assert "numpy: BSD" in result.stdout


@pytest.fixture
def lock_copy(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "uv.lock", "requirements-dev.lock", "scripts/check_lock.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def check_lock(folder: Path) -> subprocess.CompletedProcess[str]:
    return run_script(sys.executable, folder / "scripts" / "check_lock.py")


def test_the_locks_agree(lock_copy: Path) -> None:
    """pyproject.toml, uv.lock and requirements-dev.lock name the same versions."""
    result = check_lock(lock_copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("pyproject.toml", '"pydicom>=3.0.2,<4"', '"pydicom>=3.0.1,<4"', "pyproject.toml asks for pydicom"),
        ("pyproject.toml", '    "rich>=13",\n', "", "uv.lock was made for rich"),
        ("requirements-dev.lock", "\nrich==", "\nrich==0.", "only requirements-dev.lock has rich==0."),
        ("requirements-dev.lock", "--hash=sha256:", "--hash=sha256:0", "the hashes of annotated-doc"),
        ("requirements-dev.lock", "\nrich==", "\nricher==", "only uv.lock has rich=="),
    ],
)
def test_locks_that_disagree_are_refused(
    lock_copy: Path, name: str, old: str, new: str, complaint: str
) -> None:
    """A wish, a version, a hash or a package that only one of the three files has fails the lock check."""
    text = (lock_copy / name).read_text()
    assert old in text
    (lock_copy / name).write_text(text.replace(old, new, 1))
    result = check_lock(lock_copy)
    assert result.returncode == 1
    assert complaint in result.stdout
    assert "make lock" in result.stdout


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A PATH with a shell and nothing else: no Python, no uv, no apt-get, no dciodvfy."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "env", "dirname", "head", "id"):
        (programs / name).symlink_to(shutil.which(name) or name)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    return tmp_path


def test_set_up_without_python_says_what_is_needed(bare_machine: Path) -> None:
    """Set-up on a machine without Python fails with a sentence that names the version needed."""
    result = run_script(bare_machine / "scripts" / "setup.sh", path=bare_machine / "programs")
    assert result.returncode == 1
    assert "calcwatch needs Python 3.11 or later, and there is no python3" in result.stderr


def test_set_up_with_an_old_python_says_what_is_needed(bare_machine: Path) -> None:
    """Set-up with too old a Python fails, naming the version found, the version needed and the way out."""
    old_python = bare_machine / "programs" / "python3"
    old_python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old_python.chmod(0o755)
    result = run_script(bare_machine / "scripts" / "setup.sh", path=bare_machine / "programs")
    assert result.returncode == 1
    assert "needs Python 3.11 or later, and python3 is Python 3.9.2" in result.stderr
    assert "make PYTHON=" in result.stderr
    assert not (bare_machine / ".venv").exists()


def test_missing_system_packages_are_listed(bare_machine: Path) -> None:
    """Where system packages cannot be installed they are listed with the command, and work goes on."""
    result = run_script(bare_machine / "scripts" / "system-packages.sh", path=bare_machine / "programs")
    assert (result.returncode, result.stderr) == (0, "")
    assert "sudo apt-get install dicom3tools chromium" in result.stdout


def test_the_tables_of_the_edge_are_those_that_are_computed() -> None:
    """The profiles of a ball and a plate give the shipped tables again, within the stated tolerance."""
    command = [sys.executable, str(ROOT / "scripts" / "edge_profile.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_structure_is_measured() -> None:
    """The table of the structure names every figure, and a figure's places can be listed."""
    command = [sys.executable, str(ROOT / "scripts" / "measure_structure.py")]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(table.splitlines()) == 13
    listed = subprocess.run([*command, "--list", "dataclasses"], capture_output=True, text=True, check=True)
    assert "calcwatch.domain.findings.Calcification" in listed.stdout.splitlines()
