"""A result is there as a whole or not at all: it is written beside its place and moved there at the end."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from calcwatch.domain.errors import ResultNotWritten

if sys.platform != "win32":
    import fcntl

RESULT_NAMES = frozenset(
    {
        "findings.json",
        "examinations.csv",
        "groups.csv",
        "calcifications.csv",
        "report.html",
        "overlays",
    }
)
"""Everything that the result of an analysis holds."""

COMPARISON_NAMES = frozenset({"comparison.json", "history.json"})
"""What the result of a comparison, and that of a series, holds beside it."""


def _mark(out: Path, kind: str) -> str:
    return f".{out.name}.calcwatch-{kind}-"


def _lock(folder: Path) -> int | None:
    """Hold a folder as ours for as long as this process lives; ``None`` when another process holds it."""
    if sys.platform == "win32":
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def is_result(folder: Path) -> bool:
    """Tell whether a folder holds a result of calcwatch and nothing else."""
    try:
        if not {entry.name for entry in folder.iterdir()} <= RESULT_NAMES | COMPARISON_NAMES:
            return False
        findings = json.loads((folder / "findings.json").read_bytes())
        return bool(findings["provenance"]["package"] == "calcwatch")
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn an error of the system, such as a full disk, into ``ResultNotWritten`` with the remedy."""
    try:
        yield
    except OSError as problem:
        raise ResultNotWritten(
            f"cannot write to {out}: {problem.strerror or problem}; give another --out, or make room there"
        ) from problem


IsFormer = Callable[[Path], bool]
"""Tells whether a folder holds a former result of the same kind, and nothing else."""


def check_result_folder(out: Path, is_former: IsFormer = is_result) -> None:
    """Refuse a place for a result that holds anything but a former result.

    Raises ``ResultNotWritten`` with the remedy. A place that is free or an empty folder passes.
    """
    with writing(out):
        if not out.exists():
            return
        if not out.is_dir():
            raise ResultNotWritten(f"{out} is a file; give a folder with --out")
        is_empty = not any(out.iterdir())
    if not is_empty and not is_former(out):
        raise ResultNotWritten(
            f"{out} holds other files, which calcwatch will not overwrite; give a new or empty folder"
        )


def _beside(out: Path, kind: str) -> list[Path]:
    return sorted(entry for entry in out.parent.iterdir() if entry.name.startswith(_mark(out, kind)))


def _clear_leftovers(out: Path) -> None:
    """Remove what a killed run left beside its place, and put a former result back that it had moved."""
    for former in _beside(out, "former"):
        if not out.exists():
            former.rename(out)
        else:
            shutil.rmtree(former, ignore_errors=True)
    for partial in _beside(out, "partial"):
        held = _lock(partial)
        if held is not None:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(held)


def _put_in_place(partial: Path, out: Path) -> None:
    former = out.with_name(f"{_mark(out, 'former')}{os.getpid()}")
    if not out.exists():
        partial.rename(out)
        return
    out.rename(former)
    try:
        partial.rename(out)
    except OSError:
        former.rename(out)
        raise
    shutil.rmtree(former, ignore_errors=True)


def belongs_to_result(path: Path, place: Path) -> bool:
    """Tell whether a file lies in a former result at ``place`` or in what a run left beside it."""
    out = Path(os.path.realpath(place))
    within = Path(os.path.realpath(path))
    if not within.is_relative_to(out.parent):
        return False
    first = within.relative_to(out.parent).parts[:1]
    marks = tuple(_mark(out, kind) for kind in ("partial", "former"))
    return any(name == out.name or name.startswith(marks) for name in first)


@contextmanager
def result_folder(place: Path, is_former: IsFormer = is_result) -> Iterator[Path]:
    """Yield an empty folder beside ``place`` that becomes ``place`` when the block ends well.

    A former result stays as it is until then. When the block raises, nothing is left behind; after a kill
    only a hidden folder is, which the next run clears away. Raises ``ResultNotWritten`` when ``place`` holds
    other files or cannot be written.
    """
    out = Path(os.path.realpath(place))
    partial = out.with_name(f"{_mark(out, 'partial')}{os.getpid()}")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(out)
        check_result_folder(out, is_former)
        partial.mkdir()
    held = _lock(partial)
    try:
        yield partial
        check_result_folder(out, is_former)
        _move(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError, TypeError):
            os.close(held)  # type: ignore[arg-type]


def _move(partial: Path, out: Path) -> None:
    try:
        _put_in_place(partial, out)
    except OSError as problem:
        raise ResultNotWritten(
            f"cannot put the result at {out}: {problem.strerror}; give a folder inside it with --out"
        ) from problem
