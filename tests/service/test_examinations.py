from dataclasses import replace

import pytest

from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import BadContext
from calcwatch.domain.image import ImageDescription, ViewPosition
from calcwatch.models.onnx import suspicion_model
from calcwatch.service.analyze import group_images, read_examinations
from calcwatch.service.files.rules import read_rules
from calcwatch.service.files.statements import StatedContexts
from tests.formats.result.readings import described


def image(patient: str | None = None, date: str | None = None, study: str | None = None) -> ImageDescription:
    return ImageDescription("x.dcm", patient_id=patient, study_date=date, study_instance_uid=study)


@pytest.mark.parametrize(
    ("images", "grouped"),
    [
        ([], ()),
        ([image("P", "20250102", "1.2"), image("P", "20250102", "1.2")], ((0, 1),)),
        ([image("P", "20250102"), image("Q", "20250102"), image("P", "20250102")], ((0, 2), (1,))),
        ([image("P", "20250102"), image("P", "20260102")], ((0,), (1,))),
        ([image("P", "20250102", "1.2"), image("P", "20250102", "1.3")], ((0,), (1,))),
        ([image("P", study="1.2"), image("Q", study="1.2")], ((0,), (1,))),
        ([image("P", study="1.2"), image(study="1.2")], ((0,), (1,))),
        ([image(study="1.2"), image(study="1.2")], ((0, 1),)),
        ([image("P"), image("P"), image("P", "20250102")], ((0, 1), (2,))),
        ([image(), image()], ((0,), (1,))),
        ([image(date="20250102"), image(date="20250102")], ((0,), (1,))),
    ],
    ids=[
        "nothing",
        "same woman, day and study",
        "two women, in the order of their first images",
        "two days",
        "two studies",
        "study of two patients",
        "patient of one only",
        "study alone",
        "patient alone, and one with a date",
        "nothing known",
        "date alone",
    ],
)
def test_images_that_belong_together(
    images: list[ImageDescription], grouped: tuple[tuple[int, ...], ...]
) -> None:
    """Images are one examination when all that identifies them is the same, never when any part differs."""
    assert group_images(images) == grouped


def test_examinations_are_read_with_what_is_stated() -> None:
    """Each examination is read by the rules with what is stated of its woman alone."""
    mine = described()
    hers = replace(mine, description=replace(mine.description, patient_id="PHANTOM-2"))
    other = described("L-MLO.dcm", view=ViewPosition.MLO, uid="g2")
    contexts = StatedContexts(patients={"PHANTOM-2": ClinicalContext(age=61)})
    table, suspicion = read_rules(), suspicion_model()
    read, failed = read_examinations([mine, hers, other], table=table, suspicion=suspicion, contexts=contexts)
    assert failed == {}
    assert [examination.places for examination in read] == [(0, 2), (1,)]
    assert [examination.stated for examination in read] == [(), (("age", "61"),)]
    assert [len(examination.findings.groups) for examination in read] == [2, 1]
    assert read[0].questions == table.questions
    with pytest.raises(BadContext):
        only = StatedContexts(ClinicalContext(age=61), source="context.json")
        read_examinations([mine, hers], table=table, suspicion=suspicion, contexts=only)
