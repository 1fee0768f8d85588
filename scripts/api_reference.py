"""The reference of Python names, written from signatures and docstrings: one Markdown text a room.

``write_reference.py`` puts each text into its page below ``docs/reference``. Nothing is imported: griffe
reads the sources, so that the reference needs no weights, no images and no network.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import griffe

SOURCE = Path(__file__).resolve().parent.parent / "src"

ROOMS = (
    *("domain", "codes", "words", "image", "exam", "comparison", "phantom", "models", "formats", "report"),
    "service",
)
"""Rooms that have a page, in the order of the layers."""


@cache
def package() -> Any:
    """The package as griffe sees it, with docstrings in Google's style."""
    logging.getLogger("griffe").setLevel(logging.ERROR)
    return griffe.load("calcwatch", search_paths=[SOURCE], docstring_parser="google")


def public_part() -> str:
    """Every public name of ``calcwatch``, in the order in which the stub lists them."""
    stub = (SOURCE / "calcwatch" / "__init__.pyi").read_text(encoding="utf-8")
    names = [line.split(" import ") for line in stub.splitlines() if line.startswith("from .")]
    parts = []
    for room, imported in names:
        for name in imported.split(", "):
            path = room.removeprefix("from .")
            parts.append(entry(package()[f"{path}.{name.split(' as ')[0]}"], "##"))
    return "\n\n".join(parts)


def room_part(room: str) -> str:
    """Every public class and function of a room, module by module."""
    return "\n\n".join(module_text(module) for module in modules_of(package()[room]))


def modules_of(module: Any) -> Iterator[Any]:
    """A module and all below it, by name; those that define nothing public are passed over."""
    if any(is_own(member) for member in module.members.values()):
        yield module
    for name in sorted(module.modules):
        yield from modules_of(module.modules[name])


def is_own(member: Any) -> bool:
    """Whether something is a class or function that its module defines and shows."""
    return not member.is_alias and (member.is_class or member.is_function) and not member.name.startswith("_")


def module_text(module: Any) -> str:
    """A module: its docstring and everything it shows, in the order of the file."""
    shown = [member for member in module.members.values() if is_own(member)]
    shown.sort(key=lambda member: member.lineno or 0)
    head = f"## {module.path}\n\n{plain(module.docstring.value if module.docstring else '')}"
    return "\n\n".join([head, *(entry(member, "###") for member in shown)])


def entry(member: Any, heading: str) -> str:
    """One class or function: signature, text and tables of what its docstring says."""
    parts = [f"{heading} {member.name}"]
    if member.is_function:
        parts.append(f"```python\n{member.signature()}\n```")
    elif member.bases:
        parts.append(f"Based on {', '.join(f'`{base}`' for base in member.bases)}.")
    parts += sections(member)
    if member.is_class:
        methods = [one for one in member.members.values() if one.is_function and not one.name.startswith("_")]
        parts += [entry(method, f"{heading}#") for method in methods]
        values = [one for one in member.members.values() if one.is_attribute and one.value is not None]
        if any("Enum" in str(base) for base in member.bases):
            parts.append(table(("Member", "Value"), [(code(one.name), code(one.value)) for one in values]))
    return "\n\n".join(parts)


def sections(member: Any) -> Iterator[str]:
    """Text and tables of a docstring, in its order."""
    if member.docstring is None:
        return
    for section in member.docstring.parsed:
        kind = section.kind.value
        if kind == "text":
            yield plain(section.value)
        elif kind in ("parameters", "attributes"):
            head = "Parameter" if kind == "parameters" else "Attribute"
            rows = [(code(one.name), code(one.annotation), plain(one.description)) for one in section.value]
            yield table((head, "Type", "Meaning"), rows)
        elif kind in ("returns", "yields"):
            yield f"{kind.capitalize()}: " + " ".join(plain(one.description) for one in section.value)
        elif kind == "raises":
            reasons = [(code(one.annotation), plain(one.description)) for one in section.value]
            yield table(("Raises", "When"), reasons)


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(value: Any) -> str:
    """A value as code; nothing where there is none."""
    return "" if value is None else f"`{value}`"


def plain(text: str) -> str:
    """A docstring's text on one line a paragraph, its literals as Markdown writes them."""
    paragraphs = text.replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
