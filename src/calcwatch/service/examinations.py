"""Images of a run -> examinations: which images belong together, and what each examination says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import ImageDescription
from calcwatch.exam.read import analyze_exam
from calcwatch.exam.rule_table import RuleTable
from calcwatch.formats.result.run import ReadExamination, first_given
from calcwatch.image.describe.suspicion import SuspicionModel
from calcwatch.service.files.contexts import StatedContexts, stated_words

_Identity = tuple[str | None, str | None, str | None]


def group_images(images: Sequence[ImageDescription]) -> tuple[tuple[int, ...], ...]:
    """Places of the images of each examination, 0 first.

    Images belong together when Patient ID, Study Date and Study Instance UID are all the same, "not given"
    counting as a value of its own: images that disagree in any of them are never merged. An image with
    neither patient nor study is an examination of its own. An examination stands where its first image does,
    and its images keep their order.
    """
    together: dict[_Identity | int, list[int]] = {}
    for place, image in enumerate(images):
        identity = (image.patient_id, image.study_date, image.study_instance_uid)
        is_known = image.patient_id or image.study_instance_uid
        together.setdefault(identity if is_known else place, []).append(place)
    return tuple(tuple(places) for places in together.values())


class ExaminationNotRead(Exception):
    """An error in calcwatch while an examination was read; its cause says which. ``places``: its images."""

    def __init__(self, places: tuple[int, ...]) -> None:
        super().__init__(f"the examination of {len(places)} images was not read")
        self.places = places


def read_examinations(
    images: Sequence[ImageFindings], *, table: RuleTable, suspicion: SuspicionModel, contexts: StatedContexts
) -> tuple[ReadExamination, ...]:
    """Group the images into examinations and read each, in the order of ``group_images``.

    ``table``: the rules that suggest; ``suspicion``: the numbers that make the score; ``contexts``: what
    persons state. Raises ``BadContext`` when what is stated of one woman would be taken as said of several,
    and ``ExaminationNotRead`` for the first examination in which calcwatch fails.
    """
    grouped = group_images([image.description for image in images])
    patients = [first_given([images[place] for place in places], "patient_id") for places in grouped]
    contexts.check(patients)
    read = partial(_read, images, table=table, suspicion=suspicion)
    return tuple(
        read(places, context=contexts.of(patient)) for places, patient in zip(grouped, patients, strict=True)
    )


def _read(
    images: Sequence[ImageFindings],
    places: tuple[int, ...],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    context: ClinicalContext,
) -> ReadExamination:
    own = [images[place] for place in places]
    try:
        found = analyze_exam(own, table=table, suspicion=suspicion, context=context)
        return ReadExamination(places, found, stated_words(context), table.questions)
    except Exception as problem:
        raise ExaminationNotRead(places) from problem
