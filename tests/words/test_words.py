import pytest

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import QualityFlag
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS


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
