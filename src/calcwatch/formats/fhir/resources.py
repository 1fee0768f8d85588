"""What findings are filed under: patient, device, studies, structures, plan, report, provenance."""

from __future__ import annotations

import calendar
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from calcwatch.codes.assessment import FOLLOW_UPS, SHORT_INTERVAL_MONTHS
from calcwatch.codes.documents import MAMMOGRAM_REPORT, MAMMOGRAPHY
from calcwatch.codes.fhir import ACCESSION_NUMBER, ASSEMBLER, GENDERS, RADIOLOGY
from calcwatch.codes.findings import CLUSTER
from calcwatch.domain.assessment import GroupReading
from calcwatch.domain.identity import PatientIdentity
from calcwatch.domain.lexicon import Category
from calcwatch.formats.fhir.data_types import (
    URI,
    Json,
    bare_concept,
    coding,
    concept,
    date_of,
    filled,
    instant,
    is_uid,
    reference,
    site,
    uid_identifier,
)
from calcwatch.words.summary import impression, parameter_words
from calcwatch.words.urgency import needs_workup, urgency

if TYPE_CHECKING:
    from datetime import datetime

    from calcwatch.domain.assessment import ExaminationResult, SingleReading
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.identity import ImagedStudy, InstanceReference
    from calcwatch.domain.image import Laterality
    from calcwatch.formats.fhir.entries import Entries


def add_patient(entries: Entries, study: ImagedStudy | None, image: ImageFindings) -> None:
    """Add the woman as the images' headers name her; without a header, by the Patient ID that was stated.

    Args:
        entries: The transaction; it is changed.
        study: As the headers name it; ``None`` where the images are no DICOM.
        image: Findings of one of her images.

    """
    # The headers go before what was stated, as in reading.
    identity = study.patient if study else PatientIdentity(image.description.patient_id or "")
    issuer = {"assigner": {"display": identity.issuer}} if identity.issuer else {}
    numbers = [{"value": identity.patient_id, **issuer}] if identity.patient_id else []
    entries.add(
        entries.place("patient"),
        "Patient",
        identifiers=numbers,
        name=_name(identity.name),
        # Left out where the header does not say: female is not inferred from a mammogram.
        gender=GENDERS.get(identity.sex),
        birthDate=date_of(identity.birth_date),
    )


def _name(name: str) -> list[Json]:
    """A person name of DICOM (PS3.5 6.2.1) as a HumanName; empty where none is given."""
    # Only the alphabetic group; behind "=" the same name stands in other scripts.
    parts = [*name.split("=", maxsplit=1)[0].split("^"), "", "", "", "", ""]
    # DICOM's order of components; FHIR puts the middle names among the given ones.
    family, given, middle, prefix, suffix = parts[:5]
    found = filled(
        family=family.strip(),
        given=[*given.split(), *middle.split()],
        prefix=prefix.split(),
        suffix=suffix.split(),
    )
    return [found] if found else []


def add_device(entries: Entries, result: ExaminationResult) -> None:
    """Add calcwatch in its version, with everything that it was set to.

    Args:
        entries: The transaction; it is changed.
        result: The examination.

    """
    made = result.provenance
    entries.add(
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
        note=[{"text": phrase} for phrase in parameter_words(made)],
    )


def add_study(entries: Entries, study: ImagedStudy) -> str:
    """Add the study that was analyzed, with the images that were.

    Args:
        entries: The transaction; it is changed.
        study: As the headers name it.

    Returns:
        Its place.

    """
    # A dict keeps the order of the images, so that the bundle is the same each time.
    series: dict[str, list[InstanceReference]] = {}
    for instance in study.instances:
        series.setdefault(instance.series_instance_uid, []).append(instance)
    return _study(
        entries,
        study.study_instance_uid,
        started=date_of(study.study_date),
        series=[_series(uid, instances) for uid, instances in series.items()],
        accession=study.accession_number,
    )


def add_prior_study(entries: Entries, prior: ImageFindings) -> str:
    """Add the study that was compared with, as far as findings know it.

    Args:
        entries: The transaction; it is changed.
        prior: Findings of one of its images.

    Returns:
        Its place; ``""`` where it has no UID.

    """
    description = prior.description
    if description.study_instance_uid is None or not is_uid(description.study_instance_uid):
        return ""
    return _study(entries, description.study_instance_uid, started=date_of(description.study_date))


def _study(
    entries: Entries,
    uid: str,
    *,
    started: str | None,
    series: list[Json] | None = None,
    accession: str = "",
) -> str:
    number = {"type": bare_concept(ACCESSION_NUMBER), "value": accession}
    return entries.add(
        entries.place("study", uid),
        "ImagingStudy",
        identifiers=[uid_identifier(uid), *([number] if accession else [])],
        status="available",
        modality=[coding(MAMMOGRAPHY)],
        subject=reference(entries.place("patient")),
        started=started,
        # For the prior no series are known; a 0 would claim that it has none.
        numberOfSeries=len(series) if series else None,
        numberOfInstances=sum(len(item["instance"]) for item in series) if series else None,
        series=series,
    )


def _series(uid: str, instances: list[InstanceReference]) -> Json:
    return filled(
        uid=uid,
        number=instances[0].series_number,
        modality=coding(MAMMOGRAPHY),
        numberOfInstances=len(instances),
        instance=[
            filled(
                uid=instance.sop_instance_uid,
                sopClass={"system": URI, "code": f"urn:oid:{instance.sop_class_uid}"},
                number=instance.instance_number,
            )
            for instance in instances
        ],
    )


def add_structures(entries: Entries, result: ExaminationResult) -> None:
    """Add a BodyStructure for each group, by the tracking UID that names it through all examinations.

    Args:
        entries: The transaction; it is changed.
        result: The examination.

    """
    # A group of today and its prior are a single structure of the body.
    lasting = {
        uid: change.tracking_uid
        for change in result.changes
        for uid in (*change.groups, *change.prior_groups)
    }
    done: set[str] = set()
    for image in (*result.examination.images, *result.prior):
        for group in image.groups:
            uid = lasting.get(group.tracking_uid, group.tracking_uid)
            # The same structure on several images or days is created once.
            if uid in done:
                continue
            done.add(uid)
            entries.add(
                entries.place("body structure", uid),
                "BodyStructure",
                identifiers=[uid_identifier(uid)],
                morphology=concept(CLUSTER),
                location=site(image.description.image_laterality),
                description="Group of calcifications, followed by its tracking UID",
                patient=reference(entries.place("patient")),
            )


def add_plan(entries: Entries, result: ExaminationResult, made: datetime) -> None:
    """Add what a suspicious finding asks for next, as a proposal: nothing is ordered and nothing is booked.

    A breast is proposed nothing, "normal interval" least of all: only calcifications were looked for.

    Args:
        entries: The transaction; it is changed.
        result: The examination.
        made: When the result was made, aware of its time zone.

    """
    done: set[str] = set()
    # The most urgent view of a group stands for it: one thing has one next step.
    for reading in sorted(result.examination.groups, key=lambda reading: -urgency(reading.assessment)):
        if reading.is_rejected or reading.tracking_uid in done:
            continue
        if needs_workup(reading.assessment):
            _propose(entries, result, reading, made)
            done.update(filter(None, (reading.tracking_uid, reading.counterpart)))
    for breast in result.examination.breasts:
        for single in breast.singles:
            if needs_workup(single.assessment):
                _propose(entries, result, single, made, side=breast.laterality)


def _propose(
    entries: Entries,
    result: ExaminationResult,
    reading: GroupReading | SingleReading,
    made: datetime,
    *,
    side: Laterality | None = None,
) -> None:
    """Propose what one finding asks for; ``side``: its breast, where no location says it."""
    uid, category = reading.tracking_uid, reading.assessment.suggested_category
    if isinstance(reading, GroupReading):
        side = reading.location.laterality
    day = _after_short_interval(result) if category is Category.PROBABLY_BENIGN else None
    patient = reference(entries.place("patient"))
    request = entries.add(
        entries.place("request", uid),
        "ServiceRequest",
        identifiers=[],
        # draft and proposal: an order needs a person who gives it.
        status="draft",
        intent="proposal",
        priority="routine",
        code=concept(FOLLOW_UPS[category]),
        subject=patient,
        occurrenceDateTime=day,
        authoredOn=instant(made),
        bodySite=[site(side)],
        reasonReference=[reference(entries.place("observation", uid))],
        note=[{"text": "Suggested by software for research use; a radiologist decides."}],
    )
    # Only category 3 has a day of its own, and only where the examination has a date.
    if day is not None:
        entries.add(
            entries.place("appointment", uid),
            "Appointment",
            identifiers=[],
            status="proposed",
            description="Mammogram at a short interval, suggested by software",
            basedOn=[reference(request)],
            requestedPeriod=[{"start": day}],
            participant=[{"actor": patient, "required": "required", "status": "needs-action"}],
        )


def _after_short_interval(result: ExaminationResult) -> str | None:
    """The day a short interval after the examination; ``None`` where its date is not known."""
    study_date = date_of(result.examination.images[0].description.study_date)
    if study_date is None:
        return None
    day = date.fromisoformat(study_date)
    years, month = divmod(day.month - 1 + SHORT_INTERVAL_MONTHS, 12)
    # August 31 plus six months is the last day of February.
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last)).isoformat()


def add_report(
    entries: Entries, result: ExaminationResult, study: str, *, observations: list[str], made: datetime
) -> None:
    """Add the report that binds all observations; preliminary, since nobody has signed it.

    Args:
        entries: The transaction; it is changed.
        result: The examination.
        study: Place of its study, ``""`` where it has none.
        observations: Places of all observations.
        made: When the result was made, aware of its time zone.

    """
    words = impression(result)
    # Escaped: names and words from headers may hold markup, which a viewer of the report would run.
    lines = "".join(f"<p>{escape(line)}</p>" for line in words.splitlines())
    entries.add(
        entries.place("report"),
        "DiagnosticReport",
        identifiers=[],
        text={
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>',
        },
        status="preliminary",
        category=[bare_concept(RADIOLOGY)],
        code=concept(MAMMOGRAM_REPORT),
        subject=reference(entries.place("patient")),
        effectiveDateTime=date_of(result.examination.images[0].description.study_date),
        issued=instant(made),
        imagingStudy=[reference(study)] if study else None,
        result=[reference(place) for place in observations],
        # No conclusionCode: it would read as a category of the examination.
        conclusion=words,
    )


def add_provenance(entries: Entries, studies: list[str], made: datetime) -> None:
    """Add who made everything so far, from what and when.

    Args:
        entries: The transaction; it is changed.
        studies: Places of the studies that it was made from.
        made: When the result was made, aware of its time zone.

    """
    entries.add(
        entries.place("provenance"),
        "Provenance",
        # Studies are sources, not products.
        target=[reference(entry["fullUrl"]) for entry in entries.added if entry["fullUrl"] not in studies],
        recorded=instant(made),
        agent=[{"type": bare_concept(ASSEMBLER), "who": reference(entries.place("device"), "calcwatch")}],
        entity=[{"role": "source", "what": reference(place)} for place in studies],
    )
