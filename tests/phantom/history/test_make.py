"""A woman over years: her pictures show what her truth says, and her findings keep their names."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.image import Laterality, QualityFlag
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.dicom.read.mammogram import read_dicom
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.phantom.history.make import make_history
from calcwatch.phantom.history.settings import OF_THE_BED, FindingKind, FindingState, HistorySettings
from calcwatch.phantom.history.truth import FindingTruth, HistoryView, PhantomHistory
from calcwatch.phantom.truth import CalcificationTruth, NonLesionTruth
from tests.phantom.history.women import COARSE, EVERYTHING, follow, views_of
from tests.phantom.views import around, centroid

WOMAN = 56  # a right breast on film and then digital, with XCCL, ML and magnification views
PLAIN = HistorySettings(
    phantom=replace(COARSE, noise=False, texture=False),
    date_count=2,
    dates_before=1,
    extra_views=False,
    missed_views=False,
    other_devices=False,
)
TEXTURED = replace(COARSE, noise=False, breast_density="c")
EVERY_CHANGE = (
    FindingState.NEW,
    FindingState.MORE,
    FindingState.WIDER,
    FindingState.LARGER,
    FindingState.RESHAPED,
    FindingState.FEWER,
    FindingState.RESOLVED,
)


def woman() -> PhantomHistory:
    return follow(WOMAN, EVERYTHING)


@cache
def changed_woman() -> PhantomHistory:
    """One group for every change there is, on three dates."""
    kinds = frozenset({FindingKind.CHANGING_GROUP, FindingKind.BENIGN_GROUP})
    return follow(7, replace(PLAIN, date_count=3, kinds=kinds, changes=EVERY_CHANGE))


def shown(truth: PhantomHistory, date: int) -> dict[str, CalcificationTruth]:
    """The calcifications that the images of a date show, by id; of each the first image's."""
    found: dict[str, CalcificationTruth] = {}
    for view in truth.dates[date].views:
        if view.magnification == 1:
            for item in view.image.truth.calcifications:
                found.setdefault(item.id, item)
    return found


def test_every_view_and_date_names_the_same_things() -> None:
    """Each id in an image is a member of just one finding, and lies where that finding's member does."""
    truth = woman()
    names = [name for finding in truth.findings for name in finding.member_ids]
    assert len(names) == len(set(names))
    places = {
        name: place
        for finding in truth.findings
        for name, place in zip(finding.member_ids, finding.positions_mm, strict=True)
    }
    for view in views_of(truth):
        spacing = view.image.pixel_spacing_mm
        for item in view.image.truth.calcifications:
            (place,) = view.places(np.array([places[item.id]]))
            away_mm = np.hypot(place[0] - item.row, place[1] - item.column) * spacing
            # Of a round one the center of attenuation is its own; others are drawn about their center.
            is_round = item.morphology in (Morphology.ROUND, Morphology.PUNCTATE)
            assert away_mm < (0.02 if is_round else 1.5)
        for clip in view.image.truth.non_lesions:
            if clip.id in places:
                (place,) = view.places(np.array([places[clip.id]]))
                assert np.hypot(place[0] - clip.row, place[1] - clip.column) * spacing < 2.5


def test_findings_in_views_are_those_of_the_images() -> None:
    """A view tells of each finding those members that its image shows; without any it is not in this view."""
    truth = woman()
    kinds = {finding.id: finding for finding in truth.findings}
    unseen = 0
    for number, date in enumerate(truth.dates):
        for view in date.views:
            there = {item.id for item in view.image.truth.calcifications}
            there |= {item.id for item in view.image.truth.non_lesions}
            exist = {finding.id for finding in truth.findings if finding.counts[number]}
            assert {finding.id for finding in view.findings} == exist
            for finding in view.findings:
                members = set(kinds[finding.id].member_ids)
                assert set(finding.members) == members & there
                assert (finding.row is None) == (not finding.members)
                unseen += not finding.members
    assert unseen > 0


def test_a_known_woman_has_everything_that_was_asked_for() -> None:
    """Every kind of finding is there, from the date on which it may be; clips are told as clips."""
    truth = woman()
    assert {finding.kind for finding in truth.findings} == set(FindingKind)
    assert truth.treated is Laterality.RIGHT
    for finding in truth.findings:
        assert finding.is_of_the_bed == (finding.kind in OF_THE_BED)
        if finding.is_of_the_bed:
            assert finding.first_date >= truth.dates[1].study_date
    clips = [finding for finding in truth.findings if finding.kind is FindingKind.CLIP]
    assert 2 <= len(clips) <= 6
    for date in truth.dates[1:]:
        for view in date.views:
            marked = {item.id for item in view.image.truth.non_lesions if item.kind == "surgical_clip"}
            assert marked <= {clip.id for clip in clips}
            assert view.magnification > 1 or marked == {clip.id for clip in clips}


def test_what_was_taken_out_is_on_no_later_image() -> None:
    """The lesion and all else inside the cavity is there before the operation and never after it."""
    truth = woman()
    gone = [
        name
        for finding in truth.findings
        for name, place in zip(finding.member_ids, finding.positions_mm, strict=True)
        if np.isnan(truth.dates[1].views[0].state.place(np.array([place]))[0, 0])
    ]
    (lesion,) = (finding for finding in truth.findings if finding.kind is FindingKind.LESION)
    assert set(lesion.member_ids) <= set(gone)
    assert [states[0] for states in lesion.states] == [
        FindingState.BASELINE,
        FindingState.REMOVED_WITH_BED,
        FindingState.GONE,
        FindingState.GONE,
    ]
    assert set(gone) <= shown(truth, 0).keys()
    for date in range(1, 4):
        assert not set(gone) & shown(truth, date).keys()


def test_what_stays_is_on_every_date() -> None:
    """The benign group and the single calcifications outside the cavity are on every date, of one size."""
    truth = woman()
    staying = [
        finding
        for finding in truth.findings
        if finding.kind in (FindingKind.BENIGN_GROUP, FindingKind.LOOSE) and finding.counts[-1]
    ]
    assert len(staying) >= 3
    days = [shown(truth, date) for date in range(4)]
    for finding in staying:
        assert list(finding.states[1:]) == [(FindingState.UNCHANGED,)] * 3
        for name in finding.member_ids:
            sizes = [day[name].diameter_mm for day in days if name in day]
            assert len(sizes) >= 3
            assert sizes == pytest.approx([sizes[0]] * len(sizes), rel=0.12)


def become(
    finding: FindingTruth, truth: PhantomHistory, date: int, since: int | None = None
) -> set[FindingState]:
    """What became of a finding since the date before or another, by the images alone."""
    members = set(finding.member_ids)
    before, now = (
        {name: item for name, item in shown(truth, number).items() if name in members}
        for number in (date - 1 if since is None else since, date)
    )
    if not before or not now:
        earlier = any(shown(truth, number).keys() & members for number in range(date))
        if now:
            return {FindingState.NEW}
        if before:
            return {FindingState.RESOLVED}
        return {FindingState.GONE if earlier else FindingState.NOT_YET}
    both = before.keys() & now.keys()
    happened = set()
    if now.keys() - before.keys():
        front = max(item.position_mm[0] for item in before.values())
        added = [now[name].position_mm[0] for name in now.keys() - before.keys()]
        happened.add(FindingState.WIDER if min(added) >= front - 1.5 else FindingState.MORE)
    if before.keys() - now.keys():
        happened.add(FindingState.FEWER)
    if any(before[name].morphology != now[name].morphology for name in both):
        happened.add(FindingState.RESHAPED)
    elif any(now[name].diameter_mm > 1.3 * before[name].diameter_mm for name in both):
        happened.add(FindingState.LARGER)
    return happened or {FindingState.UNCHANGED}


def test_words_for_changes_are_what_the_images_show() -> None:
    """New, more, wider, larger, reshaped, fewer, resolved and unchanged are so by ids, sizes and places."""
    truth = changed_woman()
    seen: set[FindingState] = set()
    for finding in truth.findings:
        for date in (1, 2):
            assert become(finding, truth, date) == set(finding.states[date]), (finding.id, date)
            assert finding.changes[date][date - 1] == finding.states[date]
            assert set(finding.members[date]) == shown(truth, date).keys() & set(finding.member_ids)
            seen |= set(finding.states[date])
        assert become(finding, truth, 2, since=0) == set(finding.changes[2][0]), finding.id
    assert set(EVERY_CHANGE) <= seen
    assert FindingState.UNCHANGED in seen


def test_fat_necrosis_begins_with_rims() -> None:
    """Rims are the first of it, and none of them turns back from dystrophic."""
    truth = woman()
    (necrosis,) = (finding for finding in truth.findings if finding.kind is FindingKind.FAT_NECROSIS)
    days = [
        {name: item.morphology for name, item in shown(truth, date).items() if name in necrosis.member_ids}
        for date in range(4)
    ]
    first = next(day for day in days if day)
    assert Morphology.RIM in first.values()
    for before, now in pairwise(days):
        turned = [name for name in before.keys() & now.keys() if before[name] != now[name]]
        assert all(now[name] is Morphology.DYSTROPHIC for name in turned)
    assert set(days[-1].values()) == {Morphology.DYSTROPHIC}


def test_clips_and_necrosis_lie_at_the_bed_and_groups_do_not() -> None:
    """In three dimensions and on the images, findings of the bed are near its rim and others well away."""
    truth = woman()
    for finding in truth.findings:
        told = [distance for distance in finding.bed_distances_mm if distance is not None]
        assert len(told) == sum(count > 0 for count in finding.counts)
        if finding.is_of_the_bed:
            assert all(-1 < distance < 12 for distance in told)
        if finding.kind in (FindingKind.BENIGN_GROUP, FindingKind.OTHER_RECURRENCE):
            assert all(distance > 4 for distance in told)
    (lesion,) = (finding for finding in truth.findings if finding.kind is FindingKind.LESION)
    assert lesion.bed_middles_mm[0] is not None
    assert lesion.bed_middles_mm[0] < 0
    for view in truth.dates[0].views:
        seen = {item.id: item.bed_distance_mm for item in view.findings}[lesion.id]
        assert seen is not None
        assert seen < 0


def difference(view: HistoryView, bare: HistoryView) -> NDArray[np.float64]:
    return view.image.stored.astype(np.float64) - bare.image.stored


def test_pictures_change_where_findings_are_and_nowhere_else() -> None:
    """Against the same woman without findings, a picture is brighter at each of them and nowhere else."""
    kinds = frozenset({FindingKind.LOOSE, FindingKind.CLIP})
    asked = replace(PLAIN, laterality=Laterality.RIGHT, kinds=kinds)
    with_them, bare = follow(8, asked), follow(8, replace(asked, kinds=frozenset()))
    compared = 0
    for view, empty in zip(views_of(with_them), views_of(bare), strict=True):
        added, shape = difference(view, empty), view.image.stored.shape
        same = np.ones(shape, bool)
        items: list[CalcificationTruth | NonLesionTruth] = [*view.image.truth.calcifications]
        items += view.image.truth.non_lesions
        for item in items:
            part = around(item, 6, shape)
            same[around(item, 25, shape)] = False
            row, column = centroid(np.maximum(added[part], 0), part)
            away = sorted(np.hypot(item.row - other.row, item.column - other.column) for other in items)
            assert added[part].max() > 50
            # Of one that lies alone the added light has its middle where the truth says.
            if away[1] > 45:
                assert np.hypot(row - item.row, column - item.column) * view.image.pixel_spacing_mm < 0.3
            compared += away[1] > 45
        assert not added[same].any()
    assert compared >= 4


def test_specks_are_bright_where_the_truth_says() -> None:
    """On every image of every device, plain calcifications stand out of their surround at their place."""
    tested = 0
    for view in views_of(woman()):
        image = view.image
        for item in image.truth.calcifications:
            if item.contrast is None or item.contrast < 12:
                continue
            part = around(item, 8, image.stored.shape)
            window = image.stored[part].astype(float)
            row, column = round(item.row) - part[0].start, round(item.column) - part[1].start
            near = window[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
            if item.morphology is Morphology.RIM:
                near = window
            assert near.max() - np.median(window) > 3 * image.truth.noise_gray
            tested += 1
    assert tested > 200


def patch(view: HistoryView, place: NDArray[np.float64], reach: int = 14) -> NDArray[np.float64] | None:
    row, column = np.round(place).astype(int)
    cut = view.image.stored[row - reach : row + reach + 1, column - reach : column + reach + 1]
    return cut.ravel().astype(float) if cut.shape == (2 * reach + 1,) * 2 and cut.min() > 200 else None


def test_tissue_moves_as_the_points_say() -> None:
    """Patches at corresponding points of two dates are alike; at other points they are not."""
    asked = replace(PLAIN, kinds=frozenset(), phantom=TEXTURED, grid_mm=8.0)
    before, after = (date.views[0] for date in follow(9, asked).dates)
    alike, unlike = [], []
    for at, (first, second) in enumerate(zip(before.grid, after.grid, strict=True)):
        if np.isnan([*first, *second]).any():
            continue
        there, here = patch(before, first), patch(after, second)
        other = patch(after, second + np.array([18.0, 12.0]))
        if there is None or here is None or other is None or at % 2:
            continue
        alike.append(np.corrcoef(there, here)[0, 1])
        unlike.append(np.corrcoef(there, other)[0, 1])
    assert len(alike) > 60
    assert np.median(alike) > 0.5
    assert np.median(unlike) < 0.3


def test_points_without_tissue_have_no_place() -> None:
    """Points of the cavity have a place before the operation and none after; a part view shows some alone."""
    truth = woman()
    before, after = truth.dates[0].views[0], truth.dates[1].views[0]
    is_cut = np.isnan(after.state.place(truth.points_mm)[:, 0])
    assert 1 <= is_cut.sum() < 0.1 * len(is_cut)
    assert not np.isnan(before.grid[is_cut]).any()
    for view in views_of(truth):
        rows, columns = view.image.stored.shape
        told = view.grid[~np.isnan(view.grid[:, 0])]
        assert ((told > -0.5) & (told < [rows - 0.5, columns - 0.5])).all()
        assert view.grid.shape == (len(truth.points_mm), 2)
        assert (len(told) < 0.7 * len(is_cut)) == (view.magnification > 1)
    exaggerated = next(view for view in views_of(truth) if view.view_position == "XCCL")
    lost = np.isnan(exaggerated.grid[:, 0])
    # Lateral is the third coordinate: what an XCCL leaves out is medial.
    assert lost.any()
    assert truth.points_mm[lost, 2].mean() < -0.3 * truth.points_mm[:, 2].max()


def test_a_person_would_state_the_same_treatment() -> None:
    """The operation lies between two dates, its bed on the first date after it, the clips at its rim."""
    truth = woman()
    (operation,) = truth.treatment.operations
    assert truth.dates[0].study_date < operation.date < truth.dates[1].study_date
    assert operation.laterality is truth.treated
    assert {mark.view_position for mark in operation.bed} == {"CC", "MLO"}
    assert {mark.study_date for mark in operation.bed} == {truth.dates[1].study_date}
    for radiation in truth.treatment.radiation:
        assert operation.date < radiation.end_date
    view = truth.dates[1].views[0]
    assert operation.bed[0].outline == view.bed_outline
    distances = [item.bed_distance_mm for item in view.findings if "clip" in item.id]
    assert all(distance is not None and -12 < distance < 6 for distance in distances)


def test_the_other_breast_is_not_treated() -> None:
    """With both breasts, only the treated one has a bed, clips and a lesion."""
    small = replace(PLAIN.phantom, field_mm=(64, 50), pixel_spacing_mm=0.2)
    truth = follow(10, replace(PLAIN, phantom=small, both_breasts=True, laterality=Laterality.LEFT))
    assert [view.laterality for view in truth.dates[0].views] == ["R", "R", "L", "L"]
    for view in views_of(truth):
        assert bool(view.bed_outline) == (view.laterality is Laterality.LEFT)
    for finding in truth.findings:
        if finding.laterality is Laterality.RIGHT:
            assert not finding.is_of_the_bed
            assert finding.kind is not FindingKind.LESION
            assert set(finding.bed_distances_mm) == {None}


def test_same_seed_same_bytes_and_another_seed_another_woman() -> None:
    """Pixels and truth are the same on every run, and differ from seed to seed."""
    tiny = replace(PLAIN, phantom=replace(COARSE, field_mm=(64, 50), pixel_spacing_mm=0.2))
    first, again, other = make_history(3, tiny), make_history(3, tiny), changed_woman()
    for one, two in zip(views_of(first), views_of(again), strict=True):
        assert one.image.stored.tobytes() == two.image.stored.tobytes()
        assert np.array_equal(one.grid, two.grid, equal_nan=True)
    assert first.findings == again.findings
    assert first.treatment == again.treatment
    assert first.findings != other.findings
    assert first.patient_id != other.patient_id
    assert views_of(first)[0].image.stored.tobytes() != views_of(other)[0].image.stored.tobytes()
    with pytest.raises(ValueError, match="seed -1"):
        make_history(-1)


def test_every_image_is_a_mammogram_that_can_be_read(tmp_path: Path) -> None:
    """Written as DICOM, side, view, date, spacing and magnification are what the history says."""
    views: dict[tuple[str, float, bool], HistoryView] = {}
    for view in views_of(woman()):
        views.setdefault((view.view_position, view.magnification, view.image.film), view)
    assert {position for position, _, _ in views} == {"CC", "MLO", "ML", "XCCL"}
    for view in views.values():
        path = tmp_path / "image.dcm"
        write_mammogram(view.image, path)
        told = read_dicom(path.read_bytes(), "image.dcm").description
        assert told.pixel_spacing is not None
        assert told.pixel_spacing.mm == pytest.approx(view.image.pixel_spacing_mm)
        assert told.pixel_spacing.magnification == pytest.approx(view.magnification)
        assert (told.view_position, told.image_laterality) == (view.view_position, view.laterality)
        assert told.study_date == view.image.study_date
        assert (QualityFlag.MAGNIFICATION_VIEW in told.flags) == (view.magnification > 1)


def test_single_findings_are_no_groups() -> None:
    """Single calcifications and clips are of no group; groups keep one id in all images."""
    truth = woman()
    singles = {finding.id for finding in truth.findings if finding.distribution is Distribution.SINGLE}
    for view in views_of(truth):
        assert not singles & {group.id for group in view.image.truth.groups}
        for item in view.image.truth.calcifications:
            finding = item.id.rsplit("-", 1)[0]
            assert item.group_id == (None if finding in singles else finding)


def test_the_skin_lies_where_the_view_says() -> None:
    """In every view, magnified ones too, tissue ends at the skin line of the geometry that places solids."""
    for view in views_of(woman()):
        spacing, (rows, columns) = view.image.pixel_spacing_mm, view.image.stored.shape
        geometry = view.geometry
        angles = np.linspace(-np.pi / 2, np.pi / 2, geometry.radius_mm.size)
        skin = np.column_stack(
            [
                geometry.origin_mm[0] - geometry.radius_mm * np.sin(angles),
                geometry.origin_mm[1] + geometry.radius_mm * np.cos(angles),
            ]
        )
        outline = np.array(view.image.truth.breast_outline)
        # Told for a left breast and in mm; corners at the border and round the nipple are no skin line.
        outline[:, 1] = columns - 1 - outline[:, 1]
        inside = ((outline > 6) & (outline < np.array([rows, columns]) - 10)).all(axis=1)
        tip = np.array([view.image.truth.nipple[0], columns - 1 - view.image.truth.nipple[1]])
        away = np.linalg.norm(outline - tip, axis=1) * spacing
        points = outline[inside & (away > 20)] * spacing
        off = np.linalg.norm(points[:, None] - skin[None], axis=2).min(axis=1)
        assert len(off) >= 3
        assert np.median(off) < 0.3
