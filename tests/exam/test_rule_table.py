"""The language of the rule table, and the tables that are refused."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict

import pytest

from calcwatch.domain.change import SurgicalBedPosition
from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import CLASSIC_BENIGN, Morphology
from calcwatch.exam.facts import FACT_KINDS, Facts
from calcwatch.exam.rule_table import parse_condition, parse_rules, parse_thresholds
from calcwatch.service.files.rules import read_rules
from tests.paths import ROOT

SOUND = """
version = "7"
lexicon = "BI-RADS 5th edition (2013)"
[questions]
in_bed = "Where?"
[[classic]]
id = "K"
when = ["morphology = round", "bilateral"]
category = "2"
reason = "Benign."
source = "Somebody 2001"
[[base]]
id = "ALL"
when = ["symptom = unknown"]
category = "4A"
reason = "Anything."
source = "Somebody 2001"
[[base]]
id = "LESS"
when = ["not symptom"]
category = "2"
instead_of = ["ALL"]
reason = "Less."
source = "Somebody 2001"
[[modifier]]
id = "UP"
when = ["count >= 5"]
wants = ["in_bed"]
steps_up = 1
reason = "Many."
source = "Somebody 2001"
[[context]]
id = "SHOW"
when = ["known_cancer"]
show = "6"
reason = "Known."
source = "Somebody 2001"
[[likelihood]]
when = ["classic"]
low = 0.0
high = 0.1
source = "Somebody 2001"
""" + "".join(
    f'''[[limits]]
category = "{category}"
low = 0.2
high = 0.3
source = "Somebody 2001"
'''
    for category in ("2", "3", "4A", "4B", "4C", "5")
)


@pytest.mark.parametrize(
    ("text", "facts", "holds"),
    [
        ("companion", Facts(companion=True), True),
        ("companion", Facts(companion=False), False),
        ("companion", Facts(), None),
        ("not companion", Facts(companion=True), False),
        ("not  companion ", Facts(companion=False), True),
        ("not companion", Facts(), None),
        ("morphology = round", Facts(morphology=Morphology.ROUND), True),
        ("morphology=round | punctate", Facts(morphology=Morphology.PUNCTATE), True),
        ("morphology = round|punctate", Facts(morphology=Morphology.RIM), False),
        ("morphology = round|punctate", Facts(), None),
        ("morphology = round|unknown", Facts(), True),
        ("in_bed = outside|unknown", Facts(in_bed=SurgicalBedPosition.INSIDE), False),
        ("companion = unknown", Facts(), True),
        ("companion = unknown", Facts(companion=True), False),
        ("count >= 5", Facts(count=5), True),
        ("count >= 5", Facts(count=4), False),
        ("count > 5", Facts(count=5), False),
        ("count <= 5", Facts(count=5), True),
        ("median_mm < 0.9", Facts(median_mm=0.89), True),
        ("median_mm < 0.9", Facts(), None),
        ("count < 1", Facts(count=0), True),
        ("injury or implants", Facts(implants=True), True),
        ("injury or implants", Facts(implants=False), None),
        ("injury or implants", Facts(injury=False, implants=False), False),
        ("injury or count > 5 or morphology = rim", Facts(morphology=Morphology.RIM), True),
    ],
)
def test_a_condition_holds_or_not_or_is_not_known(text: str, facts: Facts, holds: bool | None) -> None:
    """Each form of condition, with the fact known and not known."""
    assert parse_condition(text, "rule T").holds(facts) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size > 3", "rule T: there is no fact 'size'; known: morphology, distribution"),
        ("morphology = roundish", "rule T: 'morphology = roundish': 'roundish' is no value of morphology"),
        ("morphology", "morphology is no yes-or-no fact; write 'morphology = word'"),
        ("count", "count is no yes-or-no fact"),
        ("companion > 3", "companion is no number; write 'companion = word'"),
        ("morphology > 3", "morphology is no number"),
        ("companion = yes", "'yes' is no value of companion; one of unknown"),
        ("count = 5", "'5' is no value of count"),
        ("count > five", "cannot read 'count > five'; write fact, not fact, fact = a|b, or fact >= 5"),
        ("", "cannot read ''"),
    ],
)
def test_a_condition_that_says_nothing_is_refused(text: str, message: str) -> None:
    """The message names the rule, the words and what could be written."""
    with pytest.raises(BadTable, match=re.escape(message)):
        parse_condition(text, "rule T")


def test_a_sound_table_is_read() -> None:
    """Rules keep their order within the sections, and the sections theirs."""
    table = parse_rules(SOUND, read_rules().thresholds)
    assert (table.version, [rule.id for rule in table.rules]) == ("7", ["K", "ALL", "LESS", "UP", "SHOW"])
    assert [condition.text for condition in table.rule("K").when] == ["morphology = round", "bilateral"]
    assert table.rule("UP").steps_up == 1
    assert table.questions["in_bed"] == "Where?"


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ('version = "7"', "version = ", "rule table: not TOML"),
        ('version = "7"', "", "rule table: it has no version"),
        ('version = "7"', 'author = "me"\nversion = "7"', "'author' is not understood here"),
        ('id = "K"', "", r"rule 1 of [[classic]], which has no id: it has no id"),
        ('id = "UP"', 'id = "ALL"', "rule ALL: the id is there twice"),
        ('reason = "Many."', "", "rule UP: it has no reason; every rule says why"),
        ('reason = "Many."\nsource = "Somebody 2001"', 'reason = "Many."', "rule UP: it has no source"),
        ('reason = "Many."', "reason = 3", "rule UP: it has no reason"),
        ('when = ["count >= 5"]', "", "rule UP: it has no condition"),
        ('when = ["count >= 5"]', 'when = ["numbers >= 5"]', "rule UP: there is no fact 'numbers'"),
        ('wants = ["in_bed"]', 'wants = ["bed"]', "rule UP: there is no fact 'bed'"),
        ('wants = ["in_bed"]', 'wants = ["age"]', "rule UP: it wants age; say under [questions]"),
        ('in_bed = "Where?"', 'bed = "Where?"', "questions: there is no fact 'bed'"),
        (
            'category = "4A"',
            'category = "4D"',
            "rule ALL: category = '4D' is no category; one of 1, 2, 3, 4A",
        ),
        ('category = "4A"', 'category = "0"', "rule ALL: category = '0' is no category"),
        ('category = "4A"', "", "rule ALL: it gives no category; add one, or move it to [[modifier]]"),
        ("steps_up = 1", "steps_up = -1", "rule UP: steps_up = -1 must be 0 or more: no rule lowers"),
        ("steps_up = 1", 'category = "2"', "rule UP: 'category' is not understood here"),
        ('show = "6"', 'show = "2"', "rule SHOW: show = '2'; only '6'"),
        ('instead_of = ["ALL"]', 'instead_of = ["UP"]', "rule LESS: it stands in for UP"),
        ('instead_of = ["ALL"]', 'instead_of = ["LESS"]', "rule LESS: it stands in for LESS"),
        (
            'when = ["not symptom"]',
            'when = ["not symptom"]\nunless = ["bilateral"]',
            "rule LESS: what is not known may not",
        ),
        (
            'when = ["not symptom"]',
            'when = ["symptom = unknown"]',
            "rule LESS: what is not known may not reassure",
        ),
        (
            '"bilateral"]',
            '"bilateral", "treated = unknown"]',
            "rule K: what is not known may not reassure",
        ),
        (
            'when = ["symptom = unknown"]',
            'when = ["morphology = round"]',
            "no rule of [[base]] covers skin_lucent_centered, single",
        ),
        ("high = 0.1", "high = 10", "likelihood of ['classic']: low 0.0 and high 10 must be shares"),
        ("low = 0.0", 'low = "none"', "likelihood of ['classic']: low 'none'"),
        ('category = "4B"\nlow = 0.2', 'category = "1"\nlow = 0.2', "limits: 4B is missing; say between"),
        ('category = "4B"\nlow = 0.2', 'category = "4A"\nlow = 0.2', "limits of 4A: each row names a"),
        ('category = "4B"\nlow = 0.2', "low = 0.2", "limits of a row: each row names a category"),
        ("low = 0.2", "low = false", "limits of 2: low False"),
        ('when = ["count >= 5"]', 'when = "count >= 5"', "rule UP: when = 'count >= 5' is no list of texts"),
        ('when = ["count >= 5"]', "when = 5", "rule UP: when = 5 is no list of texts"),
        ('wants = ["in_bed"]', "wants = 5", "rule UP: wants = 5 is no list of texts"),
        ('instead_of = ["ALL"]', "instead_of = 5", "rule LESS: instead_of = 5 is no list of texts"),
        ("steps_up = 1", "steps_up = true", "rule UP: steps_up = True must be 0 or more"),
        ("steps_up = 1", "steps_up = 1\nincomplete = 5", "rule UP: it has no incomplete"),
        ("[[modifier]]", "[modifier]", "rule table: modifier is no list of rows; write [[modifier]]"),
        ('in_bed = "Where?"', "in_bed = 5", "rule table: in_bed under [questions] is 5; write a text"),
        ("[questions]", "[[questions]]", "rule table: questions holds no words; write [questions]"),
        ("low = 0.2", "low = 0.4", "limits of 2: low 0.4 and high 0.3 must be shares"),
    ],
)
def test_a_table_that_is_not_sound_is_refused(written: str, instead: str, message: str) -> None:
    """Each fault is refused with the rule's id and the remedy."""
    assert written in SOUND
    with pytest.raises(BadTable, match=re.escape(message)):
        parse_rules(SOUND.replace(written, instead, 1), read_rules().thresholds)


THRESHOLDS = (ROOT / "src" / "calcwatch" / "rules" / "facts.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("value = 4\n", "value = \n", "thresholds: not TOML"),
        ("[cost_ratio]", "[costs]", "thresholds: 'costs' is not understood here"),
        ("value = 4\n", "", "threshold max_alternatives: value = None is no count; write a whole number"),
        ("value = 4\n", "value = 2.5\n", "max_alternatives: value = 2.5 is no count"),
        ("value = 4\n", "value = true\n", "max_alternatives: value = True is no count"),
        ("value = 6.0\n", "value = 0.5\n", "cost_ratio: value = 0.5 is no ratio; write a number from 1 to"),
        ("value = 0.5\n", "value = 1.5\n", "value = 1.5 is no probability; write a number from 0 to 1"),
        ("value = 0.5\n", 'value = "half"\n', "value = 'half' is no probability"),
        ("value = 30.0\n", "value = 100\n", "value = 100 is no degrees; write a number from 0 to 90"),
        ('unit = "degrees"', 'unit = "radians"', "unit = 'radians' is not 'degrees', in which its value"),
        ('origin = "chosen"', 'origin = "guessed"', "origin = 'guessed' is not known; one of standard"),
        ('origin = "chosen"', 'origin = "measured"', "cost_ratio: it has no reference"),
        ('origin = "chosen"', 'note = "mine"', "cost_ratio: 'note' is not understood here"),
        (
            'meaning = "No more alternatives are listed than a reader looks at."',
            "",
            "threshold max_alternatives: it has no meaning; every threshold says why",
        ),
    ],
)
def test_thresholds_that_are_not_sound_are_refused(written: str, instead: str, message: str) -> None:
    """Each fault is refused with the threshold's name, its value and the remedy."""
    assert written in THRESHOLDS
    with pytest.raises(BadTable, match=re.escape(message)):
        parse_thresholds(THRESHOLDS.replace(written, instead, 1))


def test_a_threshold_that_is_left_out_is_named() -> None:
    """A file that lacks one, or gives it a bare value, is refused with its name and how to write it."""
    for text in ("", "cost_ratio = 3"):
        with pytest.raises(BadTable, match="threshold cost_ratio: it is not there; write it"):
            parse_thresholds(text)


def test_every_threshold_can_be_read_by_a_clinician() -> None:
    """Each says its meaning in a sentence, and every value is read as it is written."""
    written = tomllib.loads(THRESHOLDS)
    assert {name: entry["value"] for name, entry in written.items()} == asdict(parse_thresholds(THRESHOLDS))
    for name, entry in written.items():
        assert entry["meaning"][0].isupper(), name
        assert entry["meaning"].endswith("."), name


def test_every_classic_benign_shape_has_a_rule() -> None:
    """What the lexicon calls typically benign when classic, some rule of that section names by itself."""
    named = {
        choice
        for rule in read_rules().of("classic")
        for condition in rule.when
        if condition.fact == "morphology"
        for choice in condition.choices
    }
    assert named >= set(CLASSIC_BENIGN)


def test_every_fact_is_asked_by_some_rule() -> None:
    """No fact is carried along that no rule of the shipped table asks for."""
    table = read_rules()
    named = {
        fact for rule in table.rules for condition in (*rule.when, *rule.unless) for fact in condition.facts
    }
    assert set(FACT_KINDS) - named == set()
    wanted = {name for rule in table.rules for name in rule.wants}
    assert set(table.questions) == wanted


def test_every_shipped_reason_and_source_can_be_read() -> None:
    """Reasons are sentences; sources name a study, a year or that it is caution, and no tag of ours."""
    for rule in read_rules().rules:
        assert rule.reason[0].isupper(), rule.id
        assert rule.reason.endswith("."), rule.id
        assert not rule.incomplete or rule.incomplete.endswith("."), rule.id
        assert len(rule.reason) <= 200, rule.id
        assert not re.search(r"\[?\bP\d+\b", rule.source), rule.id
