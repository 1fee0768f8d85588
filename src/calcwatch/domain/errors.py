"""What calcwatch refuses to do, and why: one small tree of errors."""

from __future__ import annotations

import traceback


class CalcwatchError(Exception):
    """Anything calcwatch refuses to do; the message names the thing, the value and the remedy."""


class UnreadableImage(CalcwatchError):
    """The file cannot be read: empty, truncated, encrypted, damaged or larger than allowed."""


class UnsupportedImage(CalcwatchError):
    """The file can be read but is not something calcwatch analyzes (not a mammogram, tomosynthesis, ...)."""


class BadTable(CalcwatchError):
    """A table, of images or of rules, or a row of it, that cannot be used; the message names the remedy."""


class BadContext(CalcwatchError):
    """What is stated of an examination cannot be used; the message names file, word and remedy."""


class BadSeries(CalcwatchError):
    """Examinations that cannot be compared as given; the message says why and what to give instead."""


class UnsuitableImage(CalcwatchError):
    """A mammogram whose breast cannot be analyzed (no breast found, all dark, saturated, ...)."""


class ResultNotWritten(CalcwatchError):
    """The place for a result holds something else or cannot be written; nothing was changed."""


class NotInResult(CalcwatchError):
    """What was asked for is not in the result, or that cannot be read; the message lists what there is."""


class BadFormat(CalcwatchError):
    """A result is asked for in a format that calcwatch does not write; the message lists those it does."""


class NotReleased(CalcwatchError):
    """A text for a patient that nobody has signed; the message names what is missing."""


class BadKeyFile(CalcwatchError):
    """A key file that cannot be used, or lies where it must not; the message names the remedy."""


def words_of_mistake(source: str, problem: BaseException) -> str:
    """Tell of an error that nobody foresaw: it is ours, and no fault of the file that met it.

    Args:
        source: The file or the examination that met it.
        problem: The error; neither its text, which may quote a header, nor its name, which is no reason, is
            repeated.

    Returns:
        A sentence with the line of code where it happened, and what to do.

    """
    # Told apart, because the remedy is the user's.
    if isinstance(problem, MemoryError):
        return (
            f"{source}: memory ran out; close other programs and try it again, with fewer --workers where "
            "the command has them"
        )
    last = traceback.extract_tb(problem.__traceback__)[-1:]
    names = [frame.filename.replace("\\", "/").rpartition("/")[2] for frame in last]
    where = "".join(f" ({name}:{frame.lineno})" for name, frame in zip(names, last, strict=True))
    return f"{source}: a mistake of calcwatch{where}, not of the file; please report it, with no patient data"
