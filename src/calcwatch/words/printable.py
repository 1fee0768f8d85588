"""Text of anybody, such as a name in a header or of a file, as it may be written and shown."""

from __future__ import annotations

import re
from unicodedata import category


def printable(words: str) -> str:
    r"""Text that any UTF-8 file can hold.

    Args:
        words: Any text, such as the name of a file.

    Returns:
        The text, bytes of a file name that are no UTF-8 as ``\xNN``.

    """
    # Python holds such bytes as lone surrogates, which no UTF-8 file can store; JSON may bring others.
    return re.sub(r"[\ud800-\udfff]", _escaped, words)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def shown(text: str) -> str:
    r"""Text as it is shown to people: one line, in which nothing turns, hides or moves the rest.

    Args:
        text: Any text, such as the name of a file or of a person.

    Returns:
        The text in UTF-8, control and format characters as ``\xNN`` or ``\uNNNN``: a character that
        reverses what follows would show another name.

    """
    whole = printable(text)
    # Most text, and every picture that is written as text, has nothing to be changed.
    if whole.isprintable():
        return whole
    return "".join(
        letter
        if letter.isprintable() or category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in whole
    )
