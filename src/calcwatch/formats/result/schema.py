"""JSON Schema (draft 2020-12) of the documents of a result; ``calcwatch schema`` prints it."""

from __future__ import annotations

import json

from calcwatch.formats.result.document import DOCUMENTS
from calcwatch.formats.result.fields import Schema


def document_schema(name: str = "findings") -> Schema:
    """Schema of a document: every field with its meaning, its unit and what null means.

    Args:
        name: Which of ``DOCUMENTS`` it is.

    Returns:
        The schema; it allows no field but those of the table.

    """
    table = DOCUMENTS[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:calcwatch:{name}:{table.version}",
        "title": f"calcwatch {name}",
        **table.record.described(table.meaning),
    }


def schema_text(name: str = "findings") -> str:
    """Write a schema as JSON.

    Args:
        name: Which of ``DOCUMENTS`` it is of.

    Returns:
        The schema, indented, a newline at the end.

    """
    return json.dumps(document_schema(name), indent=2, ensure_ascii=False) + "\n"
