"""A result as FHIR: what is in the bundle, what never is, and who finds fault with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel

from calcwatch.codes.assessment import CATEGORIES
from calcwatch.codes.change import CHANGES
from calcwatch.codes.findings import CLUSTER
from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.errors import NotReleased
from calcwatch.domain.identity import ImagedStudy, InstanceReference, PatientIdentity
from calcwatch.domain.lexicon import Category
from calcwatch.formats.fhir.bundle import released_summary, result_bundle
from calcwatch.formats.fhir.check import check_bundle, required_codes
from calcwatch.formats.fhir.data_types import Json
from calcwatch.formats.result.document import read_result
from tests.formats.fhir.observed import read_bundle
from tests.formats.result.readings import written

MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
STUDY = ImagedStudy(
    patient=PatientIdentity("P-17", "HOSPITAL", "Muster^Erika Anna^^Dr.", "19610203", "F"),
    study_instance_uid="1.2.3.4",
    instances=(
        InstanceReference("1.2.3.4", "1.2.3.4.1", "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3.4.1.1"),
        InstanceReference("1.2.3.4", "1.2.3.4.1", "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3.4.1.2"),
    ),
    study_date="20250102",
    accession_number="A-1",
)


def result() -> ExaminationResult:
    """Two views with a group each, compared with a prior of one view; UIDs as DICOM has them."""
    findings, comparison = (json.dumps(one) for one in written())
    for number, name in enumerate(("g1", "g2", "p1", "c0", "c1", "c2", "c3", "c4", "c9")):
        for document in ("findings", "comparison"):
            text = findings if document == "findings" else comparison
            text = text.replace(f'"{name}"', f'"1.2.9.{number}"')
            findings, comparison = (text, comparison) if document == "findings" else (findings, text)
    (read,) = read_result(json.loads(findings), json.loads(comparison))
    return _apart(read)


def _apart(read: ExaminationResult) -> ExaminationResult:
    """The example's images share their calcifications; each gets its own."""
    images = []
    for place, image in enumerate((*read.examination.images, *read.prior)):
        names = {one.tracking_uid: f"{one.tracking_uid}.{place + 1}" for one in image.calcifications}
        groups = tuple(replace(one, members=tuple(names[m] for m in one.members)) for one in image.groups)
        singles = tuple(replace(one, tracking_uid=names[one.tracking_uid]) for one in image.calcifications)
        described = replace(
            image.description, sop_instance_uid=f"1.2.3.4.1.{place + 1}", study_instance_uid="1.2.3.4"
        )
        images.append(replace(image, description=described, groups=groups, calcifications=singles))
    prior = tuple(
        replace(one, description=replace(one.description, study_instance_uid="1.2.3.3")) for one in images[2:]
    )
    return replace(read, examination=replace(read.examination, images=tuple(images[:2])), prior=prior)


def with_category(category: Category, *, confirmed: Category | None = None) -> ExaminationResult:
    """The same result, its groups with another suggestion."""
    read = result()
    groups = tuple(
        replace(
            group,
            assessment=replace(group.assessment, suggested_category=category, if_confirmed=confirmed),
        )
        for group in read.examination.groups
    )
    return replace(read, examination=replace(read.examination, groups=groups))


def bundle() -> Json:
    return json.loads(json.dumps(result_bundle(result(), STUDY, made=MADE)))  # type: ignore[no-any-return]


def of_kind(document: Json, kind: str) -> list[Json]:
    found = [one["resource"] for one in document["entry"]]
    return [one for one in found if one["resourceType"] == kind]


def test_the_bundle_is_valid() -> None:
    """Resources follow their definitions, codes their value sets, and every reference is answered."""
    assert check_bundle(bundle()) == ()


def test_what_the_bundle_holds() -> None:
    """A report, an observation a finding of both days, structures, studies, a plan and where it came from."""
    number = Counter(one["resource"]["resourceType"] for one in bundle()["entry"])
    assert number == {
        "Patient": 1,
        "Device": 1,
        "ImagingStudy": 2,
        "BodyStructure": 2,
        "Observation": 1 + 1 + 3 * (1 + 6 + 1),
        "DiagnosticReport": 1,
        "ServiceRequest": 1,
        "Provenance": 1,
    }


def test_every_finding_is_read_back() -> None:
    """By tracking UID each finding has the numbers, shape, distribution, category and change it had."""
    read = result()
    found = {one.tracking_uid: one for one in read_bundle(bundle())}
    categories = {one.tracking_uid: one.assessment.suggested_category for one in read.examination.groups}
    total = 0
    for image in (*read.examination.images, *read.prior):
        total += len(image.groups) + len(image.calcifications) + len(image.non_lesions)
        for group in image.groups:
            one = found[group.tracking_uid]
            assert (one.kind, one.row, one.column, one.count) == (
                "group",
                group.row,
                group.column,
                group.count,
            )
            assert one.certainty_percent == pytest.approx(100 * group.score)
            if group.tracking_uid in categories:
                assert one.category == CATEGORIES[categories[group.tracking_uid]].value
            change = read.change_of(group.tracking_uid)
            assert one.change == (CHANGES[change.kind].value if change else one.change)
        for single in image.calcifications:
            one = found[single.tracking_uid]
            assert (one.row, one.column, one.diameter_mm) == (single.row, single.column, single.diameter_mm)
            assert one.sop_instance_uid == image.description.sop_instance_uid
    assert total == len(found)


def test_the_same_result_gives_the_same_bundle() -> None:
    """Sent twice, a server creates nothing twice; another moment is another result."""
    assert bundle() == bundle()
    later = result_bundle(result(), STUDY, made=MADE.replace(year=2027))
    assert {one["fullUrl"] for one in later["entry"]} & {one["fullUrl"] for one in bundle()["entry"]} == set()
    for one in bundle()["entry"]:
        if one["resource"]["resourceType"] != "Provenance":
            assert one["fullUrl"].removeprefix("urn:uuid:") in one["request"]["ifNoneExist"]


def test_nothing_is_final_and_nothing_is_ordered() -> None:
    """Nobody signed it: observations and report are preliminary, requests are drafts, no message is sent."""
    document = bundle()
    reported = [*of_kind(document, "Observation"), *of_kind(document, "DiagnosticReport")]
    assert {one["status"] for one in reported} == {"preliminary"}
    (request,) = of_kind(document, "ServiceRequest")
    assert (request["status"], request["intent"]) == ("draft", "proposal")
    assert of_kind(document, "Communication") == []
    assert all("research use" in str(one["resource"]["meta"]) for one in document["entry"])


def test_probably_benign_proposes_an_appointment_in_six_months() -> None:
    """Category 3 asks for a short interval; the day is counted from the examination, not from today."""
    document = result_bundle(with_category(Category.PROBABLY_BENIGN), STUDY, made=MADE)
    assert check_bundle(document) == ()
    (appointment,) = of_kind(document, "Appointment")
    assert appointment["status"] == "proposed"
    assert appointment["requestedPeriod"] == [{"start": "2025-07-02"}]
    assert of_kind(bundle(), "Appointment") == []


@pytest.mark.parametrize(
    ("category", "confirmed"),
    [
        (Category.KNOWN_MALIGNANCY, None),
        (Category.NEGATIVE, None),
        (Category.BENIGN, None),
        (Category.INCOMPLETE, Category.BENIGN),
    ],
)
def test_nothing_is_proposed_where_no_finding_asks_for_it(
    category: Category, confirmed: Category | None
) -> None:
    """No draft of a normal interval for what looks benign, and nothing for a cancer in somebody's hands."""
    document = result_bundle(with_category(category, confirmed=confirmed), STUDY, made=MADE)
    assert of_kind(document, "ServiceRequest") == []
    assert "interval follow-up" not in json.dumps(document)


def test_a_group_of_two_views_is_proposed_one_next_step() -> None:
    """The request is for the finding, on the view where it is the most urgent, and names it as its reason."""
    document = result_bundle(with_category(Category.MODERATE_SUSPICION), STUDY, made=MADE)
    (request,) = of_kind(document, "ServiceRequest")
    (reason,) = request["reasonReference"]
    (named,) = [entry for entry in document["entry"] if entry["fullUrl"] == reason["reference"]]
    assert named["resource"]["code"]["coding"][0]["code"] == CLUSTER.value
    assert request["code"]["coding"][0]["display"] == "Biopsy should be considered"


def test_no_breast_and_no_examination_has_a_category() -> None:
    """A category is a component of a group; a breast is told in words, and the report concludes in words."""
    document = result_bundle(with_category(Category.HIGH_SUSPICION), STUDY, made=MADE)
    (report,) = of_kind(document, "DiagnosticReport")
    assert "conclusionCode" not in report
    assert "were not looked for" in report["conclusion"]
    codes = {code.value for code in CATEGORIES.values()}
    assert not any(
        code in json.dumps(one.get("valueCodeableConcept", ""))
        for code in codes
        for one in of_kind(document, "Observation")
    )
    (breast,) = [one for one in of_kind(document, "Observation") if "valueString" in one]
    assert breast["valueString"].startswith("Left breast: Marked on all its views together: 2 groups.")
    assert "were not looked for" in breast["valueString"]


def test_a_summary_needs_a_signer() -> None:
    """A text for the woman goes out with the name of who signed it, or not at all."""
    more: dict[str, Any] = {"made": MADE, "sent": MADE}
    with pytest.raises(NotReleased, match="no signer"):
        released_summary(result(), STUDY, words="All is well.", signer=" ", **more)
    with pytest.raises(NotReleased, match="no words"):
        released_summary(result(), STUDY, words="", signer="Dr. A", **more)
    document = released_summary(result(), STUDY, words="All is well.", signer="Dr. A", **more)
    assert check_bundle(document) == ()
    (sent,) = of_kind(document, "Communication")
    assert sent["sender"]["display"] == "Dr. A"
    assert sent["payload"] == [{"contentString": "All is well."}]


def test_images_without_a_header_give_a_bundle_too() -> None:
    """A picture file has no study: no imaging study, the patient by the number that was stated."""
    read = result()
    images = []
    for number, one in enumerate(read.examination.images):
        described = replace(
            one.description, sop_instance_uid=None, study_instance_uid=None, sha256=str(number) * 64
        )
        images.append(replace(one, description=described))
    plain = ExaminationResult(replace(read.examination, images=tuple(images)), read.provenance)
    document = result_bundle(plain, None, made=MADE)
    assert check_bundle(document) == ()
    assert of_kind(document, "ImagingStudy") == []
    (patient,) = of_kind(document, "Patient")
    assert patient["identifier"][0] == {"value": "PHANTOM-1"}
    assert all("derivedFrom" not in one for one in of_kind(document, "Observation"))


def test_names_and_birth_dates_are_those_of_the_header() -> None:
    """The patient is who the images say; nobody is named elsewhere."""
    document = bundle()
    (patient,) = of_kind(document, "Patient")
    assert patient["name"] == [{"family": "Muster", "given": ["Erika", "Anna"], "prefix": ["Dr."]}]
    assert (patient["birthDate"], patient["gender"]) == ("1961-02-03", "female")
    others = [one["resource"] for one in document["entry"] if one["resource"] is not patient]
    assert "Muster" not in json.dumps([one for one in others if one["resourceType"] != "Patient"])


def test_round_trip_through_the_library() -> None:
    """Each resource read by fhir.resources and written again is the same."""
    for one in bundle()["entry"]:
        resource = one["resource"]
        model = get_fhir_model_class(resource["resourceType"])
        again = json.loads(model.model_validate(resource).model_dump_json())
        assert again == resource


def change(path: list[Any], value: Any) -> Callable[[Json], None]:
    """A damage: the element at a path becomes another; ``...`` takes it away."""

    def damage(document: Json) -> None:
        inner: Any = document
        for one in path[:-1]:
            inner = inner[one]
        if value is ...:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value

    return damage


def first(kind: str) -> int:
    kinds = [one["resource"]["resourceType"] for one in bundle()["entry"]]
    return kinds.index(kind)


def at(kind: str, *path: Any) -> list[Any]:
    return ["entry", first(kind), "resource", *path]


DAMAGES: dict[str, tuple[Callable[[Json], None], str]] = {
    "a status of no value set": (change(at("Observation", "status"), "bogus"), "'bogus' is not one of"),
    "a status of another resource": (
        change(at("DiagnosticReport", "status"), "draft"),
        "'draft' is not one of",
    ),
    "an intent of no value set": (change(at("ServiceRequest", "intent"), "wish"), "'wish' is not one of"),
    "a priority of no value set": (change(at("ServiceRequest", "priority"), "soon"), "'soon' is not one of"),
    "a gender of no value set": (change(at("Patient", "gender"), "f"), "'f' is not one of"),
    "a study's status": (change(at("ImagingStudy", "status"), "there"), "'there' is not one of"),
    "a device's status": (change(at("Device", "status"), "on"), "'on' is not one of"),
    "a narrative's status": (
        change(at("DiagnosticReport", "text", "status"), "made"),
        "'made' is not one of",
    ),
    "a role of an entity": (
        change(at("Provenance", "entity", 0, "role"), "origin"),
        "'origin' is not one of",
    ),
    "a bundle of no type": (change(["type"], "transfer"), "'transfer' is not one of"),
    "no status": (change(at("Observation", "status"), ...), "Observation"),
    "no code": (change(at("Observation", "code"), ...), "Observation.code"),
    "no subject of a request": (change(at("ServiceRequest", "subject"), ...), "ServiceRequest.subject"),
    "an unknown element": (change(at("Patient", "nickname"), "x"), "Extra inputs"),
    "a number for a text": (change(at("DiagnosticReport", "conclusion"), {"a": 1}), "conclusion"),
    "a list for one": (change(at("Observation", "subject"), []), "subject"),
    "a date that is none": (change(at("Patient", "birthDate"), "3.2.1961"), "birthDate"),
    "an instant without a zone": (
        change(at("DiagnosticReport", "issued"), "2026-03-04T05:06:07"),
        "no instant",
    ),
    "a reference to nothing": (
        change(at("Observation", "subject", "reference"), "urn:uuid:00000000-0000-4000-8000-000000000000"),
        "is in no entry",
    ),
    "a place that is no UUID": (change(["entry", 0, "fullUrl"], "urn:uuid:1"), "no urn:uuid"),
    "a verb of no HTTP": (change(["entry", 0, "request", "method"], "SEND"), "no HTTP verb"),
    "a request for another resource": (
        change(["entry", 0, "request", "url"], "Group"),
        "but the resource is",
    ),
    "a final report without a signer": (
        change(at("DiagnosticReport", "status"), "final"),
        "needs a person who signed it",
    ),
    "a resource of no kind": (change(at("Device", "resourceType"), "Gadget"), "no resource of FHIR"),
    "a UID that is none": (
        change(at("ImagingStudy", "identifier", 0, "value"), "urn:oid:1.02.3"),
        "no urn:oid",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_faults_are_found(name: str) -> None:
    """Each damage is found, and named for what it is."""
    document = deepcopy(bundle())
    damage, expected = DAMAGES[name]
    damage(document)
    problems = check_bundle(document)
    assert any(expected in one for one in problems), problems


def test_two_entries_of_one_place_are_found() -> None:
    """A place names one resource."""
    document = bundle()
    document["entry"].append(document["entry"][0])
    assert any("bdl-7" in one for one in check_bundle(document))


def test_an_answer_given_twice_is_found() -> None:
    """An observation's value and a component must not answer the same question."""
    document = bundle()
    score = next(one for one in of_kind(document, "Observation") if "valueInteger" in one)
    score["component"] = [{"code": score["code"], "valueInteger": 1}]
    assert any("obs-7" in one for one in check_bundle(document))


def test_every_required_code_can_be_checked() -> None:
    """No element of the resources written here has codes that the check would have to wave through."""
    kinds = {one["resource"]["resourceType"] for one in bundle()["entry"]} | {
        "Bundle",
        "Appointment",
        "Communication",
    }
    bound = 0
    for kind in kinds:
        model: type[BaseModel] = get_fhir_model_class(kind)
        for name, field in model.model_fields.items():
            bound += bool(required_codes(kind, name, field.json_schema_extra))
    assert bound >= 12
