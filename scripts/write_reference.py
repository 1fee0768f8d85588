"""Writes the parts of docs/ that the code knows better than any author: fields, flags, commands and options.

Each part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; everything else on a page is left
alone. ``--check`` writes nothing and exits 1, naming the pages, when a part is not what it should be.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from api_reference import ROOMS, public_part, room_part
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from calcwatch.cli.commands import app
from calcwatch.comparison.settings import ComparisonSettings
from calcwatch.domain.image import BLOCKING_FLAGS
from calcwatch.domain.settings import described_settings
from calcwatch.exam.rule_table import SECTIONS, Rule
from calcwatch.exam.settings import ExamSettings
from calcwatch.formats.result.schema import document_schema
from calcwatch.formats.result.tables import (
    CALCIFICATION_COLUMNS,
    EXAMINATION_COLUMNS,
    GROUP_COLUMNS,
    IMAGE_COLUMNS,
)
from calcwatch.image.settings import AnalysisSettings
from calcwatch.service.files.rules import SHIPPED_THRESHOLDS, read_lexicon, read_rules
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS, REASONS
from calcwatch_lab.cli.main import app as lab

SECTION_TITLES = {
    "classic": "Typically benign",
    "judged": "Judged by the least expected cost, and not suspicious",
    "base": "Shape and distribution",
    "modifier": "What raises, and notes",
    "context": "What the examination allows to say",
}

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(arguments: Sequence[str]) -> int:
    """Write every part, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a page is not current"
    )
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the pages")
    options = parser.parse_args(arguments)
    stale = [page for page in sorted(options.docs.rglob("*.md")) if renew(page, write=not options.check)]
    for page in stale if options.check else []:
        print(f"docs: {page.name} is not what the code says: run `make docs`")
    return 1 if stale and options.check else 0


def renew(page: Path, *, write: bool) -> bool:
    """Put the current text into every part of a page; tell whether the page changed."""
    text = page.read_text(encoding="utf-8")
    current = re.sub(r"<!-- begin (\S+) -->\n.*?<!-- end \1 -->", write_part, text, flags=re.DOTALL)
    if write and current != text:
        page.write_text(current, encoding="utf-8")
    return current != text


def write_part(found: re.Match[str]) -> str:
    """The part's marks with its current text between them; ``KeyError`` for a part nobody writes."""
    name = found[1]
    return f"<!-- begin {name} -->\n{PARTS[name]()}\n<!-- end {name} -->"


def table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def document_part(name: str, *, told_elsewhere: str = "") -> str:
    """One table an object of a document, outermost first; objects below ``told_elsewhere`` are left out."""
    parts = []
    for path, schema in objects_of("", document_schema(name)):
        if told_elsewhere and path.startswith(told_elsewhere):
            continue
        rows = (
            (f"`{key}`", type_of(field), field["description"]) for key, field in schema["properties"].items()
        )
        title = f"### `{path}`" if path else "### The document"
        parts.append(f"{title}\n\n{schema['description']}\n\n{table(('Name', 'Type', 'Meaning'), rows)}")
    return "\n\n".join(parts)


def objects_of(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with named properties, as ``images[].groups[]`` and its schema."""
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        yield from objects_of(f"{path}[]", schema["items"])
    elif "properties" in schema:
        yield path, schema
        for name, field in schema["properties"].items():
            yield from objects_of(f"{path}.{name}".lstrip("."), field)


def type_of(field: dict[str, Any]) -> str:
    """``number or null``, ``list``, ..."""
    names = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join("list" if name == "array" else name for name in names)


def columns_part() -> str:
    """The columns of the tables; those of calcifications and groups after what the two share."""
    rows = [
        ("`examinations.csv`", EXAMINATION_COLUMNS),
        ("both others, first", IMAGE_COLUMNS),
        ("`calcifications.csv`", [name for name in CALCIFICATION_COLUMNS if name not in IMAGE_COLUMNS]),
        ("`groups.csv`", [name for name in GROUP_COLUMNS if name not in IMAGE_COLUMNS]),
    ]
    return table(
        ("Table", "Columns"),
        ((name, ", ".join(f"`{column}`" for column in columns)) for name, columns in rows),
    )


def flags_part() -> str:
    """Every quality flag with what it means, what to do, and whether it forbids an analysis."""
    rows = (
        (f"`{flag}`", words.sentence, words.remedy, "refused" if flag in BLOCKING_FLAGS else "analyzed")
        for flag, words in FLAG_WORDS.items()
    )
    return table(("Flag", "What it means", "What to do", "The image is"), rows)


def kinds_part() -> str:
    """Every kind of thing that is no calcification."""
    return table(("`kind`", "What it is"), ((f"`{kind}`", words) for kind, words in KIND_WORDS.items()))


def reasons_part() -> str:
    """Every reason for which a file gives no findings."""
    return table(("`reason_code`", "Meaning"), ((f"`{code}`", meaning) for code, meaning in REASONS.items()))


def rules_part() -> str:
    """The shipped rule table, one table a section, and what studies found."""
    rules = read_rules()
    parts = [f"Version {rules.version}, {rules.lexicon}."]
    for section in SECTIONS:
        rows = (
            (f"`{one.id}`", conditions(one), effect(one), one.reason, one.source) for one in rules.of(section)
        )
        heads = ("Rule", "When", "Effect", "Reason", "Source")
        parts.append(f"### {SECTION_TITLES[section]}\n\n{table(heads, rows)}")
    shares = (
        (
            "; ".join(f"`{condition.text}`" for condition in one.when),
            f"{100 * one.found.low:.1f} to {100 * one.found.high:.1f} %",
            one.found.source,
        )
        for one in rules.likelihoods
    )
    parts.append(f"### What studies found malignant\n\n{table(('When', 'Share', 'Source'), shares)}")
    limits = (
        (f"`{category}`", f"{100 * found.low:g} to {100 * found.high:g} %", found.source)
        for category, found in rules.limits.items()
    )
    parts.append(f"### What categories stand for\n\n{table(('Category', 'Share', 'Source'), limits)}")
    asked = ((f"`{name}`", question) for name, question in rules.questions.items())
    parts.append(f"### What is asked for\n\n{table(('Fact', 'Question'), asked)}")
    return "\n\n".join(parts)


def thresholds_part() -> str:
    """The shipped thresholds that turn measurements into facts, once they have been found sound."""
    read_rules()
    entries = tomllib.loads(SHIPPED_THRESHOLDS.read_text(encoding="utf-8"))
    rows = (
        (
            f"`{name}`",
            f"{entry['value']:g} ({entry['unit']})",
            entry["meaning"],
            ": ".join(filter(None, (entry["origin"], entry.get("reference")))),
        )
        for name, entry in entries.items()
    )
    return table(("Threshold", "Value", "Meaning", "Where from"), rows)


def lexicon_part() -> str:
    """The words of editions of the lexicon that are not our own."""
    lexicon = read_lexicon()
    rows = (
        (
            f"`{entry.word}`",
            lexicon.editions[entry.edition],
            ", ".join(f"`{shape}`" for shape in entry.stands_for),
            entry.certainty,
            entry.source,
        )
        for entry in lexicon.words
    )
    words = table(("Word", "Edition", "Stands for", "How sure", "Source"), rows)
    return f"Edition that counts: {lexicon.editions[lexicon.edition]} (`{lexicon.edition}`).\n\n{words}"


def conditions(rule: Rule) -> str:
    """What must hold, and what must not."""
    texts = "; ".join(f"`{condition.text}`" for condition in rule.when)
    exceptions = "; ".join(f"`{condition.text}`" for condition in rule.unless)
    return f"{texts}; unless {exceptions}" if exceptions else texts


def effect(rule: Rule) -> str:
    """What a rule does, in a few words."""
    words = [
        f"category {rule.category}" if rule.category else "",
        f"in place of {', '.join(rule.instead_of)}" if rule.instead_of else "",
        f"{rule.steps_up} step up" if rule.steps_up else "",
        f"at least {rule.at_least}" if rule.at_least else "",
        f"0: {rule.incomplete}" if rule.incomplete else "",
        f"shows {rule.show}" if rule.show else "",
    ]
    return "; ".join(word for word in words if word) or "note"


def commands_part() -> str:
    """Every command of both programs with its arguments and options, those of groups too."""
    named = [("calcwatch", get_command(app)), ("calcwatch-lab", get_command(lab))]
    return "\n\n".join(command_text(name, one) for name, top in named for name, one in leaves(name, top))


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The commands of a group, those of the groups in it too, by name."""
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    for own, part in sorted(command.commands.items()):
        yield from leaves(f"{name} {own}", part)


def command_text(name: str, command: Any) -> str:
    """One command: its help text and a table of what it takes."""
    rows = ((f"`{spelling(one)}`", getattr(one, "help", None) or "") for one in command.params)
    text = f"## {name}\n\n{fence_examples((command.help or '').strip())}"
    return f"{text}\n\n{table(('Takes', 'Meaning'), rows)}" if command.params else text


def fence_examples(text: str) -> str:
    """Put runs of indented lines, which a terminal shows as they are, into one code block each."""
    return re.sub(
        r"(?:^ +\S.*\n*)+",
        lambda run: "```sh\n" + re.sub(r"\n\s*", "\n", run[0].strip()) + "\n```\n\n",
        text,
        flags=re.MULTILINE,
    ).strip()


def spelling(parameter: Any) -> str:
    """An option as it is typed with what it wants, or an argument as the help text calls it."""
    wants = parameter.metavar or ""
    if isinstance(parameter, TyperOption):
        return " ".join([", ".join([*parameter.opts, *parameter.secondary_opts]), wants]).strip()
    return wants or str(parameter.name).upper()


def settings_part(settings: object) -> str:
    """Every number of a stage with its unit, its meaning and its origin."""
    rows = (
        (
            f"`{name}`",
            value_words(value),
            described["unit"],
            described["meaning"],
            ": ".join(filter(None, (described["origin"], described["reference"]))),
        )
        for name, value, described in described_settings(settings)
    )
    return table(("Name", "Value", "Unit", "Meaning", "Origin"), rows)


def value_words(value: object) -> str:
    """A value as a table shows it."""
    if isinstance(value, tuple):
        return ", ".join(f"({value_words(item)})" if isinstance(item, tuple) else str(item) for item in value)
    return str(value)


PARTS: dict[str, Callable[[], str]] = {
    "findings": partial(document_part, "findings"),
    "comparison": partial(document_part, "comparison"),
    "history": partial(document_part, "history", told_elsewhere="steps[]"),
    "columns": columns_part,
    "flags": flags_part,
    "kinds": kinds_part,
    "reasons": reasons_part,
    "commands": commands_part,
    "rules": rules_part,
    "thresholds": thresholds_part,
    "lexicon": lexicon_part,
}

PARTS |= {
    "settings-image": partial(settings_part, AnalysisSettings()),
    "settings-exam": partial(settings_part, ExamSettings()),
    "settings-comparison": partial(settings_part, ComparisonSettings()),
}
PARTS["api-calcwatch"] = public_part
PARTS |= {f"api-{room}": partial(room_part, room) for room in ROOMS}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
