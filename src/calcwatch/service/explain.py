"""Find a group in a result and explain how the suggestion for it came about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import NotInResult
from calcwatch.formats.json_text import BadDocument
from calcwatch.formats.result.document import read_document, read_findings
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.report.explanation import explanation, named_groups
from calcwatch.service.files.result_folder import findings_file
from calcwatch.service.files.rules import read_rules
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_side_file, unreadable_because

_LISTED = 20  # groups that a message names


def explain_group(name: str, result: Path) -> tuple[str, ...]:
    """Explain a group of a result.

    Args:
        name: Its tracking UID, an ending of it that only one group has, or its image's number among the
            images of the result and its letter, as ``2:A``.
        result: A ``findings.json`` or the folder that holds one.

    Returns:
        Lines of text.

    Raises:
        NotInResult: There is no such group or more than one, and the message lists those there are; or the
            result cannot be read.

    """
    path = findings_file(result)
    document = _read(path)
    uids = {own: str(group["tracking_uid"]) for own, (_, group) in named_groups(document).items()}
    return tuple(explanation(document, _find(name, uids, path), read_rules()))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_document(read_side_file(path, MAX_RESULT_BYTES), path, least=WITH_SUGGESTIONS)
        # What the schema cannot say: groups that have their members, examinations that have their images.
        read_findings(document)
        for image in document["images"]:
            if any(len(group["rule_ids"]) != len(group["reasons"]) for group in image["groups"]):
                raise BadDocument("a group has not a reason for each rule that fired")
        return document
    except OSError as error:
        raise NotInResult(
            f"{path}: cannot be read: {error.strerror}; give a result with --findings"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotInResult(
            f"{path}: this is no findings.json that can be read: {unreadable_because(error)}; give a result "
            "with --findings"
        ) from error


def _find(name: str, uids: dict[str, str], path: Path) -> str:
    """The group that is called so, as ``2:A``; ``uids``: tracking UID of every group by that name."""
    if re.fullmatch(r"\d+:[A-Za-z]+", name):
        fitting = [name.upper()] if name.upper() in uids else []
    else:
        # The whole UID first, for a short UID may be the end of a long UID.
        fitting = [own for own, uid in uids.items() if uid == name]
        # The last characters will do, as tracking identifiers in DICOM show them.
        fitting = fitting or [own for own, uid in uids.items() if name and uid.endswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    how_many = f"{len(fitting)} groups are" if fitting else "no group is"
    listed = fitting or list(uids)
    shown = ", ".join(f"{own} ({uids[own]})" for own in listed[:_LISTED])
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    remedy = f"name one of {shown}{more}" if listed else "the result holds no group"
    raise NotInResult(f"{path}: {how_many} called {name!r}; {remedy}")
