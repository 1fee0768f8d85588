"""The report on paper: the order of the page, no category of a breast, what this version can do."""

from __future__ import annotations

import re

import numpy as np

from calcwatch.domain.assessment import ExaminationResult
from calcwatch.formats.result.document import read_result
from calcwatch.report.overlay import encode_png
from calcwatch.report.paper import paper_html
from calcwatch.report.performance import Figure, Performance, performance, performance_lines
from calcwatch.words.lexicon import TRADEMARK_NOTE
from calcwatch.words.next_step import NOT_LOOKED_FOR_SHORT
from tests.formats.result.readings import written

PICTURE = encode_png(np.zeros((40, 30, 3), np.uint8))


def result() -> ExaminationResult:
    (read,) = read_result(*written())
    return read


def paper(read: ExaminationResult) -> str:
    html = paper_html(read, None, [PICTURE] * len(read.examination.images))
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body>") :]).split())


def test_paper_has_the_order_of_the_page() -> None:
    """What to do, suspicious findings, changes, how good this version is, images: in this order."""
    words = paper(result())
    places = [
        words.index(heading)
        for heading in (
            "What to do now: Look at 1 finding: left outer, suggestion 4B if confirmed.",
            "Suspicious, most urgent first",
            "BI-RADS 4B if confirmed , moderate suspicion: L CC A and L MLO A",
            "To do: magnification or more views first.",
            "Compared with the prior examination",
            "How good is this version",
            "L CC Orange: groups.",
        )
    ]
    assert places == sorted(places)
    for said in (NOT_LOOKED_FOR_SHORT, "a tight group of small specks", TRADEMARK_NOTE):
        assert said in words


def test_paper_gives_a_breast_no_category() -> None:
    """What is said of a breast is what was found and what was not looked for."""
    words = paper(result())
    breast = words[words.index("Left breast") : words.index("Worklist score")]
    assert "Marked on all its views together: 2 groups." in breast
    assert "BI-RADS" not in breast


def test_measured_performance_says_on_what_it_was_measured() -> None:
    """Another version than the measured one is named; what was not tested is always said."""
    measured = Performance("5", "Misses 1 in 10.", "implants", (Figure("Found", "0.9", "0.8 to 0.95", "x"),))
    assert measured.sentences("5") == ("Misses 1 in 10.", "Not tested on implants.")
    assert "Measured on analysis version 5; this result is of 6." in measured.sentences("6")
    lines = list(performance_lines("6"))
    assert lines[0] == performance().headline
    assert len(lines) >= 2 + len(performance().figures)
