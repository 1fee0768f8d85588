"""From a seed to an examination: one arrangement, every view of it, and the truth beside each image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import Laterality
from calcwatch.phantom.anatomy import draw_breast, draw_texture
from calcwatch.phantom.arrangement import PositionedBreast, place_calcifications
from calcwatch.phantom.geometry import draw_geometry, draw_size, project_points, reposition
from calcwatch.phantom.imaging import (
    develop,
    expose,
    noise_in_stored,
    plan_presentation,
    quanta_in_air,
    quantize,
    stored_values,
)
from calcwatch.phantom.lookalikes import add_marks, place_lookalikes
from calcwatch.phantom.settings import PhantomSettings, random_stream
from calcwatch.phantom.solids import add_silhouette, trace_solid
from calcwatch.phantom.tissue import project_tissue
from calcwatch.phantom.truth import PhantomExamination, PhantomImage, mirror_truth, truth_of_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcwatch.phantom.anatomy import Breast
    from calcwatch.phantom.arrangement import Group
    from calcwatch.phantom.geometry import ViewGeometry
    from calcwatch.phantom.solids import Lookalike, Silhouette, Solid
    from calcwatch.phantom.tissue import ProjectedTissue

_DEFAULT = PhantomSettings()
_DAYS = ("prior", "current")
# What belongs to the woman and not to a device: it has to be the same on both days.
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
    "positioning",
    "anatomy",
    "tissue",
    "shapes",
    "arrangement",
)


def make_examination(seed: int, *, settings: PhantomSettings = _DEFAULT) -> PhantomExamination:
    """Make the current examination of the patient that a seed stands for.

    Args:
        seed: 0 or more; the same seed and settings give the same bytes.
        settings: Everything else a phantom depends on.

    Returns:
        Every breast and view asked for, with the truth of each.

    Raises:
        ValueError: The seed is negative.

    """
    return _make(seed, settings, "current")


def make_prior_and_current(
    seed: int, *, settings: PhantomSettings = _DEFAULT, prior_settings: PhantomSettings | None = None
) -> tuple[PhantomExamination, PhantomExamination]:
    """Make two examinations of the same breasts, positioned and compressed anew, with each group's change.

    Args:
        seed: 0 or more.
        settings: Of the current examination.
        prior_settings: Another device, dose or film for the prior; what the breast is and holds must be the
            same. ``None`` for ``settings``.

    Returns:
        The prior and the current examination; the latter equals ``make_examination(seed)``. A calcification
        keeps its ``id``; ``GroupTruth.change`` tells what became of its group.

    Raises:
        ValueError: The seed is negative, or the two settings ask for different breasts.

    """
    earlier = prior_settings or settings
    if unlike := [name for name in _OF_THE_BREAST if getattr(earlier, name) != getattr(settings, name)]:
        raise ValueError(f"{unlike[0]} of prior_settings differs: both examinations are of one breast")
    return _make(seed, earlier, "prior"), _make(seed, settings, "current")


def _make(seed: int, settings: PhantomSettings, day: str) -> PhantomExamination:
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; give 0 or more")
    # A generator: an image is large, and the next is made only when the last is done.
    images = (
        image for laterality in settings.lateralities for image in _images(seed, laterality, settings, day)
    )
    numbered = tuple(replace(image, instance=number) for number, image in enumerate(images, start=1))
    return PhantomExamination(seed, patient_id_of(seed), _study_date(settings, day), numbered)


def patient_id_of(seed: int) -> str:
    """Name the patient that a seed stands for.

    Args:
        seed: 0 or more.

    Returns:
        An ID that says that it is a phantom.

    """
    return f"PHANTOM-{seed:04d}"


def _study_date(settings: PhantomSettings, day: str) -> str:
    return settings.study_date if day == "current" else settings.prior_study_date


def _images(seed: int, laterality: Laterality, settings: PhantomSettings, day: str) -> Iterator[PhantomImage]:
    """Arrange one breast as both days show it, and image every view of one day."""
    # One size for both breasts; without a side in its name the stream is the same for both.
    size = draw_size(random_stream(seed, "size"), settings)
    usual = [
        draw_geometry(random_stream(seed, "positioning", laterality, view), size, view, settings)
        for view in settings.views
    ]
    # Both days are positioned though one is imaged: places must be seen on both, whichever is made.
    days = {
        name: [
            reposition(random_stream(seed, name, laterality, geometry.view), geometry, settings.repositioning)
            for geometry in usual
        ]
        for name in _DAYS
    }
    positioned = PositionedBreast(
        draw_breast(seed, laterality, size, settings),
        # Every view of every day, so that a calcification placed for one day is never cut off on the other.
        tuple(geometry for name in _DAYS for geometry in days[name]),
        settings,
    )
    groups = [
        (group, group.current if day == "current" else group.prior)
        for group in place_calcifications(positioned)
    ]
    lookalikes = place_lookalikes(positioned)
    for geometry, usually in zip(days[day], usual, strict=True):
        yield _image(positioned, groups, lookalikes, geometry=geometry, usual=usually, day=day)


def _image(
    positioned: PositionedBreast,
    groups: Sequence[tuple[Group, Sequence[Solid]]],
    lookalikes: Sequence[Lookalike],
    *,
    geometry: ViewGeometry,
    usual: ViewGeometry,
    day: str,
) -> PhantomImage:
    """Compress and expose one view of one day."""
    settings, breast, view = positioned.settings, positioned.breast, geometry.view
    seed, laterality = breast.seed, breast.laterality
    # Not of the day: fine texture is of the breast and is carried along with its tissue.
    texture = draw_texture(breast, view, settings)
    # A stream for each thing: more draws for it change nothing elsewhere.
    rng = random_stream(seed, "muscle", laterality, view)
    tissue = project_tissue(rng, breast, texture, geometry=geometry, usual=usual, settings=settings)
    image = expose_view(
        breast, tissue, groups=groups, lookalikes=lookalikes, geometry=geometry, day=day, settings=settings
    )
    return replace(image, study_date=_study_date(settings, day))


def expose_view(
    breast: Breast,
    tissue: ProjectedTissue,
    *,
    groups: Sequence[tuple[Group, Sequence[Solid]]],
    lookalikes: Sequence[Lookalike],
    geometry: ViewGeometry,
    day: str,
    settings: PhantomSettings,
) -> PhantomImage:
    """Expose one view with and without its calcifications and look-alikes, and store it with its noise.

    Args:
        breast: Whose view it is: its seed and its side.
        tissue: The view's tissue, chest wall at column 0.
        groups: Every group with its calcifications of the day.
        lookalikes: Those made of solids.
        geometry: How the view lies.
        day: Names the day's streams of noise and dust.
        settings: Of the device and the generator; their field is the image's.

    Returns:
        The image, mirrored for a right breast, with the truth of it; its number in the examination is 1, and
        its date that of the settings.

    """
    seed, laterality, view = breast.seed, breast.laterality, geometry.view
    solids = {solid.id: solid for _, members in groups for solid in members}
    solids |= {solid.id: solid for item in lookalikes for solid in item.solids}
    silhouettes = {name: _trace(geometry, solid, settings) for name, solid in solids.items()}
    attenuation = tissue.attenuation.copy()
    # Attenuations add along a ray; the exponential comes later, for all together.
    for name, solid in solids.items():
        add_silhouette(attenuation, silhouettes[name], solid.density * settings.shapes.calcium_per_mm)
    plain, signal = expose(tissue.attenuation, settings), expose(attenuation, settings)

    # Dose and presentation are chosen without the calcifications, so that an image with them differs from the
    # same image without them only where they are.
    quanta = quanta_in_air(plain, tissue, settings)
    presentation = plan_presentation(plain, tissue, settings)
    plain_values = stored_values(plain, presentation, settings)
    truth = truth_of_image(
        groups,
        lookalikes,
        silhouettes,
        tissue=tissue,
        # The two images differ in the solids alone, so their difference is what the solids show, to the bit.
        difference=stored_values(signal, presentation, settings) - plain_values,
        sigma=noise_in_stored(plain, plain_values, quanta, presentation, settings),
        settings=settings,
    )

    # Noise is of the exposure: two days never share it.
    rng = random_stream(seed, "noise", day, laterality, view)
    values = develop(rng, signal, quanta, presentation, settings)
    if laterality is Laterality.RIGHT:  # all was drawn as a left breast
        values = np.ascontiguousarray(values[:, ::-1])
        truth = mirror_truth(truth, settings.shape[1])
    # After mirroring: letters would be mirrored too, and dust belongs to no side.
    marks = add_marks(rng, values, laterality=laterality, view=view, day=day, settings=settings)
    return PhantomImage(
        stored=quantize(values, settings),
        laterality=laterality,
        view_position=view,
        pixel_spacing_mm=settings.pixel_spacing_mm,
        bits_stored=settings.bits_stored,
        study_date=settings.study_date,
        patient_id=patient_id_of(seed),
        seed=seed,
        # Numbered once the number of images is known.
        instance=1,
        thickness_mm=round(geometry.thickness_mm, 1),
        relative_dose=settings.relative_dose,
        # The whole range of Bits Stored: the presentation is in the pixels already.
        window=(2.0 ** (settings.bits_stored - 1), 2.0**settings.bits_stored),
        for_processing=settings.for_processing,
        film=settings.film,
        truth=replace(truth, non_lesions=truth.non_lesions + marks),
    )


def _trace(geometry: ViewGeometry, solid: Solid, settings: PhantomSettings) -> Silhouette:
    """A solid as one view sees it: moved with the tissue, itself rigid."""
    row, column, _ = project_points(geometry, solid.position[None])[0]
    place_mm = (float(row), float(column))
    return trace_solid(solid, place_mm, geometry.axes(), settings.pixel_spacing_mm, settings.shapes)
