"""Phantoms that trained nothing, as they come and with one thing about the imaging changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import calcwatch
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing, ViewPosition
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from calcwatch_lab.bench.truth.truth import (
    Case,
    TrueCalcification,
    TrueGroup,
    TrueNonLesion,
    Truth,
    detectability,
)
from calcwatch_lab.seeds import DETECTION_TEST, LOOKALIKE_TEST

if TYPE_CHECKING:
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.phantom.truth import CalcificationTruth, ImageTruth

PHANTOMS = "phantoms"
"""Name of the data set of phantoms as they come."""

LOOKALIKES = "look-alikes"
"""Name of the data set of phantoms that hold every kind of look-alike."""

SHIFTS = "shifts"
"""Name of the data set of phantoms with one thing about the imaging changed."""

REFERENCE = "reference"
"""Name of the phantoms that the others differ from in one thing."""

SOFT_DETECTOR = ((0.8, 0.075), (0.2, 0.3))
"""Blur of a detector softer than usual, a sum of Gaussians (weight, sigma in mm): chosen, as an old one's."""

SHARP_DETECTOR = ((0.92, 0.04), (0.08, 0.2))
"""Blur of one sharper than usual: chosen, as direct conversion with small pixels."""

_EMPTY_EVERY = 4  # every fourth phantom holds no calcification
_LOOKALIKES = (
    (NonLesionKind.CLIP, NonLesionKind.MARKER, NonLesionKind.WIRE),
    (NonLesionKind.SKIN_FOLD, NonLesionKind.POWDER, NonLesionKind.DUST, NonLesionKind.TEXT),
)  # by turns metal and all else
_VIEWS = (ViewPosition.CC, ViewPosition.MLO)  # by turns


class ImagingVariant(NamedTuple):
    """One way to image the same phantoms.

    Attributes:
        name: What is changed, in words.
        kind: Kind of the change: spacing, dose, window, vendor, blur or film.
        settings: Settings of the phantoms.
        window: Darkest and brightest gray that is kept of the picture, 0 to 1.
        gamma: Exponent of the gray after that.
        bits: Of the picture in the end; ``None``: those of the phantom.

    """

    name: str
    kind: str
    settings: PhantomSettings
    window: tuple[float, float] = (0.0, 1.0)
    gamma: float = 1.0
    bits: int | None = None


@dataclass(frozen=True, eq=False)
class AnalyzedView:
    """One view of a phantom after the whole analysis as a user gets it.

    Attributes:
        mammogram: The picture that was analyzed.
        findings: What was found in it.
        truth: What is true of it.
        spacing_mm: Distance of two pixels.

    """

    mammogram: Mammogram
    findings: ImageFindings
    truth: ImageTruth
    spacing_mm: float


def imaging_variants(settings: PhantomSettings) -> tuple[ImagingVariant, ...]:
    """Every shift of the imaging: spacing, dose, window, vendor's curve, blur and film.

    Args:
        settings: Settings of the reference.

    Returns:
        The variants, each different from the reference in one thing.

    """
    spacings = [
        ImagingVariant(f"pixels of {mm:g} mm", "spacing", replace(settings, pixel_spacing_mm=mm))
        for mm in (0.05, 0.1, 0.14, 0.2)
    ]
    doses = [
        ImagingVariant(f"{words} the dose", "dose", replace(settings, relative_dose=dose))
        for words, dose in (("half", 0.5), ("twice", 2.0))
    ]
    others = [
        ImagingVariant("8 bits", "window", settings, bits=8),
        ImagingVariant("8 bits, narrow window", "window", settings, (0.2, 0.8), bits=8),
        ImagingVariant("dark curve (gamma 1.5)", "vendor", settings, gamma=1.5),
        ImagingVariant("bright curve (gamma 0.7)", "vendor", settings, gamma=0.7),
        ImagingVariant("no edge enhancement", "vendor", replace(settings, edge_enhancement=0.0)),
        ImagingVariant("strong edge enhancement", "vendor", replace(settings, edge_enhancement=0.8)),
        ImagingVariant("softer detector", "blur", replace(settings, mtf=SOFT_DETECTOR)),
        ImagingVariant("sharper detector", "blur", replace(settings, mtf=SHARP_DETECTOR)),
        ImagingVariant("film", "film", replace(settings, film=True)),
    ]
    return (*spacings, *doses, *others)


def phantom_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """Test phantoms as they come.

    Args:
        count: How many.
        settings: Settings of the phantoms.

    Returns:
        One view of each, by turns CC and MLO; every fourth is empty.

    """
    reference = ImagingVariant(REFERENCE, "", settings)
    return [_case(seed, reference, PHANTOMS) for seed in DETECTION_TEST.take(count)]


def shifted_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """The first test phantoms again under each shift of the imaging.

    Args:
        count: How many of those of :func:`phantom_cases`, which has the reference.
        settings: Settings of the reference.

    Returns:
        The cases, variant by variant.

    """
    return [
        _case(seed, variant, SHIFTS)
        for variant in imaging_variants(settings)
        for seed in DETECTION_TEST.take(count)
    ]


def lookalike_cases(count: int, *, settings: PhantomSettings) -> list[Case]:
    """Test phantoms with look-alikes beside calcifications.

    Args:
        count: How many.
        settings: Settings of the phantoms.

    Returns:
        The cases, by turns with metal and with all else.

    """
    return [
        _case(
            seed, ImagingVariant("", "", replace(settings, non_lesions=_LOOKALIKES[number % 2])), LOOKALIKES
        )
        for number, seed in enumerate(LOOKALIKE_TEST.take(count))
    ]


def _case(seed: int, variant: ImagingVariant, data_set: str) -> Case:
    # By the seed, so that a shifted phantom keeps its view and can be compared one by one.
    view = _VIEWS[seed % len(_VIEWS)]
    settings = replace(variant.settings, views=(view,))
    if seed % _EMPTY_EVERY == _EMPTY_EVERY - 1:
        settings = replace(settings, groups=())
    load = partial(load_phantom, seed, variant._replace(settings=settings))
    return Case(data_set, f"{seed}", f"{seed} {view} {variant.name}", load, variant.name, variant.kind)


def load_phantom(seed: int, variant: ImagingVariant) -> tuple[Mammogram, Truth]:
    """Make one phantom image.

    Args:
        seed: Its seed.
        variant: How it is imaged; its settings ask for one view.

    Returns:
        The image with its truth.

    """
    image = make_examination(seed, settings=variant.settings).images[0]
    mammogram = mammogram_of(image, window=variant.window, gamma=variant.gamma, bits=variant.bits)
    return mammogram, truth_of_phantom(image.truth, variant.settings)


def mammogram_of(
    image: PhantomImage,
    *,
    window: tuple[float, float] = (0.0, 1.0),
    gamma: float = 1.0,
    bits: int | None = None,
) -> Mammogram:
    """Turn a phantom's picture into what reading its file would give, side and view not said.

    Args:
        image: The picture.
        window: Darkest and brightest gray that is kept, 0 to 1.
        gamma: Exponent of the gray after that.
        bits: Of the picture in the end; ``None``: those of the phantom.

    Returns:
        The mammogram.

    """
    depth = bits or image.bits_stored
    gray = np.divide(image.stored, np.float32(2**image.bits_stored - 1), dtype=np.float32)
    spacing = PixelSpacing(image.pixel_spacing_mm, image.pixel_spacing_mm, "the phantom's")
    name = f"phantom {image.seed} {image.view_position}"
    description = ImageDescription(
        name, sha256=name, rows=gray.shape[0], columns=gray.shape[1], pixel_spacing=spacing
    )
    # As they come, phantoms are not rounded a second time.
    if (window, gamma, bits) != ((0.0, 1.0), 1.0, None):
        low, high = window
        curved = np.clip((gray - np.float32(low)) / np.float32(high - low), 0, 1) ** np.float32(gamma)
        top = np.float32(2**depth - 1)
        gray = np.asarray(np.rint(curved * top) / top, np.float32)
    return Mammogram(gray, description, None, 1 / (2**depth - 1))


def with_view(mammogram: Mammogram, image: PhantomImage) -> Mammogram:
    """Say side and view, as the header of a file does.

    Args:
        mammogram: The mammogram of a phantom's picture.
        image: That picture.

    Returns:
        The same with side and view.

    """
    description = replace(
        mammogram.description, image_laterality=image.laterality, view_position=image.view_position
    )
    return replace(mammogram, description=description)


def analyze_view(mammogram: Mammogram, image: PhantomImage) -> AnalyzedView:
    """Put one picture of a phantom through the whole analysis as a user gets it.

    Args:
        mammogram: The mammogram of the picture.
        image: The picture.

    Returns:
        What was found beside what is true.

    Raises:
        UnsuitableImage: It cannot be analyzed.

    """
    return AnalyzedView(mammogram, calcwatch.analyze_image(mammogram), image.truth, image.pixel_spacing_mm)


def truth_of_phantom(truth: ImageTruth, settings: PhantomSettings) -> Truth:
    """Say what is true of a phantom's picture in the words of the bench.

    Args:
        truth: What the phantom says.
        settings: Settings it was made with.

    Returns:
        The truth; groups that are no groups, such as loose calcifications, are left out.

    """
    number = {calcification.id: place for place, calcification in enumerate(truth.calcifications)}
    return Truth(
        calcifications=tuple(
            _calcification(calcification, settings) for calcification in truth.calcifications
        ),
        groups=tuple(
            TrueGroup(
                group.row, group.column, group.radius_mm, tuple(number[member] for member in group.members)
            )
            for group in truth.groups
        ),
        non_lesions=tuple(
            TrueNonLesion(str(non_lesion.kind), non_lesion.outline, non_lesion.points)
            for non_lesion in truth.non_lesions
        ),
        positive=bool(truth.calcifications),
        located=True,
        grouped=True,
    )


def _calcification(found: CalcificationTruth, settings: PhantomSettings) -> TrueCalcification:
    strength = None
    if found.contrast is not None:
        strength = detectability(
            found.contrast, found.area_mm2, spacing_mm=settings.pixel_spacing_mm, mtf=settings.mtf
        )
    return TrueCalcification(found.row, found.column, found.outline, strength, found.id)
