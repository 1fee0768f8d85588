"""A result as FHIR R4: one transaction that a server takes as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.errors import NotReleased
from calcwatch.formats.fhir.data_types import Json, instant, reference
from calcwatch.formats.fhir.entries import Entries, entries_of
from calcwatch.formats.fhir.observations import observe_examination, observe_image
from calcwatch.formats.fhir.resources import (
    add_device,
    add_patient,
    add_plan,
    add_prior_study,
    add_provenance,
    add_report,
    add_structures,
    add_study,
)

if TYPE_CHECKING:
    from datetime import datetime

    from calcwatch.domain.assessment import ExaminationResult
    from calcwatch.domain.identity import ImagedStudy


def result_bundle(result: ExaminationResult, study: ImagedStudy | None, *, made: datetime) -> Json:
    """An examination, and what it was compared with, as a transaction bundle ready for JSON.

    Every observation and the report are ``preliminary``, every order a draft proposal, and nothing is said to
    the woman. The same arguments give the same bundle.

    Args:
        result: The examination.
        study: As the images' headers name it; ``None`` where they are no DICOM.
        made: When the result was made, aware of its time zone.

    Returns:
        A Bundle of type transaction.

    """
    return _transaction(_result_entries(result, study, made))


def released_summary(
    result: ExaminationResult,
    study: ImagedStudy | None,
    *,
    made: datetime,
    words: str,
    signer: str,
    sent: datetime,
) -> Json:
    """The bundle of a result with a summary for the woman that a clinician has signed, as a Communication.

    Args:
        result: The examination.
        study: As the images' headers name it; ``None`` where they are no DICOM.
        made: When the result was made, aware of its time zone.
        words: What the woman is told.
        signer: Who signed it, by name.
        sent: When it is sent, aware of its time zone.

    Returns:
        A Bundle of type transaction.

    Raises:
        NotReleased: There are no words or no signer: no patient is shown what no clinician signed.

    """
    # Checked before anything is built: no unsigned summary exists even in memory.
    if not words.strip() or not signer.strip():
        missing = "words" if signer.strip() else "signer"
        raise NotReleased(
            f"the summary for the patient has no {missing}; a clinician signs it before it is sent"
        )
    entries = _result_entries(result, study, made)
    patient = entries.place("patient")
    entries.add(
        entries.place("communication", words, signer, sent.isoformat()),
        "Communication",
        identifiers=[],
        status="completed",
        subject=reference(patient),
        about=[reference(entries.place("report"))],
        sent=instant(sent),
        recipient=[reference(patient)],
        sender={"type": "Practitioner", "display": signer.strip()},
        payload=[{"contentString": words}],
    )
    return _transaction(entries)


def _result_entries(result: ExaminationResult, study: ImagedStudy | None, made: datetime) -> Entries:
    entries = entries_of(result, made)
    add_patient(entries, study, result.examination.images[0])
    add_device(entries, result)
    # Studies before observations, which are derived from them.
    current_study = add_study(entries, study) if study else ""
    prior_study = add_prior_study(entries, result.prior[0]) if result.prior else ""
    add_structures(entries, result)
    observations = observe_examination(entries, result, current_study)
    for image in result.examination.images:
        observations += observe_image(entries, result, image, current_study)
    for image in result.prior:
        observations += observe_image(entries, result, image, prior_study, is_prior=True)
    add_report(entries, result, current_study, observations=observations, made=made)
    add_plan(entries, result, made)
    # Last, since it names everything that was added before.
    add_provenance(entries, [place for place in (current_study, prior_study) if place], made)
    return entries


def _transaction(entries: Entries) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries.added}
