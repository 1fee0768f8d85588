import pytest

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import QualityFlag
from calcwatch.domain.lexicon import Morphology
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS
from calcwatch.words.lexicon import MORPHOLOGY_WORDS


@pytest.mark.parametrize("flag", QualityFlag)
def test_every_flag_has_a_sentence_and_a_remedy(flag: QualityFlag) -> None:
    """Every quality flag has a sentence and a remedy, each ending with a period."""
    words = FLAG_WORDS[flag]
    assert words.sentence.endswith(".")
    assert words.remedy.endswith(".")
    assert "_" not in words.sentence + words.remedy


@pytest.mark.parametrize("kind", NonLesionKind)
def test_every_kind_has_words(kind: NonLesionKind) -> None:
    """Every kind of non-lesion has words without underscores."""
    assert "_" not in KIND_WORDS[kind]


def test_every_shape_has_words_of_its_own() -> None:
    """Each shape of the lexicon is said in words, no two in the same."""
    assert set(MORPHOLOGY_WORDS) == set(Morphology)
    assert not any("_" in words for words in MORPHOLOGY_WORDS.values())
    assert len(set(MORPHOLOGY_WORDS.values())) == len(Morphology)
