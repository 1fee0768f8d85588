"""Editions of the lexicon as data: which words a person may write, and how a shape is called.

Words are matched exactly. A word of another edition may stand for several of ours: what it is, is then asked
by the facts of each and not told by the word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import Morphology
from calcwatch.exam.rule_table import parse_toml, rows_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_CERTAINTIES = ("sure", "likely", "weak")


@dataclass(frozen=True)
class LexiconWord:
    """A word of an edition that is not among our own.

    Attributes:
        edition: Name of the edition.
        word: As it is written.
        stands_for: Shapes that it may mean.
        certainty: ``sure``, ``likely`` or ``weak``.
        source: Where that is known from.
    """

    edition: str
    word: str
    stands_for: tuple[Morphology, ...]
    certainty: str
    source: str


@dataclass(frozen=True)
class LexiconTable:
    """A sound table of editions.

    Attributes:
        edition: The one that counts unless another is named.
        editions: Name of each edition -> how it is called.
        words: Words of editions that are not our own.
    """

    edition: str
    editions: Mapping[str, str]
    words: tuple[LexiconWord, ...]

    def morphologies_of(self, word: str, edition: str | None = None) -> tuple[Morphology, ...]:
        """Say what a written word means.

        Args:
            word: As it was written; it is matched exactly.
            edition: The edition that it is of; ``None``: the one that counts.

        Returns:
            The shapes that it may mean: one, or several where the edition has one word for them.

        Raises:
            ValueError: The edition or the word is not known; the message names what may be written.
        """
        edition = edition or self.edition
        if edition not in self.editions:
            raise ValueError(f"lexicon {edition!r} is not known; write one of {', '.join(self.editions)}")
        if word in list(Morphology):
            return (Morphology(word),)
        own = {entry.word: entry.stands_for for entry in self.words if entry.edition == edition}
        if word in own:
            return own[word]
        elsewhere = [entry.edition for entry in self.words if entry.word == word]
        if elsewhere:
            raise ValueError(f'{word!r} is a word of {elsewhere[0]}: add "lexicon": "{elsewhere[0]}"')
        raise ValueError(f"{word!r} is no word; write one of {', '.join((*Morphology, *own))}")

    def word_of(self, morphology: Morphology, edition: str | None = None) -> str:
        """Say how a shape is called in an edition.

        Args:
            morphology: The shape.
            edition: Name of the edition; ``None``: the one that counts.

        Returns:
            Its word there; its own word where the edition has no other.
        """
        edition = edition or self.edition
        named = (
            entry.word for entry in self.words if entry.edition == edition and morphology in entry.stands_for
        )
        return next(named, str(morphology))


def parse_lexicon(text: str) -> LexiconTable:
    """Make a table of its text.

    Args:
        text: TOML, as ``rules/lexicon.toml`` has it.

    Returns:
        The table.

    Raises:
        BadTable: It is not sound; the message names the word and the remedy.
    """
    written = parse_toml(text, "lexicon")
    if unknown := sorted(set(written) - {"edition", "editions", "word"}):
        raise BadTable(f"lexicon: {unknown[0]!r} is not understood; one of edition, editions, word")
    editions = texts_of(written, "editions", "lexicon")
    edition = written.get("edition", "")
    if edition not in list(editions):
        raise BadTable(f"lexicon: edition = {edition!r} is not among {', '.join(editions) or 'no editions'}")
    words = tuple(_word(row, editions) for row in rows_of(written, "word", "lexicon"))
    names = [(entry.edition, entry.word) for entry in words]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadTable(f"lexicon: {twice[1]!r} of {twice[0]} is there twice")
    return LexiconTable(edition, editions, words)


def _word(row: dict[str, Any], editions: Mapping[str, str]) -> LexiconWord:
    word = row.get("word", "")
    place = f"word {word!r} of the lexicon"
    if set(row) != {"edition", "word", "stands_for", "certainty", "source"}:
        raise BadTable(f"{place}: it needs edition, word, stands_for, certainty and source, and nothing else")
    texts = [row[name] for name in ("edition", "word", "certainty", "source")]
    shapes = row["stands_for"]
    if not all(isinstance(text, str) for text in texts) or not isinstance(shapes, list):
        raise BadTable(f"{place}: stands_for is a list of shapes, everything else a text")
    if row["edition"] not in editions:
        raise BadTable(f"{place}: edition = {row['edition']!r} is not known; one of {', '.join(editions)}")
    # a word of ours must keep its meaning in every edition: old statements are read by it
    if not word or word in list(Morphology):
        raise BadTable(f"{place}: it is empty or one of our own words; leave it out")
    if not shapes or any(shape not in list(Morphology) for shape in shapes):
        raise BadTable(f"{place}: stands_for = {row['stands_for']!r}; write shapes: {', '.join(Morphology)}")
    if row["certainty"] not in _CERTAINTIES or not row["source"]:
        raise BadTable(f"{place}: it needs a source, and a certainty: {', '.join(_CERTAINTIES)}")
    stands_for = tuple(Morphology(shape) for shape in shapes)
    return LexiconWord(row["edition"], word, stands_for, row["certainty"], row["source"])
