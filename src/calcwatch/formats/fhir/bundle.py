"""A result as FHIR R4: one transaction that a server takes as a whole or not at all."""

from __future__ import annotations

from datetime import datetime

from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.errors import NotReleased
from calcwatch.domain.study import ImagedStudy
from calcwatch.formats.fhir.data_types import Json, instant, reference
from calcwatch.formats.fhir.entries import Entries, entries_of
from calcwatch.formats.fhir.observations import Subject, observe_examination, observe_image
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


def result_bundle(result: ExaminationResult, study: ImagedStudy | None, *, made: datetime) -> Json:
    """An examination, and what it was compared with, as a transaction bundle ready for JSON.

    ``study``: as the images' headers name it; ``None`` where they are no DICOM. ``made``: when the result
    was, aware of its time zone. Every observation and the report are ``preliminary``, every order a draft
    proposal, and nothing is said to the woman. The same arguments give the same bundle.
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

    ``words``: what she is told; ``signer``: who signed it, by name; ``sent``: when. Raises ``NotReleased``
    without words or without a signer: no patient is shown what no clinician signed.
    """
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
    patient = add_patient(entries, study, result.examination.images[0])
    device = add_device(entries, result)
    own = add_study(entries, study, patient) if study else ""
    before = add_prior_study(entries, result.prior[0], patient) if result.prior else ""
    add_structures(entries, result, patient)
    now = Subject(patient, device, own)
    then = Subject(patient, device, before, is_prior=True)
    observations = observe_examination(entries, result, now)
    for image in result.examination.images:
        observations += observe_image(entries, result, image, now)
    for image in result.prior:
        observations += observe_image(entries, result, image, then)
    add_report(entries, result, now, observations=observations, made=made)
    add_plan(entries, result, now, made)
    add_provenance(entries, device, [one for one in (own, before) if one], made)
    return entries


def _transaction(entries: Entries) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries.added}
