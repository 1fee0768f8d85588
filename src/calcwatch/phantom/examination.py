"""From a seed to an examination: one arrangement, every view of it, and the truth beside each image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality
from calcwatch.phantom import acquisition
from calcwatch.phantom.anatomy import Breast, draw_breast, draw_texture
from calcwatch.phantom.calcifications import Group, place_calcifications
from calcwatch.phantom.geometry import ViewGeometry, draw_geometry, draw_size, project_points, reposition
from calcwatch.phantom.lookalikes import NonLesionSolid, add_dust, add_letters, place_non_lesions, wanted
from calcwatch.phantom.record import CALCIUM_PER_MM, Shot, Traced, mirror_truth, record_truth
from calcwatch.phantom.settings import PhantomSettings, random_stream
from calcwatch.phantom.solids import ProjectedSolid, Solid, add_silhouette, trace_solid
from calcwatch.phantom.tissue import image_tissue
from calcwatch.phantom.truth import NonLesionTruth, PhantomExamination, PhantomImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import ViewPosition

_DEFAULT = PhantomSettings()
_OF_THE_BREAST = (
    "field_mm",
    "lateralities",
    "views",
    "groups",
    "breast_density",
    "texture",
    "repositioning",
    "prior_study_date",
    "study_date",
)


def make_examination(seed: int, *, settings: PhantomSettings = _DEFAULT) -> PhantomExamination:
    """Make the current examination of the patient that ``seed`` stands for.

    The same seed and settings give the same bytes. Raises ``ValueError`` for a negative seed.
    """
    return _make(seed, settings, "current")


def make_prior_and_current(
    seed: int, *, settings: PhantomSettings = _DEFAULT, prior_settings: PhantomSettings | None = None
) -> tuple[PhantomExamination, PhantomExamination]:
    """Make two examinations of the same breasts, positioned and compressed anew, with each group's change.

    The second equals ``make_examination(seed)``. A calcification keeps its ``id``; ``GroupTruth.change``
    tells what became of its group. ``prior_settings``: another device, dose or film for the prior; what the
    breast is and holds must be the same. Raises ``ValueError`` for a negative seed, and where the two
    settings ask for different breasts.
    """
    earlier = prior_settings or settings
    if other := [name for name in _OF_THE_BREAST if getattr(earlier, name) != getattr(settings, name)]:
        raise ValueError(f"{other[0]} of prior_settings differs: both examinations are of one breast")
    return _make(seed, earlier, "prior"), _make(seed, settings, "current")


def _make(seed: int, settings: PhantomSettings, day: str) -> PhantomExamination:
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; give 0 or more")
    patient_id = f"PHANTOM-{seed:04d}"
    date = settings.study_date if day == "current" else settings.prior_study_date
    images: list[PhantomImage] = []
    for laterality in settings.lateralities:
        scene = _arrange(seed, laterality, settings, day)
        for view in settings.views:
            images.append(_image(scene, view, date=date, patient_id=patient_id, instance=len(images) + 1))
    return PhantomExamination(seed, patient_id, date, tuple(images))


@dataclass(frozen=True, eq=False)
class _Scene:
    """One breast on one day, ready to be imaged; ``groups`` hold the solids of that day."""

    breast: Breast
    usual: dict[ViewPosition, ViewGeometry]
    today: dict[ViewPosition, ViewGeometry]
    groups: tuple[tuple[Group, tuple[Solid, ...]], ...]
    non_lesions: tuple[NonLesionSolid, ...]
    settings: PhantomSettings
    day: str


def _arrange(seed: int, laterality: Laterality, settings: PhantomSettings, day: str) -> _Scene:
    size = draw_size(random_stream(seed, "size"), settings)
    usual = {
        view: draw_geometry(random_stream(seed, "positioning", laterality, view), size, view, settings)
        for view in settings.views
    }
    days = {
        name: {
            view: reposition(random_stream(seed, name, laterality, view), geometry, settings.repositioning)
            for view, geometry in usual.items()
        }
        for name in ("prior", "current")
    }
    breast = draw_breast(seed, laterality, size, settings)
    everywhere = [geometry for positions in days.values() for geometry in positions.values()]
    groups = place_calcifications(breast, everywhere, settings)
    return _Scene(
        breast=breast,
        usual=usual,
        today=days[day],
        groups=tuple((group, _present(group, day)) for group in groups),
        non_lesions=place_non_lesions(breast, everywhere, settings),
        settings=settings,
        day=day,
    )


def _present(group: Group, day: str) -> tuple[Solid, ...]:
    solids = (member.current if day == "current" else member.prior for member in group.members)
    return tuple(solid for solid in solids if solid is not None)


def project_solid(geometry: ViewGeometry, solid: Solid) -> ProjectedSolid:
    """Return a solid as one view sees it: moved with the tissue, itself rigid."""
    row, column, _ = project_points(geometry, solid.position[None])[0]
    return ProjectedSolid(solid, float(row), float(column), geometry.axes())


def _image(scene: _Scene, view: ViewPosition, *, date: str, patient_id: str, instance: int) -> PhantomImage:
    settings, breast = scene.settings, scene.breast
    shot = _expose(scene, view)
    rng = random_stream(breast.seed, "noise", scene.day, breast.laterality, view)
    values, added = _develop(rng, scene, view, shot)
    truth = record_truth(scene.groups, scene.non_lesions, shot, settings)
    if breast.laterality is Laterality.RIGHT:
        truth = mirror_truth(truth, settings.shape[1])
    return PhantomImage(
        stored=acquisition.quantize(values, settings),
        laterality=breast.laterality,
        view_position=view,
        pixel_spacing_mm=settings.pixel_spacing_mm,
        bits_stored=settings.bits_stored,
        study_date=date,
        patient_id=patient_id,
        seed=breast.seed,
        instance=instance,
        thickness_mm=round(scene.today[view].thickness_mm, 1),
        relative_dose=settings.relative_dose,
        window=(2.0 ** (settings.bits_stored - 1), 2.0**settings.bits_stored),
        for_processing=settings.for_processing,
        film=settings.film,
        truth=replace(truth, non_lesions=truth.non_lesions + added),
    )


def _expose(scene: _Scene, view: ViewPosition) -> Shot:
    """Expose one view with and without its calcifications and look-alikes, both free of noise."""
    settings, geometry, breast = scene.settings, scene.today[view], scene.breast
    rng = random_stream(breast.seed, "muscle", breast.laterality, view)
    texture = draw_texture(breast, view, settings)
    tissue = image_tissue(rng, breast, texture, geometry=geometry, usual=scene.usual[view], settings=settings)
    traced = _trace(scene, geometry)
    plain = acquisition.expose(tissue.attenuation, settings)
    for solid, silhouette in traced.values():
        add_silhouette(tissue.attenuation, silhouette, solid.density * CALCIUM_PER_MM)
    signal = acquisition.expose(tissue.attenuation, settings)
    return Shot(tissue, traced, acquisition.plan_development(plain, signal, tissue, settings))


def _trace(scene: _Scene, geometry: ViewGeometry) -> Traced:
    solids = [solid for _, members in scene.groups for solid in members]
    solids += [solid for item in scene.non_lesions for solid in item.solids]
    spacing = scene.settings.pixel_spacing_mm
    return {solid.id: (solid, trace_solid(project_solid(geometry, solid), spacing)) for solid in solids}


def _develop(
    rng: np.random.Generator, scene: _Scene, view: ViewPosition, shot: Shot
) -> tuple[NDArray[np.float32], tuple[NonLesionTruth, ...]]:
    """Add noise, mirror a right breast, and put on the image what never passed the x-rays' way."""
    settings, laterality = scene.settings, scene.breast.laterality
    values = acquisition.develop(rng, shot.development, settings)
    if laterality is Laterality.RIGHT:
        values = np.ascontiguousarray(values[:, ::-1])
    white = float(2**settings.bits_stored - 1)
    added: tuple[NonLesionTruth, ...] = ()
    if wanted(NonLesionKind.DUST, settings):
        added += add_dust(rng, values, white, f"{laterality}-{view}-{scene.day}-dust")
    if wanted(NonLesionKind.TEXT, settings):
        added += (
            add_letters(
                values,
                white,
                laterality=laterality,
                view=view,
                spacing_mm=settings.pixel_spacing_mm,
            ),
        )
    return values, added
