"""From a seed to a woman with a history: one breast, a treatment, and all her dates with their truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.context import RadiationKind
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Morphology
from calcwatch.domain.treatment import Operation, OperationKind, Radiation, SurgicalBedMark, Treatment
from calcwatch.phantom.anatomy import draw_breast, draw_texture
from calcwatch.phantom.arrangement import Group, PositionedBreast
from calcwatch.phantom.examination import expose_view, patient_id_of
from calcwatch.phantom.geometry import BreastSize, draw_geometry, draw_size, project_points, reposition
from calcwatch.phantom.history.findings import Course, Site, draw_background, follow_findings
from calcwatch.phantom.history.settings import (
    FindingKind,
    FindingState,
    HistorySettings,
)
from calcwatch.phantom.history.timeline import USUAL_VIEWS, PlannedDate, PlannedView, Timeline, draw_timeline
from calcwatch.phantom.history.treatment import (
    Excision,
    TreatedState,
    TreatmentCourse,
    draw_excision,
    draw_treatment,
    pulled_in,
)
from calcwatch.phantom.history.truth import (
    HistoryDate,
    HistoryView,
    PhantomHistory,
    finding_in_view,
    outline_of_bed,
    places_of,
    points_in,
    truth_of_finding,
)
from calcwatch.phantom.settings import PHANTOM_SPACINGS_MM, GroupPlan, PlannedChange, random_stream
from calcwatch.phantom.solids import Lookalike, Solid
from calcwatch.phantom.tissue import ProjectedTissue, project_tissue
from calcwatch.phantom.truth import PhantomExamination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch.phantom.anatomy import Breast
    from calcwatch.phantom.geometry import ViewGeometry
    from calcwatch.phantom.settings import PhantomSettings
    from calcwatch.phantom.truth import PhantomImage

_DEFAULT = HistorySettings()
_OPERATION_DAY = 15  # of the month; dates of imaging lie a month off at least

_PLANNED = {
    FindingState.NEW: PlannedChange.NEW,
    FindingState.MORE: PlannedChange.INCREASED_IN_NUMBER,
    FindingState.WIDER: PlannedChange.INCREASED_IN_EXTENT,
    FindingState.LARGER: PlannedChange.INCREASED_IN_SIZE,
    FindingState.RESHAPED: PlannedChange.RESHAPED,
    FindingState.FEWER: PlannedChange.FEWER,
    FindingState.PARTLY_REMOVED: PlannedChange.PARTIALLY_REMOVED,
}


def make_history(seed: int, settings: HistorySettings = _DEFAULT) -> PhantomHistory:
    """Make the woman that a seed stands for, over all her dates.

    Args:
        seed: 0 or more; the same seed and settings give the same bytes.
        settings: Everything else a history depends on.

    Returns:
        Her dates, oldest first, each with the images of an examination, and the truth of every finding.

    Raises:
        ValueError: The seed is negative.

    """
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; give 0 or more")
    timeline = draw_timeline(seed, settings)
    treated = (
        settings.laterality
        or (Laterality.RIGHT, Laterality.LEFT)[int(random_stream(seed, "history", "side").integers(2))]
    )
    sides = (Laterality.RIGHT, Laterality.LEFT) if settings.both_breasts else (treated,)
    breasts = [_arrange(seed, side, timeline, settings, is_treated=side is treated) for side in sides]
    points = points_in(breasts[0].breast.size, settings.grid_mm)
    days = tuple(planned.study_date for planned in timeline.dates)
    dates = tuple(
        _make_date(number, planned, breasts, points, settings)
        for number, planned in enumerate(timeline.dates)
    )
    return PhantomHistory(
        seed=seed,
        patient_id=patient_id_of(seed),
        treated=treated,
        treatment=_stated_treatment(breasts, treated, timeline, dates),
        dates=dates,
        findings=tuple(
            truth_of_finding(
                course,
                laterality=item.breast.laterality,
                days=days,
                excision=item.excision,
                states=item.states,
            )
            for item in breasts
            for course in item.courses
        ),
        points_mm=points,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _ArrangedBreast:
    """One breast with all that it holds over all dates, not yet imaged."""

    breast: Breast
    treatment: TreatmentCourse | None
    states: tuple[TreatedState, ...]
    courses: tuple[Course, ...]
    texture: Callable[[ViewPosition], tuple[NDArray[np.float32], NDArray[np.float32]]]

    @property
    def excision(self) -> Excision | None:
        """What is cut out of it; ``None`` for the other breast."""
        return self.treatment.excision if self.treatment else None


def _arrange(
    seed: int, laterality: Laterality, timeline: Timeline, settings: HistorySettings, *, is_treated: bool
) -> _ArrangedBreast:
    """Draw a breast, what is cut out of it, and every finding over all dates."""
    phantom = _phantom_settings(settings)
    size = draw_size(random_stream(seed, "size"), phantom)
    breast = draw_breast(seed, laterality, size, phantom)

    def positioned(state: TreatedState) -> PositionedBreast:
        geometries = tuple(_usual(breast, PlannedView(view), state, settings) for view in USUAL_VIEWS)
        return PositionedBreast(breast, geometries, phantom)

    untouched = TreatedState(size=size, settings=settings.treatment)
    before = positioned(untouched)
    background = draw_background(before, settings)
    treatment = None
    if is_treated:
        near, far = settings.courses.clear_mm
        spared = [
            (item.positions_mm, far if item.kind is FindingKind.OTHER_RECURRENCE else near)
            for item in background
            # An artery or a single calcification may be cut out like any tissue.
            if item.kind not in (FindingKind.ARTERY, FindingKind.LOOSE)
        ]
        rng = random_stream(seed, "history", laterality, "treatment")
        excision = draw_excision(rng, before, spared, settings.treatment)
        treatment = draw_treatment(rng, excision, settings.treatment)
    states = tuple(treatment.state_at(months) if treatment else untouched for months in timeline.months)
    site = Site(
        before=before,
        last=positioned(states[-1]),
        state=states[-1],
        months=timeline.months,
        settings=settings,
    )
    return _ArrangedBreast(
        breast=breast,
        treatment=treatment,
        states=states,
        courses=follow_findings(site, background),
        # Fine texture is of the breast: each view's is drawn once and carried along from date to date.
        texture=cache(lambda view: draw_texture(breast, view, phantom)),
    )


def _phantom_settings(settings: HistorySettings) -> PhantomSettings:
    """Of the breast and of no device: the grid of texture has to be the same for all of them."""
    phantom = settings.phantom
    spacings = [_spacing_mm(phantom, device.spacing) for device in settings.devices]
    texture = phantom.anatomy.texture
    cell = max(texture.cell_mm, *spacings)
    return replace(
        phantom,
        anatomy=replace(phantom.anatomy, texture=replace(texture, cell_mm=cell)),
        groups=None,
        # None by chance: dust and letters belong to films, and every clip to the history.
        non_lesions=None,
    )


def _spacing_mm(phantom: PhantomSettings, factor: float) -> float:
    return float(np.clip(phantom.pixel_spacing_mm * factor, *PHANTOM_SPACINGS_MM))


def _usual(breast: Breast, view: PlannedView, state: TreatedState, settings: HistorySettings) -> ViewGeometry:
    """How a breast in some state usually lies in a view."""
    seed, laterality, phantom = breast.seed, breast.laterality, settings.phantom
    size = BreastSize(breast.size.depth_mm * state.scale, breast.size.radius_mm * state.scale)
    # The same stream for every size: a smaller breast lies as the larger one did.
    geometry = draw_geometry(
        random_stream(seed, "positioning", laterality, view.position), size, view.position, phantom
    )
    if view.position is ViewPosition.XCCL:
        numbers = settings.timeline
        rng = random_stream(seed, "exaggerated", laterality)
        turn = np.radians(rng.uniform(*numbers.exaggerated_turn_degrees))
        shift = rng.uniform(*numbers.exaggerated_shift) * phantom.field_mm[0]
        row, column = geometry.origin_mm
        # The outer part comes forward, the inner part is left out at the lower border.
        geometry = replace(geometry, turn=geometry.turn + float(turn), origin_mm=(row + float(shift), column))
    return pulled_in(geometry, state)


def _make_date(
    number: int,
    planned: PlannedDate,
    breasts: Sequence[_ArrangedBreast],
    points: NDArray[np.float64],
    settings: HistorySettings,
) -> HistoryDate:
    """Image every breast on one date."""
    views = [
        view for arranged in breasts for view in _make_views(number, planned, arranged, points, settings)
    ]
    numbered = tuple(
        replace(view, image=replace(view.image, instance=instance))
        for instance, view in enumerate(views, start=1)
    )
    seed = breasts[0].breast.seed
    images = tuple(view.image for view in numbered)
    return HistoryDate(
        examination=PhantomExamination(seed, patient_id_of(seed), planned.study_date, images),
        months=planned.months,
        device=planned.device,
        views=numbered,
    )


def _make_views(
    number: int,
    planned: PlannedDate,
    arranged: _ArrangedBreast,
    points: NDArray[np.float64],
    settings: HistorySettings,
) -> Iterator[HistoryView]:
    """Image one breast on one date; the breast that is not treated in the usual views alone."""
    wanted = planned.views
    if arranged.treatment is None:
        wanted = tuple(PlannedView(position) for position in USUAL_VIEWS)
    for view in wanted:
        yield _make_view(number, planned, arranged, view, points=points, settings=settings)


def _make_view(
    number: int,
    planned: PlannedDate,
    arranged: _ArrangedBreast,
    view: PlannedView,
    *,
    points: NDArray[np.float64],
    settings: HistorySettings,
) -> HistoryView:
    """Position, compress and expose one breast in one view of one date."""
    breast, state = arranged.breast, arranged.states[number]
    seed, laterality = breast.seed, breast.laterality
    device = whole = _device_settings(planned, settings)
    usual = _usual(breast, view, state, settings)
    rng = random_stream(seed, "history", planned.study_date, laterality, view.name)
    geometry = reposition(rng, usual, planned.repositioning)
    # Texture comes from how the breast usually lay before anything was done to it.
    first = _usual(breast, PlannedView(view.position), TreatedState(size=breast.size), settings)
    tissue = project_tissue(
        random_stream(seed, "muscle", laterality, view.position),
        state.breast(breast),
        arranged.texture(view.position),
        geometry=geometry,
        usual=first,
        settings=device,
        state=state if state.is_treated else None,
    )
    magnification = 1.0
    if view.is_magnified:
        magnification = settings.timeline.magnification
        corner, device = _window(number, arranged, geometry, whole, settings)
        row, column = geometry.origin_mm
        geometry = replace(geometry, origin_mm=(row - corner[0], column - corner[1]))
        tissue = _part_of(tissue, corner, device, whole)
    groups, clips = _solids_on(number, arranged)
    image = expose_view(
        breast,
        tissue,
        groups=groups,
        lookalikes=clips,
        geometry=geometry,
        day=f"{planned.study_date}-{view.name}",
        settings=device,
    )
    image = _with_own_shapes(image, number, arranged.courses)
    image = replace(image, magnification=magnification)
    outline = outline_of_bed(arranged.excision, geometry, state, image)
    return HistoryView(
        image=image,
        geometry=geometry,
        state=state,
        bed_outline=outline,
        findings=tuple(
            finding_in_view(course, image, outline) for course in arranged.courses if course.stages_at(number)
        ),
        grid=places_of(points, geometry, state, image),
    )


def _device_settings(planned: PlannedDate, settings: HistorySettings) -> PhantomSettings:
    """The phantom's settings with those of the date's device."""
    device, phantom = planned.device, _phantom_settings(settings)
    return replace(
        phantom,
        pixel_spacing_mm=_spacing_mm(phantom, device.spacing),
        mtf=device.mtf,
        relative_dose=device.relative_dose,
        edge_enhancement=device.edge_enhancement,
        imaging=replace(phantom.imaging, gray_range=device.gray_range),
        bits_stored=device.bits_stored,
        film=device.film,
        for_processing=False,
        study_date=planned.study_date,
    )


def _window(
    number: int,
    arranged: _ArrangedBreast,
    geometry: ViewGeometry,
    device: PhantomSettings,
    settings: HistorySettings,
) -> tuple[tuple[float, float], PhantomSettings]:
    """Where a magnification view lies in the whole one, in mm, and the settings of its image."""
    numbers, field = settings.timeline, device.field_mm
    shown = [
        min(most, share * numbers.magnified_share)
        for most, share in zip(numbers.magnified_field_mm, field, strict=True)
    ]
    target = _target(number, arranged)
    place = project_points(geometry, arranged.states[number].place(target[None]))[0, :2]
    corner = [
        float(np.clip(middle - length / 2, 0, whole - length))
        for middle, length, whole in zip(place, shown, field, strict=True)
    ]
    factor = numbers.magnification
    spacing = max(device.pixel_spacing_mm / factor, PHANTOM_SPACINGS_MM[0])
    magnified = replace(
        device,
        field_mm=(shown[0], shown[1]),
        pixel_spacing_mm=spacing,
        # The detector's blur is as wide as ever, and the breast on it larger.
        mtf=tuple((weight, sigma / factor) for weight, sigma in device.mtf),
        relative_dose=device.relative_dose * numbers.magnified_dose,
    )
    return (corner[0], corner[1]), magnified


def _target(number: int, arranged: _ArrangedBreast) -> NDArray[np.float64]:
    """The point of the material that is magnified: what is newest and most suspicious, else anything."""
    worth = (
        FindingKind.OTHER_RECURRENCE,
        FindingKind.BED_RECURRENCE,
        FindingKind.LESION,
        FindingKind.FAT_NECROSIS,
        FindingKind.CHANGING_GROUP,
        FindingKind.BENIGN_GROUP,
    )
    there = [course for course in arranged.courses if course.stages_at(number)]
    ranked = sorted(
        there, key=lambda course: worth.index(course.kind) if course.kind in worth else len(worth)
    )
    if not ranked:
        return np.array([0.5 * arranged.breast.size.depth_mm, 0.0, 0.0])
    stages = ranked[0].stages_at(number)
    return np.asarray(np.mean([stage.solid.position for stage in stages], axis=0))


def _part_of(
    tissue: ProjectedTissue,
    corner: tuple[float, float],
    part: PhantomSettings,
    whole: PhantomSettings,
) -> ProjectedTissue:
    """A part of a view's tissue on the finer pixels of a magnification view."""
    fine, coarse = part.pixel_spacing_mm, whole.pixel_spacing_mm
    scale = fine / coarse
    # OpenCV's matrix takes (x, y) of the part to (x, y) of the whole.
    matrix = np.array([[scale, 0, corner[1] / coarse], [0, scale, corner[0] / coarse]])

    def cut(values: NDArray[np.float32], interpolation: int) -> NDArray[np.float32]:
        flags = interpolation | cv2.WARP_INVERSE_MAP
        rows, columns = part.shape
        shown = cv2.warpAffine(values, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shown, dtype=np.float32)

    row, column = tissue.nipple_mm
    return ProjectedTissue(
        # Cubic where texture is to stay crisp, linear where nothing may overshoot.
        cut(tissue.attenuation, cv2.INTER_CUBIC),
        cut(tissue.depth_mm, cv2.INTER_LINEAR),
        cut(tissue.thickness_mm, cv2.INTER_LINEAR),
        (row - corner[0], column - corner[1]),
        tissue.pectoral_mm - np.array(corner) if tissue.pectoral_mm.size else tissue.pectoral_mm,
    )


def _solids_on(
    number: int, arranged: _ArrangedBreast
) -> tuple[list[tuple[Group, tuple[Solid, ...]]], list[Lookalike]]:
    """Everything solid of one date, where it lies then: groups of calcifications, and clips."""
    state = arranged.states[number]
    groups, clips = [], []
    for course in arranged.courses:
        stages = course.stages_at(number)
        if not stages:
            continue
        places = state.place(np.array([stage.solid.position for stage in stages]))
        solids = tuple(
            replace(stage.solid, position=place) for stage, place in zip(stages, places, strict=True)
        )
        shape = course.morphology_at(number)
        if shape is None:
            clips.append(Lookalike(course.id, NonLesionKind.CLIP, solids))
            continue
        change = _PLANNED.get(course.states[number][0], PlannedChange.NO_SIGNIFICANT_CHANGE)
        plan = GroupPlan(shape, course.distribution, change=change)
        groups.append((Group(course.id, plan, solids, ()), solids))
    return groups, clips


def _with_own_shapes(image: PhantomImage, number: int, courses: Sequence[Course]) -> PhantomImage:
    """Tell the shape of each calcification by itself, where a finding has several."""
    shapes: dict[str, Morphology] = {
        stage.solid.id: stage.morphology
        for course in courses
        for stage in course.stages_at(number)
        if stage.morphology is not None
    }
    told = tuple(replace(item, morphology=shapes[item.id]) for item in image.truth.calcifications)
    return replace(image, truth=replace(image.truth, calcifications=told))


def _stated_treatment(
    breasts: Sequence[_ArrangedBreast],
    treated: Laterality,
    timeline: Timeline,
    dates: Sequence[HistoryDate],
) -> Treatment:
    """What a person would state of the operation and the radiation."""
    arranged = next(item for item in breasts if item.breast.laterality is treated)
    treatment = arranged.treatment
    assert treatment is not None  # of the breast that was operated on
    after = next(date for date in dates if date.months > 0)
    marks = tuple(
        SurgicalBedMark(after.study_date, view.view_position, outline=view.bed_outline)
        for view in after.views
        if view.laterality is treated and view.magnification == 1 and view.view_position in USUAL_VIEWS
    )
    operation = Operation(
        date=timeline.day_of(0, _OPERATION_DAY),
        laterality=treated,
        kind=OperationKind.LUMPECTOMY,
        malignant=True,
        calcified=True if any(course.kind is FindingKind.LESION for course in arranged.courses) else None,
        bed=marks,
    )
    radiation: tuple[Radiation, ...] = ()
    if treatment.radiation is not RadiationKind.NONE:
        ended = timeline.day_of(treatment.radiation_months, _OPERATION_DAY)
        radiation = (Radiation(treated, ended, treatment.radiation),)
    return Treatment(operations=(operation,), radiation=radiation)
