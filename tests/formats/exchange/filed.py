"""A full examination with its prior, made by hand, as a result on disk beside its DICOM images.

Now: 40 calcifications in 6 groups on two views, one of them a vessel, a few by themselves, a clip. Then: two
groups and the clip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import dcmread

from calcwatch.comparison.compare import Compared
from calcwatch.domain.assessment import (
    Assessment,
    BreastReading,
    ExaminationFindings,
    GroupReading,
    LikelihoodRange,
    Location,
    ViewPair,
)
from calcwatch.domain.change import (
    Alignment,
    CalcificationMatch,
    Change,
    ChangeKind,
    Comparison,
    GroupMeasurement,
    ImagePair,
    SurgicalBedPosition,
)
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    MorphologyDescription,
    NonLesion,
    NonLesionKind,
    Provenance,
)
from calcwatch.domain.identity import tracking_uid_of
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, Point, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, LateralityPattern, Morphology
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.formats.result.document import (
    comparison_document,
    document_text,
    findings_document,
    history_document,
)
from calcwatch.formats.result.run import ReadExamination, Run, Step
from calcwatch.image.settings import AnalysisSettings
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from calcwatch.report.overlay import draw_overlay, encode_png
from calcwatch.service.files.result_folder import overlay_name
from calcwatch.words.exam import NOT_LOOKED_FOR, found_words
from tests.formats.result.examples import circle

SPACING_MM = 0.1
SETTINGS = PhantomSettings(
    field_mm=(60.0, 50.0),
    pixel_spacing_mm=SPACING_MM,
    views=(ViewPosition.CC, ViewPosition.MLO),
    groups=(),
    non_lesions=(),
    texture=False,
)
MADE = Provenance("0.1.0", "3", AnalysisSettings().numbers(), "phantoms and insertions", "a" * 64, "b" * 64)

Group = tuple[str, Point, int, Morphology, Distribution, Category]
"""Name, center, number of calcifications, shape, distribution and suggested category of a group."""

NOW: dict[ViewPosition, tuple[Group, ...]] = {
    ViewPosition.CC: (
        (
            "a",
            (210.4, 160.2),
            8,
            Morphology.FINE_PLEOMORPHIC,
            Distribution.SEGMENTAL,
            Category.HIGH_SUSPICION,
        ),
        ("b", (380.0, 120.6), 7, Morphology.AMORPHOUS, Distribution.GROUPED, Category.MODERATE_SUSPICION),
        ("v", (300.5, 60.0), 6, Morphology.VASCULAR, Distribution.LINEAR, Category.BENIGN),
    ),
    ViewPosition.MLO: (
        (
            "d",
            (250.0, 170.9),
            8,
            Morphology.FINE_PLEOMORPHIC,
            Distribution.SEGMENTAL,
            Category.HIGH_SUSPICION,
        ),
        ("e", (420.7, 110.0), 6, Morphology.ROUND, Distribution.REGIONAL, Category.PROBABLY_BENIGN),
        ("f", (340.2, 50.5), 5, Morphology.DYSTROPHIC, Distribution.GROUPED, Category.BENIGN),
    ),
}
THEN: dict[ViewPosition, tuple[Group, ...]] = {
    ViewPosition.CC: (
        ("pa", (212.0, 158.0), 5, Morphology.AMORPHOUS, Distribution.GROUPED, Category.MODERATE_SUSPICION),
    ),
    ViewPosition.MLO: (
        ("pe", (424.0, 112.0), 6, Morphology.ROUND, Distribution.REGIONAL, Category.PROBABLY_BENIGN),
    ),
}
SINGLES: dict[ViewPosition, tuple[Point, ...]] = {
    ViewPosition.CC: ((120.25, 90.75),),
    ViewPosition.MLO: ((150.5, 60.125), (480.0, 80.0)),
}
CLIP: Point = (330.0, 200.0)
_SUSPICION = {
    Morphology.FINE_PLEOMORPHIC: 0.9,
    Morphology.AMORPHOUS: 0.6,
    Morphology.VASCULAR: 0.1,
    Morphology.ROUND: 0.3,
    Morphology.DYSTROPHIC: 0.2,
}


def write_result(root: Path, *, with_prior: bool = True) -> Path:
    """Write images and result below ``root``; returns the folder of the result."""
    then, now = make_prior_and_current(5, settings=SETTINGS)
    prior = _day(root, "prior", then.images, THEN) if with_prior else ()
    current = _day(root, "current", now.images, NOW)
    images = [*prior, *current]
    read = [_read(prior, 0, THEN)] if with_prior else []
    read.append(_read(current, len(prior), NOW))
    result = root / "result"
    (result / "overlays").mkdir(parents=True)
    document = findings_document(Run(MADE, tuple(images), tuple(read)))
    (result / "findings.json").write_text(document_text(document), encoding="utf-8")
    if with_prior:
        compared = Compared(prior, read[-1].findings, _comparison(prior, current), None)
        step = Step((0, 1), (2, 3), compared)
        for name, made in (
            ("comparison.json", comparison_document(step, MADE)),
            ("history.json", history_document([step], MADE)),
        ):
            (result / name).write_text(document_text(made), encoding="utf-8")
    pictures = [*(then.images if with_prior else ()), *now.images]
    for place, (image, found) in enumerate(zip(pictures, images, strict=True)):
        gray = (image.stored / image.stored.max()).astype(np.float32)
        name = overlay_name(place, found.description.source)
        (result / "overlays" / name).write_bytes(encode_png(draw_overlay(gray, found)))
    return result


def uid(name: str) -> str:
    """Tracking UID of a group or calcification by its name."""
    return tracking_uid_of("test", name)


def _day(
    root: Path, day: str, pictures: Sequence[PhantomImage], plan: dict[ViewPosition, tuple[Group, ...]]
) -> tuple[ImageFindings, ...]:
    return tuple(_image(root, day, one, plan[one.view_position]) for one in pictures)


def _image(root: Path, day: str, picture: PhantomImage, plan: tuple[Group, ...]) -> ImageFindings:
    path = root / day / f"{picture.laterality}-{picture.view_position}.dcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mammogram(picture, path)
    content = path.read_bytes()
    header = dcmread(path, stop_before_pixels=True)
    groups, singles = zip(*(_group(*one) for one in plan), strict=True)
    alone = [
        _speck(f"{day} {picture.view_position} alone {n}", place, Morphology.PUNCTATE)
        for n, place in enumerate(SINGLES[picture.view_position] if day == "current" else ())
    ]
    rows, columns = picture.stored.shape
    description = ImageDescription(
        source=str(path),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=rows,
        columns=columns,
        pixel_spacing=PixelSpacing(SPACING_MM, SPACING_MM, "Imager Pixel Spacing (0018,1164)"),
        image_laterality=picture.laterality,
        view_position=picture.view_position,
        sop_instance_uid=str(header.SOPInstanceUID),
        study_instance_uid=str(header.StudyInstanceUID),
        patient_id=str(header.PatientID),
        study_date=str(header.StudyDate),
    )
    clip = NonLesion(NonLesionKind.CLIP, *CLIP, circle(*CLIP, 6.0, corners=8))
    found = (*(speck for group in singles for speck in group), *alone)
    return ImageFindings(description, 25.0, (), (), found, (clip,), groups)


def _group(
    name: str, center: Point, count: int, shape: Morphology, distribution: Distribution, _: Category
) -> tuple[CalcificationGroup, tuple[Calcification, ...]]:
    turns = [2.4 * n for n in range(count)]
    places = [
        (center[0] + 3.5 * n**0.8 * float(np.sin(t)), center[1] + 3.5 * n**0.8 * float(np.cos(t)))
        for n, t in enumerate(turns, start=1)
    ]
    members = tuple(_speck(f"{name} {n}", place, shape) for n, place in enumerate(places))
    spread = DistributionMeasurements(count, 4.25, 4.0, 1.5, 5.5, 0.9, 30.0, 0.002)
    return (
        CalcificationGroup(
            tracking_uid=uid(name),
            row=center[0],
            column=center[1],
            radius_px=30.0,
            radius_mm=3.0,
            score=0.91,
            members=tuple(one.tracking_uid for one in members),
            outline=circle(*center, 35.0),
            morphology=MorphologyDescription(((shape, 0.8), (Morphology.PUNCTATE, 0.2))),
            distribution=DistributionDescription(((distribution, 1.0),), spread),
            suspicion=_SUSPICION[shape],
        ),
        members,
    )


def _speck(name: str, place: Point, shape: Morphology) -> Calcification:
    row, column = round(place[0], 3), round(place[1], 3)
    return Calcification(
        tracking_uid=uid(name),
        row=row,
        column=column,
        score=0.875,
        diameter_px=4.0,
        diameter_error_px=0.3,
        area_px=12.5,
        contrast=9.0,
        contrast_error=0.7,
        diameter_mm=0.4,
        diameter_error_mm=0.03,
        area_mm2=0.125,
        outline=circle(row, column, 2.0, corners=8),
        vascular=shape is Morphology.VASCULAR,
        morphology=MorphologyDescription(((shape, 0.9), (Morphology.AMORPHOUS, 0.1))),
    )


def _assessment(category: Category) -> Assessment:
    return Assessment(
        suggested_category=category,
        floor=category,
        rule_ids=("M-TEST",),
        reasons=(f"As the plan says: category {category}.",),
        likelihood_range=LikelihoodRange(0.02, 0.5, "a study"),
        rule_table_version="1",
    )


def _read(
    images: tuple[ImageFindings, ...], first: int, plan: dict[ViewPosition, tuple[Group, ...]]
) -> ReadExamination:
    place = Location(Laterality.LEFT, "outer", None, "middle", 34.0, "left breast, outer half")
    paired = {"a": "d", "d": "a"}
    groups = tuple(
        GroupReading(
            uid(name),
            place,
            uid(paired[name]) if name in paired else None,
            "",
            _assessment(category),
        )
        for groups in plan.values()
        for name, _, _, _, _, category in groups
    )
    found = ExaminationFindings(
        images=images,
        pairs=(ViewPair(uid("a"), uid("d"), 0.93, 1.8, "same distance"),) if plan is NOW else (),
        groups=groups,
        breasts=(
            BreastReading(
                laterality=Laterality.LEFT,
                groups=tuple(one.tracking_uid for one in groups),
                found=found_words(len(groups), 0),
                not_looked_for=NOT_LOOKED_FOR,
            ),
        ),
        laterality_pattern=LateralityPattern.UNILATERAL,
        suspicion=0.6,
        score=9,
        score_reasons=("left CC, group A",),
    )
    return ReadExamination(tuple(range(first, first + len(images))), found)


def _comparison(prior: Sequence[ImageFindings], current: Sequence[ImageFindings]) -> Comparison:
    pairs = tuple(
        ImagePair(
            prior=place,
            current=place,
            image_laterality=Laterality.LEFT,
            view_position=view,
            interval_months=12.2,
            alignment=Alignment.GOOD,
            local_correlation=0.9,
            overlap=0.98,
            error_mm=0.3,
            matches=(CalcificationMatch(uid(before), uid(after), 0.97, 0.1),),
            notes=(),
        )
        for place, view, before, after in (
            (0, ViewPosition.CC, "pa 0", "a 0"),
            (1, ViewPosition.MLO, "pe 0", "e 0"),
        )
    )
    changed = _change("pa", "a", 0, ChangeKind.INCREASED_IN_NUMBER, (5, 8))
    stable = _change("pe", "e", 1, ChangeKind.NO_SIGNIFICANT_CHANGE, (6, 6))
    new = replace(
        _change("pa", "b", 0, ChangeKind.NEW, (0, 7)),
        tracking_uid=uid("b"),
        prior_groups=(),
        in_bed=SurgicalBedPosition.OUTSIDE,
        bed_margin_mm=12.0,
    )
    return Comparison(pairs, (changed, new, stable), ())


def _change(before: str, after: str, place: int, kind: ChangeKind, counts: tuple[int, int]) -> Change:
    view = (ViewPosition.CC, ViewPosition.MLO)[place]
    center = {name: at for one in (NOW[view], THEN[view]) for name, at, *_ in one}
    then, now = counts
    return Change(
        kind=kind,
        tracking_uid=uid(before),
        groups=(uid(after),),
        prior_groups=(uid(before),),
        image_laterality=Laterality.LEFT,
        view_position=view,
        image=place,
        prior_image=place,
        place=center[after],
        prior_place=center[before],
        current=GroupMeasurement(now, 0, 4.25, 0.4, 9.0, None),
        prior=GroupMeasurement(then, 0, 4.0, 0.4, 9.0, None),
        matched=min(counts),
        new=now - min(counts),
        gone=0,
        not_assessable=0,
        size_ratio=1.0,
        interval_months=12.2,
        error_mm=0.3,
        reasons=(f"{now} calcifications now, {then} then",),
    )
