"""Refuses dependencies under the GPL or AGPL, and dependencies whose license nobody can name.

The packages are those of uv.lock, those that users get apart from those that only developers get; what an
extra adds (torch brings libraries of the graphics card's maker) is the choice of who installs it. The license
is what the installed package's metadata says: License-Expression, else its classifiers, else License. The
LGPL and MPL are accepted: we import such packages unchanged and ship none of their code. Wheels may carry
libraries under other terms than their own package: opencv-python-headless brings FFmpeg (LGPL-2.1), numpy and
scipy bring the GCC run-time (GPL with the exception that frees its users).
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

PROJECT = "calcwatch"

REVIEWED = {
    "brotlicffi": ("MIT", "installed on PyPy only, so its metadata is not here to read"),
    "colorama": ("BSD-3-Clause", "installed on Windows only, so its metadata is not here to read"),
    "pyphen": (
        "LGPL-2.0-or-later OR MPL-1.1",
        "its classifiers list three licenses, of which it lets one choose",
    ),
}
"""Package -> its license and why a person had to look; it goes before the metadata, which cannot answer."""

REFUSED = re.compile(r"\bA?GPL|Affero|(?<!Lesser )(?<!Library )General Public License|\bSSPL", re.IGNORECASE)
ACCEPTED = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|ISCL|PSF|Python Software Foundation|MPL|Mozilla Public|LGPL\w*"
    r"|Lesser General Public|Zlib|CC0|HPND|Unlicense)\b",
    re.IGNORECASE,
)
EXCEPTED = re.compile(r"\bGPL-[\d.]+(-or-later|-only)? WITH GCC-exception-[\d.]+", re.IGNORECASE)


def main(arguments: Sequence[str]) -> int:
    """List every package with its license; return 1 when one is refused."""
    options = read_options(arguments)
    packages = {package["name"]: package for package in tomllib.loads(options.lock.read_text())["package"]}
    installed = distributions(path=options.path)
    licenses = {str(canonicalize_name(found.name)): read_license(found) for found in installed}
    runtime = follow(packages, packages[PROJECT].get("dependencies", []))
    groups = packages[PROJECT].get("dev-dependencies", {})
    developers = follow(packages, [one for group in groups.values() for one in group]) - runtime
    refusals = [
        *check("for users", runtime, licenses),
        *check("for developers only", developers, licenses),
    ]
    for refusal in refusals:
        print(f"licenses: {refusal}")
    return 1 if refusals else 0


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """``--lock`` and ``--path``: which lock, and where its packages are installed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lock", type=Path, default=Path(__file__).resolve().parent.parent / "uv.lock")
    parser.add_argument(
        "--path", action="append", help="folder of installed packages (default: this Python's)"
    )
    options = parser.parse_args(arguments)
    options.path = options.path or sys.path
    return options


def follow(packages: dict[str, dict[str, Any]], dependencies: Iterable[dict[str, Any]]) -> set[str]:
    """Names of ``dependencies`` and of all they depend on."""
    found: set[str] = set()
    waiting = list(dependencies)
    while waiting:
        dependency = waiting.pop()
        package = packages[dependency["name"]]
        optional = package.get("optional-dependencies", {})
        waiting += [] if package["name"] in found else package.get("dependencies", [])
        waiting += [one for extra in dependency.get("extra", []) for one in optional.get(extra, [])]
        found.add(package["name"])
    return found


def read_license(package: Distribution) -> str:
    """The license the package's metadata states, ``""`` when it states none."""
    expression = read_field(package, "License-Expression")
    classifiers = [line.split(" :: ") for line in read_field(package, "Classifier")]
    named = [parts[-1] for parts in classifiers if parts[0] == "License" and parts[-1] != "OSI Approved"]
    free_text = [text.strip().partition("\n")[0] for text in read_field(package, "License")]
    return " AND ".join(expression or named or free_text)


def read_field(package: Distribution, name: str) -> list[str]:
    """Every value of one metadata field, none as an empty list."""
    return package.metadata.get_all(name) or []


def check(audience: str, names: Iterable[str], licenses: dict[str, str]) -> list[str]:
    """Print a line for each package; return what is wrong."""
    refusals = []
    print(f"licenses {audience}:")
    for name in sorted(names):
        stated = REVIEWED.get(name, ("", ""))[0] or licenses.get(name, "")
        print(f"  {name}: {stated or 'unknown'}")
        if problem := judge(stated):
            refusals.append(f"{name} {problem}")
    return refusals


def judge(stated: str) -> str:
    """What is wrong with a license, ``""`` when nothing is; of alternatives (OR) one good one is enough."""
    problems = [judge_alternative(alternative) for alternative in re.split(r"\s+OR\s+", stated.strip("() "))]
    return "" if "" in problems else problems[0]


def judge_alternative(stated: str) -> str:
    """What is wrong with licenses that all apply (AND), ``""`` when nothing is."""
    for part in re.split(r"\s+AND\s+", EXCEPTED.sub("MIT", stated)):
        if REFUSED.search(part):
            return f"is under {part}: calcwatch takes no dependency under the GPL or AGPL"
        if not ACCEPTED.search(part):
            named = part or "none stated"
            return f"has no license we know ({named}): read its license file, then enter it in REVIEWED"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
