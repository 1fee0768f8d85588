"""Phantoms that trained nothing, as they come and with one thing about the imaging changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing, ViewPosition
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from calcwatch_lab.bench.truth.truth import (
    Case,
    Shown,
    TrueCalcification,
    TrueGroup,
    TrueNonLesion,
    Truth,
    detectability,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.phantom.truth import CalcificationTruth, ImageTruth

TEST_SEEDS = range(9000, 10000)
"""Seeds of the phantoms that test; training and validation keep below."""

PHANTOMS = "phantoms"
"""Name of the data set of phantoms as they come."""

LOOKALIKES = "look-alikes"
"""Name of the data set of phantoms that hold every kind of look-alike."""

SHIFTS = "shifts"
"""Name of the data set of phantoms with one thing about the imaging changed."""

REFERENCE = "reference"
"""Name of the phantoms that the others differ from in one thing."""

_EMPTY_EVERY = 4
_LOOKALIKE_SEEDS = TEST_SEEDS[500:]
_LOOKALIKES = (
    (NonLesionKind.CLIP, NonLesionKind.MARKER, NonLesionKind.WIRE),
    (NonLesionKind.SKIN_FOLD, NonLesionKind.POWDER, NonLesionKind.DUST, NonLesionKind.TEXT),
)
_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_SOFT = ((0.8, 0.075), (0.2, 0.3))
_SHARP = ((0.92, 0.04), (0.08, 0.2))


@dataclass(frozen=True)
class Look:
    """How a phantom is shown beside what its settings say: a window of the gray range, a curve, a depth.

    ``window``: darkest and brightest gray that is kept. ``gamma``: exponent of the gray after that. ``bits``:
    of the picture that is written in the end, ``None`` for those of the phantom.
    """

    window: tuple[float, float] = (0.0, 1.0)
    gamma: float = 1.0
    bits: int | None = None


@dataclass(frozen=True)
class Variant:
    """One way to make the same phantoms: what is changed, in words, and how."""

    name: str
    kind: str
    settings: PhantomSettings
    look: Look = Look()


def variants(settings: PhantomSettings) -> tuple[Variant, ...]:
    """Every shift of ``settings``: spacing, dose, window, vendor curve, blur and film."""
    spacings = [
        Variant(f"pixels of {mm:g} mm", "spacing", replace(settings, pixel_spacing_mm=mm))
        for mm in (0.05, 0.1, 0.14, 0.2)
    ]
    doses = [
        Variant(f"{words} the dose", "dose", replace(settings, relative_dose=dose))
        for words, dose in (("half", 0.5), ("twice", 2.0))
    ]
    others = [
        Variant("8 bits", "window", settings, Look(bits=8)),
        Variant("8 bits, narrow window", "window", settings, Look((0.2, 0.8), bits=8)),
        Variant("dark curve (gamma 1.5)", "vendor", settings, Look(gamma=1.5)),
        Variant("bright curve (gamma 0.7)", "vendor", settings, Look(gamma=0.7)),
        Variant("no edge enhancement", "vendor", replace(settings, edge_enhancement=0.0)),
        Variant("strong edge enhancement", "vendor", replace(settings, edge_enhancement=0.8)),
        Variant("softer detector", "blur", replace(settings, mtf=_SOFT)),
        Variant("sharper detector", "blur", replace(settings, mtf=_SHARP)),
        Variant("film", "film", replace(settings, film=True)),
    ]
    return (*spacings, *doses, *others)


def phantom_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """Return the first ``count`` test phantoms, one view each, by turns CC and MLO; every fourth is empty."""
    reference = Variant(REFERENCE, "", settings)
    return [_case(seed, reference, PHANTOMS) for seed in TEST_SEEDS[:count]]


def shifted_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """Return each shift of the first ``count`` test phantoms; :func:`phantom_cases` has the reference."""
    return [_case(seed, variant, SHIFTS) for variant in variants(settings) for seed in TEST_SEEDS[:count]]


def lookalike_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """Return ``count`` test phantoms with look-alikes beside calcifications, by turns metal and other."""
    return [
        _case(seed, Variant("", "", replace(settings, non_lesions=_LOOKALIKES[number % 2])), LOOKALIKES)
        for number, seed in enumerate(_LOOKALIKE_SEEDS[:count])
    ]


def _case(seed: int, variant: Variant, data_set: str) -> Case:
    view = _VIEWS[seed % len(_VIEWS)]
    settings = replace(variant.settings, views=(view,))
    if seed % _EMPTY_EVERY == _EMPTY_EVERY - 1:
        settings = replace(settings, groups=())
    show = partial(show_phantom, seed, settings, variant.look)
    return Case(data_set, f"{seed}", f"{seed} {view} {variant.name}", show, variant.name, variant.kind)


def show_phantom(seed: int, settings: PhantomSettings, look: Look) -> Shown:
    """Make one phantom image with its truth; ``settings`` ask for one view."""
    image = make_examination(seed, settings=settings).images[0]
    return Shown(mammogram_of(image, look), true_of(image.truth, settings))


def mammogram_of(image: PhantomImage, look: Look) -> Mammogram:
    """Return a phantom as it would be read from a file."""
    bits = look.bits or image.bits_stored
    gray = np.divide(image.stored, np.float32(2**image.bits_stored - 1), dtype=np.float32)
    spacing = PixelSpacing(image.pixel_spacing_mm, image.pixel_spacing_mm, "the phantom's")
    name = f"phantom {image.seed} {image.view_position}"
    description = ImageDescription(
        name, sha256=name, rows=gray.shape[0], columns=gray.shape[1], pixel_spacing=spacing
    )
    return Mammogram(_shown(gray, look, bits), description, None, 1 / (2**bits - 1))


def _shown(gray: NDArray[np.float32], look: Look, bits: int) -> NDArray[np.float32]:
    """Return the gray through window and curve, rounded to what ``bits`` can hold."""
    if look == Look():
        return gray
    low, high = look.window
    curved = np.clip((gray - np.float32(low)) / np.float32(high - low), 0, 1) ** np.float32(look.gamma)
    top = np.float32(2**bits - 1)
    return np.asarray(np.rint(curved * top) / top, np.float32)


def true_of(truth: ImageTruth, settings: PhantomSettings) -> Truth:
    """Return what is true of a phantom in the words of the bench; groups that are no groups are left out."""
    number = {one.id: place for place, one in enumerate(truth.calcifications)}
    return Truth(
        calcifications=tuple(_calcification(one, settings) for one in truth.calcifications),
        groups=tuple(
            TrueGroup(group.row, group.column, group.radius_mm, tuple(number[m] for m in group.members))
            for group in truth.groups
        ),
        non_lesions=tuple(
            TrueNonLesion(str(thing.kind), thing.outline, thing.points) for thing in truth.non_lesions
        ),
        positive=bool(truth.calcifications),
        located=True,
        grouped=True,
    )


def _calcification(one: CalcificationTruth, settings: PhantomSettings) -> TrueCalcification:
    strength = None
    if one.contrast is not None:
        strength = detectability(
            one.contrast, one.area_mm2, spacing_mm=settings.pixel_spacing_mm, mtf=settings.mtf
        )
    return TrueCalcification(one.row, one.column, one.outline, strength, one.id)
