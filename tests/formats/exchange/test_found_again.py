"""Every finding of findings.json, of both days, found again in each export with the same numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import highdicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from calcwatch.codes.assessment import CATEGORIES
from calcwatch.codes.change import CHANGES
from calcwatch.codes.findings import DISTRIBUTIONS, MORPHOLOGIES
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.fhir.check import check_bundle
from calcwatch.formats.result.document import read_result
from calcwatch.service.export import Exported
from tests.formats.fhir.observed import read_bundle

near = partial(pytest.approx, abs=0.01)


@dataclass(frozen=True)
class Found:
    """One finding as some document has it; ``None`` is not said there."""

    kind: str
    image: str
    row: float
    column: float
    count: int | None = None
    radius_mm: float | None = None
    diameter_mm: float | None = None
    area_mm2: float | None = None
    certainty: float | None = None
    shape: str | None = None
    distribution: str | None = None


def planned(result: Path) -> dict[str, Found]:
    """What findings.json says, straight from the file, by tracking UID; shapes as codes."""
    document = json.loads((result / "findings.json").read_text(encoding="utf-8"))
    found: dict[str, Found] = {}
    for image in document["images"]:
        at = partial(Found, image=image["sop_instance_uid"])
        for one in image["groups"]:
            found[one["tracking_uid"]] = at(
                kind="group",
                row=one["row"],
                column=one["column"],
                count=one["count"],
                radius_mm=one["radius_mm"],
                certainty=100 * one["score"],
                shape=MORPHOLOGIES[Morphology(one["morphology"])].value,
                distribution=DISTRIBUTIONS[Distribution(one["distribution"])].value,
            )
        for one in image["calcifications"]:
            assert one["tracking_uid"] not in found
            found[one["tracking_uid"]] = at(
                kind="calcification",
                row=one["row"],
                column=one["column"],
                diameter_mm=one["diameter_mm"],
                area_mm2=one["area_mm2"],
                certainty=100 * one["score"],
                shape=MORPHOLOGIES[Morphology(one["morphology"])].value,
            )
    return found


def clips(result: Path) -> list[tuple[str, float, float]]:
    """Image, row and column of everything that is no lesion."""
    document = json.loads((result / "findings.json").read_text(encoding="utf-8"))
    return sorted(
        (image["sop_instance_uid"], one["row"], one["column"])
        for image in document["images"]
        for one in image["non_lesions"]
    )


def test_the_example_is_a_full_examination(result: Path) -> None:
    """Now there are 40 calcifications in 6 groups, one a vessel, some alone, and a clip in each view."""
    document = json.loads((result / "findings.json").read_text(encoding="utf-8"))
    current = [one for one in document["images"] if "/current/" in one["source"]]
    groups = [group for image in current for group in image["groups"]]
    assert len(groups) == 6
    assert sum(group["count"] for group in groups) == 40
    assert "vascular" in {group["morphology"] for group in groups}
    assert sum(len(image["calcifications"]) for image in current) == 43
    assert [len(image["non_lesions"]) for image in current] == [1, 1]
    assert (result / "comparison.json").is_file()


def children(item: Dataset) -> dict[str, Dataset]:
    """Content items below an item by what they are called; the last of a name."""
    return {
        one.ConceptNameCodeSequence[0].CodeMeaning: one
        for one in item.get("ContentSequence", ())
        if "ConceptNameCodeSequence" in one
    }


def walk(item: Dataset) -> Iterator[Dataset]:
    yield item
    for child in item.get("ContentSequence", ()):
        yield from walk(child)


def referenced(root: Dataset, place: list[int]) -> Dataset:
    """The item of the tree that a by-reference relationship names; the root is 1."""
    item = root
    for number in place[1:]:
        item = item.ContentSequence[number - 1]
    return item


def number(said: dict[str, Dataset], name: str) -> float | None:
    if name not in said:
        return None
    return float(said[name].MeasuredValueSequence[0].NumericValue)


def coded(said: dict[str, Dataset], name: str) -> str | None:
    return str(said[name].ConceptCodeSequence[0].CodeValue) if name in said else None


def in_cad_report(root: Dataset) -> tuple[dict[str, Found], list[tuple[str, float, float]]]:
    """Findings of a Mammography CAD SR by tracking UID, and what is no lesion; read by pydicom alone."""
    found: dict[str, Found] = {}
    others: list[tuple[str, float, float]] = []
    for item in walk(root):
        said = children(item)
        if "Center" not in said:
            continue
        column, row = said["Center"].GraphicData
        selected = said["Center"].ContentSequence[0].ReferencedContentItemIdentifier
        image = referenced(root, list(selected)).ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        what = item.ConceptCodeSequence[0].CodeMeaning
        if what == "Non-lesion":
            others.append((image, row - 0.5, column - 0.5))
            continue
        count = number(said, "Number of calcifications")
        found[said["Tracking Unique Identifier"].UID] = Found(
            kind="group" if what == "Calcification Cluster" else "calcification",
            image=image,
            row=row - 0.5,
            column=column - 0.5,
            count=None if count is None else int(count),
            radius_mm=number(said, "Radius"),
            diameter_mm=number(said, "Diameter"),
            area_mm2=number(said, "Area of defined region"),
            certainty=number(said, "Certainty of Finding"),
            shape=coded(said, "Calcification Type"),
            distribution=coded(said, "Calcification Distribution"),
        )
    return found, sorted(others)


def in_measurements(path: Path) -> tuple[dict[str, Found], list[tuple[str, float, float]]]:
    """Findings of a TID 1500 report by tracking UID, and what is no lesion; read by highdicom."""
    groups = measurement_groups(path)
    found: dict[str, Found] = {}
    others: list[tuple[str, float, float]] = []
    for group in groups:
        image, row, column = center_of(group)
        if group.finding_type.meaning == "Non-lesion":
            others.append((image, row, column))
            continue
        measured = {one.name.meaning: one.value for one in group.get_measurements()}
        told = answers(group)
        count = measured.get("Number of calcifications")
        found[str(group.tracking_uid)] = Found(
            kind="group" if group.finding_type.meaning == "Calcification Cluster" else "calcification",
            image=image,
            row=row,
            column=column,
            count=None if count is None else int(count),
            radius_mm=measured.get("Radius"),
            diameter_mm=measured.get("Diameter"),
            area_mm2=measured.get("Area of defined region"),
            certainty=measured.get("Certainty of Finding"),
            shape=told.get("Calcification Type"),
            distribution=told.get("Calcification Distribution"),
        )
    return found, sorted(others)


def answers(group: Any) -> dict[str, str]:
    """Code values of the qualitative evaluations of a measurement group, by what they answer."""
    return {one.name.meaning: one.value.value for one in group.get_qualitative_evaluations()}


def measurement_groups(path: Path) -> list[Any]:
    content = highdicom.sr.srread(path).content
    assert isinstance(content, highdicom.sr.MeasurementReport)
    return list(content.get_planar_roi_measurement_groups())


def center_of(group: Any) -> tuple[str, float, float]:
    """Image, row and column of the center that a measurement group gives."""
    item = children(group[0])["Center"]
    column, row = item.GraphicData
    return item.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID, row - 0.5, column - 0.5


def assert_alike(found: dict[str, Found], expected: dict[str, Found]) -> None:
    """Nothing is missing, nothing is added, and every number is the same."""
    assert found.keys() == expected.keys()
    for uid, one in expected.items():
        again = found[uid]
        assert (again.row, again.column) == near((one.row, one.column)), uid
        for name in ("kind", "image", "count", "shape", "distribution"):
            assert getattr(again, name) == getattr(one, name), (uid, name)
        for name in ("radius_mm", "diameter_mm", "area_mm2", "certainty"):
            assert getattr(again, name) == pytest.approx(getattr(one, name)), (uid, name)


def test_in_the_cad_report(result: Path, exported: Exported) -> None:
    """The Mammography CAD SR has every finding of both days once, and the clips."""
    found, others = in_cad_report(dcmread(exported.out / "cad-sr.dcm"))
    assert_alike(found, planned(result))
    assert [one for other in others for one in other] == near_all(clips(result))


def near_all(expected: list[tuple[str, float, float]]) -> list[Any]:
    return [near(part) if isinstance(part, float) else part for one in expected for part in one]


def test_in_the_measurements(result: Path, exported: Exported) -> None:
    """The TID 1500 report has every finding of both days once, and the clips."""
    found, others = in_measurements(exported.out / "sr.dcm")
    assert_alike(found, planned(result))
    assert [one for other in others for one in other] == near_all(clips(result))


def test_in_fhir(result: Path, exported: Exported) -> None:
    """The FHIR bundle is valid, and has every finding of both days once, and the clips."""
    bundle = json.loads((exported.out / "fhir.json").read_text(encoding="utf-8"))
    assert check_bundle(bundle) == ()
    found: dict[str, Found] = {}
    others: list[tuple[str, float, float]] = []
    for one in read_bundle(bundle):
        if one.kind == "non-lesion":
            others.append((one.sop_instance_uid, one.row, one.column))
            continue
        found[one.tracking_uid] = Found(
            kind=one.kind,
            image=one.sop_instance_uid,
            row=one.row,
            column=one.column,
            count=one.count,
            radius_mm=one.radius_mm,
            diameter_mm=one.diameter_mm,
            area_mm2=one.area_mm2,
            certainty=one.certainty_percent,
            shape=one.shape,
            distribution=one.distribution,
        )
    assert_alike(found, planned(result))
    assert [part for other in sorted(others) for part in other] == near_all(clips(result))


def test_changes_and_categories_are_told(result: Path, exported: Exported) -> None:
    """Each current group carries its suggested category, and its change in DICOM's own words."""
    (read,) = read_result(
        json.loads((result / "findings.json").read_text(encoding="utf-8")),
        json.loads((result / "comparison.json").read_text(encoding="utf-8")),
    )
    groups = measurement_groups(exported.out / "sr.dcm")
    told = {str(group.tracking_uid): answers(group) for group in groups}
    for one in read.examination.groups:
        category = CATEGORIES[one.assessment.suggested_category]
        assert told[one.tracking_uid]["Assessment Category"] == category.value
    assert {one.kind for one in read.changes} == {
        ChangeKind.INCREASED_IN_NUMBER,
        ChangeKind.NEW,
        ChangeKind.NO_SIGNIFICANT_CHANGE,
    }
    for change in read.changes:
        said = told[change.groups[0]]["Finding of change since previous mammogram (finding)"]
        assert said == CHANGES[change.kind].value


def test_only_groups_have_a_category(exported: Exported) -> None:
    """No report has a category or a follow-up of a breast or an examination; a breast is told in words."""
    root = dcmread(exported.out / "cad-sr.dcm")
    asked = [name for item in walk(root) for name in children(item)]
    assert not {"Assessment Category", "Recommended Follow-up"} & set(asked)
    assert any("were not looked for" in str(item.get("TextValue", "")) for item in walk(root))
    content = highdicom.sr.srread(exported.out / "sr.dcm").content
    assert isinstance(content, highdicom.sr.MeasurementReport)
    whole = content.get_image_measurement_groups()
    assert whole
    assert not any("Assessment Category" in children(group[0]) for group in whole)
    said = [item.get("TextValue", "") for group in whole for item in walk(group[0])]
    assert any("were not looked for" in str(words) for words in said)


def test_differences_in_time_are_in_the_cad_report(exported: Exported) -> None:
    """A group on two days is a composite feature that says how many calcifications it has more."""
    root = dcmread(exported.out / "cad-sr.dcm")
    composites = [one for one in walk(root) if is_composite(one)]
    differences = [
        number(children(one), "Difference in number of calcifications")
        for one in composites
        if "Difference in number of calcifications" in children(one)
    ]
    assert sorted(one for one in differences if one is not None) == [0.0, 3.0]
    assert len(composites) == 3


def is_composite(item: Dataset) -> bool:
    names = item.get("ConceptNameCodeSequence")
    return bool(names) and names[0].CodeMeaning == "Composite Feature"
