from pathlib import Path

import pytest

from calcwatch.domain.context import BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.errors import BadContext
from calcwatch.service.files.contexts import StatedContexts, read_contexts, stated_words


def written(folder: Path, text: str) -> Path:
    path = folder / "context.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_context_of_one_woman(tmp_path: Path) -> None:
    """A plain object is what is stated of the one woman of the run, whether or not her ID is known."""
    contexts = read_contexts(written(tmp_path, '{"exam_context": "diagnostic", "left": {"treated": true}}'))
    stated = ClinicalContext(ExamContext.DIAGNOSTIC, left=BreastContext(treated=True))
    assert contexts.of("P1") == contexts.of(None) == stated
    contexts.check(["P1", "P1", None])


def test_contexts_by_patient(tmp_path: Path) -> None:
    """Contexts by Patient ID are told apart; nothing is stated of a woman who is not named."""
    contexts = read_contexts(written(tmp_path, '{"patients": {"P1": {"age": 61}, "P2": {}}}'))
    assert contexts.of("P1") == ClinicalContext(age=61)
    assert contexts.of("P2") == contexts.of("P3") == contexts.of(None) == ClinicalContext()
    contexts.check(["P1", "P2", "P3"])


def test_one_womans_context_is_not_taken_for_another(tmp_path: Path) -> None:
    """What is stated of one woman is refused for the images of two, with the remedy."""
    contexts = read_contexts(written(tmp_path, '{"age": 61}'))
    with pytest.raises(BadContext, match=r'those of 2 patients; write \{"patients"'):
        contexts.check(["P1", "P2"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("[]", "must be an object"),
        ('{"age": 400}', "age 400 is not between 0 and 120"),
        ('{"exam_context": "routine"}', "exam_context 'routine' is not one of screening"),
        ('{"weight": 70}', "'weight' is not known"),
        ('{"patients": []}', "patients must be an object from Patient ID"),
        ('{"patients": {"P1": {"age": "old"}}}', "age 'old' is not a whole number"),
        ('{"patients": {"P1": 3}}', "patient P1 must be an object"),
        ('{"patients": {}, "age": 60}', "'age' stands beside 'patients'"),
    ],
)
def test_bad_context_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """A context that cannot be used is refused with the file, the name, the value and the remedy."""
    path = written(tmp_path, text)
    with pytest.raises(BadContext) as refused:
        read_contexts(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert told in str(refused.value)


def test_context_that_is_not_there(tmp_path: Path) -> None:
    """A context file that does not exist is refused."""
    with pytest.raises(BadContext, match="cannot be read: No such file"):
        read_contexts(tmp_path / "none.json")


def test_what_is_stated_in_words() -> None:
    """Everything that is stated comes back as names and values; what is not known is left out."""
    context = ClinicalContext(
        ExamContext.SCREENING, age=61, left=BreastContext(treated=True, reduction=False)
    )
    assert stated_words(context) == (
        ("exam_context", "screening"),
        ("age", "61"),
        ("left.treated", "yes"),
        ("left.reduction", "no"),
    )
    assert stated_words(ClinicalContext()) == ()
    assert StatedContexts().of("P1") == ClinicalContext()
