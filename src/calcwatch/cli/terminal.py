"""Words for a terminal."""

from __future__ import annotations

import os


def one_line(text: str) -> str:
    """Return text that is one line and moves no cursor, whatever a file is called."""
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
