"""Checks that pyproject.toml, uv.lock and requirements-dev.lock name the same versions.

uv installs from uv.lock, pip from requirements-dev.lock: a machine must get the same packages either way.
What only an extra needs is in uv.lock alone.
Needs no uv and no network. Exit status 1, and a line for each difference, when they disagree; `make lock`
mends that.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "calcwatch"


def main(folder: Path) -> int:
    """Print each difference between the files in ``folder``; return the exit status."""
    lock = tomllib.loads((folder / "uv.lock").read_text())
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    requirements = (folder / "requirements-dev.lock").read_text()
    problems = [*compare_wishes(project, lock), *compare_pins(lock, requirements)]
    for problem in problems:
        print(f"lock: {problem}")
    if problems:
        print("lock: run `make lock` (needs uv) and commit uv.lock and requirements-dev.lock")
        return 1
    print(
        f"lock: pyproject.toml, uv.lock and requirements-dev.lock agree on {len(locked_pins(lock))} packages"
    )
    return 0


def compare_wishes(project: dict[str, Any], lock: dict[str, Any]) -> list[str]:
    """What pyproject.toml asks for and what uv.lock was made from, where they differ."""
    asked = {as_wish(Requirement(line)) for line in project["project"].get("dependencies", [])}
    asked |= {as_wish(Requirement(line)) for line in project["dependency-groups"]["dev"]}
    for extra in project["project"].get("optional-dependencies", {}).values():
        asked |= {as_wish(Requirement(line)) for line in extra}
    metadata = next(package for package in lock["package"] if package["name"] == PROJECT)["metadata"]
    entries = [*metadata.get("requires-dist", []), *metadata["requires-dev"]["dev"]]
    locked = {as_wish(Requirement(entry["name"] + entry.get("specifier", ""))) for entry in entries}
    return [
        *(f"pyproject.toml asks for {wish}, uv.lock was made without it" for wish in sorted(asked - locked)),
        *(
            f"uv.lock was made for {wish}, pyproject.toml does not ask for it"
            for wish in sorted(locked - asked)
        ),
    ]


def as_wish(requirement: Requirement) -> str:
    """One spelling for ``A_b >=1, <2`` and ``a-b<2,>=1``."""
    return f"{canonicalize_name(requirement.name)}{requirement.specifier}"


def compare_pins(lock: dict[str, Any], requirements: str) -> list[str]:
    """Versions and hashes that uv.lock and requirements-dev.lock do not share."""
    locked, required = locked_pins(lock), required_pins(requirements)
    problems = [f"only uv.lock has {pin}" for pin in sorted(locked.keys() - required.keys())]
    problems += [f"only requirements-dev.lock has {pin}" for pin in sorted(required.keys() - locked.keys())]
    shared = sorted(locked.keys() & required.keys())
    return problems + [f"the hashes of {pin} differ" for pin in shared if locked[pin] != required[pin]]


def locked_pins(lock: dict[str, Any]) -> dict[str, set[str]]:
    """``name==version`` -> hashes of every package in uv.lock but the project and what only extras need."""
    pins = {}
    needed = needed_names(lock)
    for package in lock["package"]:
        if package["name"] in needed:
            files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
            pins[f"{package['name']}=={package['version']}"] = {file["hash"] for file in files}
    return pins


def needed_names(lock: dict[str, Any]) -> set[str]:
    """Names of the packages that the project and its development group need, directly or not."""
    packages = lock["package"]
    project = next(package for package in packages if package["name"] == PROJECT)
    dev = project.get("dev-dependencies", {}).get("dev", [])
    waiting = [*project.get("dependencies", []), *dev]
    needed: set[str] = set()
    while waiting:
        entry = waiting.pop()
        name, extras = entry["name"], entry.get("extra", [])
        for package in packages:
            if package["name"] == name:
                optional = package.get("optional-dependencies", {})
                waiting += [] if name in needed else package.get("dependencies", [])
                waiting += [one for extra in extras for one in optional.get(extra, [])]
        needed.add(name)
    return needed


def required_pins(requirements: str) -> dict[str, set[str]]:
    """``name==version`` -> hashes of every entry in requirements-dev.lock."""
    entries = requirements.replace("\\\n", " ").splitlines()
    return {
        entry.split()[0]: set(re.findall(r"--hash=(\S+)", entry))
        for entry in entries
        if entry.strip() and not entry.startswith("#")
    }


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
