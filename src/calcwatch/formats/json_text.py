"""JSON of anybody: bounded in depth, its numbers finite, its words text, none stated twice."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Never

import numpy as np

MAX_DEPTH = 64
"""Objects and lists inside each other; documents of calcwatch have a dozen."""

MAX_NUMBER = 1e15
"""Largest number, either sign: every whole number up to it is exact as a float, and squares stay finite."""


class BadDocument(ValueError):
    """A document that cannot be read; the message names the place and the remedy, and quotes no value."""


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A string, or one without end. Possessive, and it matches at every quote: it reads once."""


def parse_json(content: bytes) -> Any:
    """Read JSON.

    Args:
        content: UTF-8, with or without byte order mark.

    Returns:
        What stands there.

    Raises:
        BadDocument: It is no JSON that is read; the message holds no value, and the remedy.

    """
    try:
        # utf-8-sig: editors on Windows put a byte order mark in front.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"it is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    _check_depth(content)
    try:
        parsed = json.loads(
            text,
            object_pairs_hook=_no_word_twice,
            parse_float=_bounded,
            parse_int=_bounded_whole,
            parse_constant=_no_number,
        )
        # A half of a pair of UTF-16 may be escaped in JSON, and can be written to no file.
        if "\\ud" in text.lower():
            json.dumps(parsed, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadDocument(f"it is no JSON, line {error.lineno}: {error.msg}") from error
    except UnicodeEncodeError as error:
        raise BadDocument("a text holds half a character (a lone surrogate); write it whole") from error
    return parsed


def _check_depth(content: bytes) -> None:
    bare = np.frombuffer(_STRING.sub(b"", content), np.uint8)
    opened = (bare == ord("[")) | (bare == ord("{"))
    closed = (bare == ord("]")) | (bare == ord("}"))
    # In 32 bits: files are smaller than 2 GiB.
    depth = np.cumsum(opened.astype(np.int8) - closed.astype(np.int8), dtype=np.int32)
    if depth.size and depth.max() > MAX_DEPTH:
        raise BadDocument(f"it is nested more than {MAX_DEPTH} deep; check the file")


def _no_word_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    # JSON would silently take the last of two contradicting statements.
    twice = next(name for name in names if names.count(name) > 1)
    # What objects are called by may be a Patient ID, which no message repeats.
    called = "the same name" if isinstance(found[twice], dict) else twice
    raise BadDocument(f"{called} is stated twice; state it once")


def _bounded(word: str) -> float:
    number = float(word)
    if not math.isfinite(number) or abs(number) > MAX_NUMBER:
        raise BadDocument(f"a number is beyond {MAX_NUMBER:g}; check it")
    return number


def _bounded_whole(word: str) -> int:
    # By its length first: reading thousands of digits takes long, and Python refuses it.
    if len(word) > 17 or abs(int(word)) > MAX_NUMBER:
        raise BadDocument(f"a number is beyond {MAX_NUMBER:g}; check it")
    return int(word)


def _no_number(word: str) -> Never:
    raise BadDocument(f"{word} is no number of JSON; write null for what is not known")
