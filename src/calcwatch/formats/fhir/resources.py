"""What findings are filed under: patient, device, studies, structures, plan, report, provenance."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from html import escape

from calcwatch.codes import concepts as codes
from calcwatch.domain.assessment import BreastReading, ExaminationResult
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.lexicon import Category
from calcwatch.domain.study import ImagedStudy, InstanceReference, PatientIdentity
from calcwatch.formats.fhir.data_types import (
    URI,
    Json,
    coding,
    concept,
    date_of,
    filled,
    instant,
    reference,
    site,
    uid_identifier,
)
from calcwatch.formats.fhir.entries import Entries
from calcwatch.formats.fhir.observations import Subject, breast_place
from calcwatch.words.summary import impression, most_urgent, parameter_words

SHORT_INTERVAL_MONTHS = 6
"""When a probably benign finding is looked at again, as BI-RADS asks."""

_GENDERS = {"F": "female", "M": "male", "O": "other"}
_RADIOLOGY = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v2-0074",
            "code": "RAD",
            "display": "Radiology",
        }
    ]
}
_ASSEMBLER = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
            "code": "assembler",
            "display": "Assembler",
        }
    ]
}


def add_patient(entries: Entries, study: ImagedStudy | None, image: ImageFindings) -> str:
    """The woman as the images' headers name her; without a header, by the Patient ID that was stated."""
    identity = study.patient if study else PatientIdentity(image.description.patient_id or "")
    issuer = {"assigner": {"display": identity.issuer}} if identity.issuer else {}
    numbers = [{"value": identity.patient_id, **issuer}] if identity.patient_id else []
    return entries.add(
        entries.place("patient"),
        "Patient",
        identifiers=numbers,
        name=_name(identity.name),
        gender=_GENDERS.get(identity.sex),
        birthDate=date_of(identity.birth_date),
    )


def _name(name: str) -> list[Json]:
    """A person name of DICOM (PS3.5 6.2.1) as a HumanName; empty where none is given."""
    family, given, middle, prefix, suffix, *_ = [
        *name.split("=", maxsplit=1)[0].split("^"),
        "",
        "",
        "",
        "",
        "",
    ]
    found = filled(
        family=family.strip(),
        given=[part for one in (given, middle) for part in one.split()],
        prefix=prefix.split(),
        suffix=suffix.split(),
    )
    return [found] if found else []


def add_device(entries: Entries, result: ExaminationResult) -> str:
    """Calcwatch in its version, with everything that it was set to."""
    made = result.provenance
    return entries.add(
        entries.place("device"),
        "Device",
        identifiers=[],
        status="active",
        manufacturer="calcwatch",
        deviceName=[{"name": "calcwatch", "type": "model-name"}],
        version=[
            {"type": {"text": "package"}, "value": made.package_version},
            {"type": {"text": "analysis"}, "value": made.analysis_version},
        ],
        note=[{"text": one} for one in parameter_words(made)],
    )


def add_study(entries: Entries, study: ImagedStudy, patient: str) -> str:
    """The study that was analyzed, with the images that were."""
    series: dict[str, list[InstanceReference]] = {}
    for one in study.instances:
        series.setdefault(one.series_instance_uid, []).append(one)
    return _study(
        entries,
        study.study_instance_uid,
        patient,
        started=date_of(study.study_date),
        series=[_series(uid, own) for uid, own in series.items()],
        accession=study.accession_number,
    )


def add_prior_study(entries: Entries, prior: ImageFindings, patient: str) -> str:
    """The study that was compared with, as far as findings know it; ``""`` where it has no UID."""
    found = prior.description
    if not found.study_instance_uid:
        return ""
    return _study(entries, found.study_instance_uid, patient, started=date_of(found.study_date))


def _study(
    entries: Entries,
    uid: str,
    patient: str,
    *,
    started: str | None,
    series: list[Json] | None = None,
    accession: str = "",
) -> str:
    number = {
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]},
        "value": accession,
    }
    return entries.add(
        entries.place("study", uid),
        "ImagingStudy",
        identifiers=[uid_identifier(uid), *([number] if accession else [])],
        status="available",
        modality=[coding(codes.MAMMOGRAPHY)],
        subject=reference(patient),
        started=started,
        numberOfSeries=len(series) if series else None,
        numberOfInstances=sum(len(one["instance"]) for one in series) if series else None,
        series=series,
    )


def _series(uid: str, own: list[InstanceReference]) -> Json:
    return filled(
        uid=uid,
        number=own[0].series_number,
        modality=coding(codes.MAMMOGRAPHY),
        numberOfInstances=len(own),
        instance=[
            filled(
                uid=one.sop_instance_uid,
                sopClass={"system": URI, "code": f"urn:oid:{one.sop_class_uid}"},
                number=one.instance_number,
            )
            for one in own
        ],
    )


def add_structures(entries: Entries, result: ExaminationResult, patient: str) -> None:
    """A BodyStructure for each group, by the tracking UID that names it through all examinations."""
    lasting = {uid: one.tracking_uid for one in result.changes for uid in (*one.groups, *one.prior_groups)}
    done: set[str] = set()
    for image in (*result.examination.images, *result.prior):
        side = image.description.image_laterality
        for group in image.groups:
            uid = lasting.get(group.tracking_uid, group.tracking_uid)
            if uid in done:
                continue
            done.add(uid)
            entries.add(
                entries.place("body structure", uid),
                "BodyStructure",
                identifiers=[uid_identifier(uid)],
                morphology=concept(codes.CLUSTER),
                location=site(side),
                description="Group of calcifications, followed by its tracking UID",
                patient=reference(patient),
            )


def add_plan(entries: Entries, result: ExaminationResult, subject: Subject, made: datetime) -> None:
    """What a suggestion asks for next, as a proposal: nothing is ordered and nothing is booked."""
    for breast in result.examination.breasts:
        if breast.assessment.suggested_category is not Category.KNOWN_MALIGNANCY:
            _propose(entries, result, breast, subject, made=made)


def _propose(
    entries: Entries, result: ExaminationResult, breast: BreastReading, subject: Subject, *, made: datetime
) -> None:
    category, side = breast.assessment.suggested_category, breast.laterality
    day = _in_six_months(result) if category is Category.PROBABLY_BENIGN else None
    request = entries.add(
        entries.place("request", side),
        "ServiceRequest",
        identifiers=[],
        status="draft",
        intent="proposal",
        priority="routine",
        code=concept(codes.FOLLOW_UPS[category]),
        subject=reference(subject.patient),
        occurrenceDateTime=day,
        authoredOn=instant(made),
        bodySite=[site(side)],
        reasonReference=[reference(breast_place(entries, breast))],
        note=[{"text": "Suggested by software for research use; a radiologist decides."}],
    )
    if day is not None:
        entries.add(
            entries.place("appointment", side),
            "Appointment",
            identifiers=[],
            status="proposed",
            description="Mammogram at a short interval, suggested by software",
            basedOn=[reference(request)],
            requestedPeriod=[{"start": day}],
            participant=[
                {"actor": reference(subject.patient), "required": "required", "status": "needs-action"}
            ],
        )


def _in_six_months(result: ExaminationResult) -> str | None:
    """The day six months after the examination; ``None`` where its date is not known."""
    stated = date_of(result.examination.images[0].description.study_date)
    if stated is None:
        return None
    day = date.fromisoformat(stated)
    years, month = divmod(day.month - 1 + SHORT_INTERVAL_MONTHS, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last)).isoformat()


def add_report(
    entries: Entries, result: ExaminationResult, subject: Subject, *, observations: list[str], made: datetime
) -> str:
    """The report that binds all observations; preliminary, since nobody has signed it."""
    words = impression(result)
    breast = most_urgent(result)
    conclusion = [concept(codes.CATEGORIES[breast.assessment.suggested_category])] if breast else None
    lines = "".join(f"<p>{escape(line)}</p>" for line in words.splitlines())
    return entries.add(
        entries.place("report"),
        "DiagnosticReport",
        identifiers=[],
        text={
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>',
        },
        status="preliminary",
        category=[_RADIOLOGY],
        code=concept(codes.MAMMOGRAM_REPORT),
        subject=reference(subject.patient),
        effectiveDateTime=date_of(result.examination.images[0].description.study_date),
        issued=instant(made),
        imagingStudy=[reference(subject.study)] if subject.study else None,
        result=[reference(one) for one in observations],
        conclusion=words,
        conclusionCode=conclusion,
    )


def add_provenance(entries: Entries, device: str, studies: list[str], made: datetime) -> None:
    """Who made everything above, from what and when."""
    entries.add(
        entries.place("provenance"),
        "Provenance",
        target=[reference(one["fullUrl"]) for one in entries.added if one["fullUrl"] not in studies],
        recorded=instant(made),
        agent=[{"type": _ASSEMBLER, "who": reference(device, "calcwatch")}],
        entity=[{"role": "source", "what": reference(one)} for one in studies],
    )
