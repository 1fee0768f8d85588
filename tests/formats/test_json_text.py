"""JSON of strangers."""

from __future__ import annotations

import time

import pytest

from calcwatch.formats.json_text import MAX_DEPTH, BadDocument, parse_json


@pytest.mark.parametrize("content", [b'{"a": [1, 2.5, null]}', b'\xef\xbb\xbf{"a": [1, 2.5, null]}'])
def test_plain_json(content: bytes) -> None:
    """JSON is read with and without byte order mark; brackets in a text are no depth, emoji are whole."""
    assert parse_json(content) == {"a": [1, 2.5, None]}
    assert parse_json(b'["%s"]' % (b"[" * 1000)) == ["[" * 1000]
    assert parse_json(rb'["\ud83d\ude00 \"["]') == ['\U0001f600 "[']


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 1_000_000, "deep"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deep"),
        (b'{"a":' * 100_000, "deep"),
        (b'"' + b'\\"' * 1_000_000, "no JSON, line 1"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "Infinity is no number"),
        (b"[1e400]", "beyond"),
        (b"[-1e16]", "beyond"),
        (b"[" + b"9" * 100_000 + b"]", "beyond"),
        (rb'["\ud800"]', "half a character"),
        (rb'{"\uDfFf": 1}', "half a character"),
        (b'["\xff"]', "not UTF-8"),
        (b'{"side": 1, "side": 2}', "side is stated twice"),
        (b"", "no JSON"),
    ],
)
def test_json_that_is_not_read(content: bytes, reason: str) -> None:
    """What no document holds is refused at once, with the reason."""
    begun = time.process_time()
    with pytest.raises(BadDocument, match=reason):
        parse_json(content)
    assert time.process_time() - begun < 2


def test_no_name_of_a_person_is_repeated() -> None:
    """What objects are called by may be a Patient ID: a message about it does not repeat it."""
    with pytest.raises(BadDocument) as caught:
        parse_json(b'{"patients": {"Doe^Jane": {}, "Doe^Jane": {}}}')
    assert "Doe" not in str(caught.value)
