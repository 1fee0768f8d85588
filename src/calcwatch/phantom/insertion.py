"""Calcifications put into an image that has none: a known truth on a real background.

Attenuation adds in the logarithm of the exposure, which a mammogram For Presentation shows nearly linearly:
the logarithm of the blurred transmission, times the gray a unit of attenuation makes, is added to the gray.
Less radiation behind a calcification means more noise there, so noise is added too. A blank insertion gets
that noise and no calcification, so that nobody can learn the insertion's own trace.

The contrast of what is inserted is measured by this room's own code, not by the analysis that is tested with
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.settings import CHOSEN, setting
from calcwatch.phantom.arrangement import draw_planar_group
from calcwatch.phantom.imaging import blur
from calcwatch.phantom.settings import (
    USUAL_BLUR,
    ArrangementSettings,
    Blur,
    ImagingSettings,
    LogRange,
    Range,
    ShapeSettings,
)
from calcwatch.phantom.shapes import draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import Solid, add_silhouette, trace_solid
from calcwatch.phantom.truth import NonLesionTruth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.findings import NonLesionKind
    from calcwatch.domain.image import Point
    from calcwatch.domain.lexicon import Distribution, Morphology
    from calcwatch.phantom.arrangement import PlanarGroup
    from calcwatch.phantom.solids import Parts, Silhouette

_SHAPES, _ARRANGEMENT, _IMAGING = ShapeSettings(), ArrangementSettings(), ImagingSettings()
_DIFFERENCE_SIGMA_PX = 1.0  # what is finer than this Gaussian is taken for noise ...
_DIFFERENCE_GAIN = 0.855  # ... and is this share of white noise's standard deviation
_CLIP = 2.5  # times the mean absolute value; what is higher is no noise
_CLIPPED_MEAN = 0.780  # E min(|x|, 2.5 E|x|) for a normal distribution of unit sigma


@dataclass(frozen=True, kw_only=True)
class InsertionSettings:
    """What is inserted and how it is imaged.

    Attributes:
        scatters: Groups and single calcifications.
        contrast: Smallest and largest peak of a group's median member in units of the local noise (of 391
            calcifications seen on digital mammograms 9 in 10 show 10 to 37, noise included).
        blanks: Places that get the noise of an insertion and nothing else.
        gain: Gray a unit of log attenuation makes.
        mtf: The system's point spread.
        edge_enhancement: Strength of an unsharp mask, 0 for none.
        metal: Clips, markers and wires to insert, each with its parts and its density.
        morphologies: Shapes to draw from, all alike often; ``None`` for all, as often as they are met.
        crowded_share: Share of the groups that are crowded.
        shapes: What each shape is made of.
        arrangement: How groups are laid out in the plane.
        imaging: How a system shows them.

    The fields after these are numbers of the generator, each with its own meaning.

    """

    scatters: int = 10
    contrast: LogRange = (6.0, 40.0)
    blanks: int = 10
    gain: float = 0.35
    mtf: Blur = USUAL_BLUR
    edge_enhancement: float = 0.0
    metal: tuple[tuple[NonLesionKind, Parts, float], ...] = ()
    morphologies: tuple[Morphology, ...] | None = None
    crowded_share: float = 0.0
    shapes: ShapeSettings = _SHAPES
    arrangement: ArrangementSettings = _ARRANGEMENT
    imaging: ImagingSettings = _IMAGING
    noise_window_mm: float = setting(5.0, "mm", CHOSEN, "side of the window that noise is measured in")
    place_tries: int = setting(400, "count", CHOSEN, "places drawn to find one inside the area")
    group_margin_mm: float = setting(4.0, "mm", CHOSEN, "middle of a group inside the area")
    blank_margin_mm: float = setting(1.0, "mm", CHOSEN, "middle of a blank inside the area")
    member_margin_mm: float = setting(0.5, "mm", CHOSEN, "rim of a calcification inside the area")
    gap_mm: float = setting(0.35, "mm", CHOSEN, "least room between calcifications of a group")
    wander: float = setting(0.3, "1", CHOSEN, "how much members turn from the direction of their group")
    blur_margin_mm: float = setting(0.8, "mm", CHOSEN, "room for the blur round a silhouette")
    most_attenuation: float = setting(5.0, "1", CHOSEN, "log attenuation of one calcification, at most")
    least_transmission: float = setting(1e-3, "share", CHOSEN, "x-rays that arrive behind all, at least")
    shoulder: float = setting(0.1, "share", CHOSEN, "of the gray range, where the curve bends toward white")
    blank_radius_mm: Range = setting((0.1, 0.6), "mm", CHOSEN, "half width of a blank")
    blank_noise: Range = setting((0.05, 0.6), "1", CHOSEN, "variance that a blank adds, in the noise's")
    most_noise: float = setting(3.0, "1", CHOSEN, "variance that missing radiation adds, at most")
    noise_gain: float = setting(1.45, "1", CHOSEN, "what the blur of the noise takes, given back")
    rounding: float = setting(0.29, "steps of gray", CHOSEN, "standard deviation of rounding")


_DEFAULT = InsertionSettings()


@dataclass(frozen=True, eq=False, kw_only=True)
class InsertedCalcification:
    """One inserted calcification, in pixels of the image given, origin at the center of the top-left pixel.

    Attributes:
        row: Center of its attenuation.
        column: The same.
        diameter_mm: Of the circle with the area of the unblurred silhouette.
        outline: Closed polygon of the unblurred silhouette.
        morphology: Its shape.
        distribution: How its group lies.
        group: Number of its group, from 0; with ``SINGLE`` it is alone in it.
        contrast: Peak over the surround in units of the local noise, as the picture shows it (less where
            white is near).
        detectability: Root of the sum of its squared contrast over all pixels: what an ideal observer has to
            go by in white noise.

    """

    row: float
    column: float
    diameter_mm: float
    outline: tuple[Point, ...]
    morphology: Morphology
    distribution: Distribution
    group: int
    contrast: float
    detectability: float


@dataclass(frozen=True, eq=False)
class Insertion:
    """A picture with what was put in.

    Attributes:
        gray: float32, 0 to 1, of the shape of the picture given.
        calcifications: Their truth.
        non_lesions: Truth of clips, markers and wires.

    """

    gray: NDArray[np.float32]
    calcifications: tuple[InsertedCalcification, ...]
    non_lesions: tuple[NonLesionTruth, ...]


def insert(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    *,
    spacing_mm: float,
    gray_step: float,
    settings: InsertionSettings,
) -> Insertion:
    """Put calcifications, blanks and metal into a picture; the input is left alone.

    Args:
        rng: Where all is drawn from; the same state gives the same picture.
        gray: Rows x columns, float32, 0 to 1.
        area: 1 where something may be put.
        spacing_mm: Distance of the pixels.
        gray_step: The picture's quantization, which the result has too.
        settings: What is put in.

    Returns:
        The new picture and the truth of what was put in.

    Raises:
        ValueError: The area is empty.

    """
    if not area.any():
        raise ValueError("there is no room to insert anything: the area is empty")
    noise = noise_of(gray, area, spacing_mm, settings)
    # Coarse gray levels hide the noise; rounding is noise too and the least there can be.
    noise = np.maximum(noise, np.float32(settings.rounding * gray_step))
    canvas = _Canvas(area, noise, spacing_mm, settings)
    # All is drawn before anything is blurred: attenuations add, and neighbors share their blur.
    groups = [canvas.put_group(rng) for _ in range(settings.scatters)]
    metal = [
        canvas.put_metal(rng, f"{kind}-{number}", kind, parts, density)
        for number, (kind, parts, density) in enumerate(settings.metal, start=1)
    ]
    for _ in range(settings.blanks):
        canvas.put_blank(rng)
    # What is true of contrast is taken before noise, so that a lucky grain does not count.
    added = canvas.added_gray(gray)
    shown = canvas.with_noise(rng, gray + added, gray_step)
    blurred = canvas.blurred(canvas.attenuation)
    calcifications = tuple(
        canvas.truth_of(number, group, member, added, blurred)
        for number, (group, members) in enumerate(groups)
        for member in members
    )
    return Insertion(shown, calcifications, tuple(metal))


def noise_of(
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    spacing_mm: float,
    settings: InsertionSettings = _DEFAULT,
) -> NDArray[np.float32]:
    """Measure the noise of single pixels from the finest differences round each.

    Robust against the few bright spots in a window: what is far above the mean absolute difference is
    clipped, and the result scaled to the standard deviation of a normal distribution.

    Args:
        gray: Rows x columns, 0 to 1.
        area: 1 where pixels count.
        spacing_mm: Distance of the pixels.
        settings: How large a window is.

    Returns:
        Standard deviation at each pixel, in gray, never below a ten-thousandth.

    """
    # Odd, so that the window has a middle pixel.
    side = round(settings.noise_window_mm / spacing_mm) | 1
    # Tissue is coarser than noise: the difference from a blurred copy holds little of it.
    fine = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), _DIFFERENCE_SIGMA_PX))
    counted = area.astype(np.float32)
    fine = fine * counted
    # Only pixels of the area count: the black of the air would pull the noise at the skin down.
    share = cv2.blur(counted, (side, side)) + np.float32(1e-6)
    usual = cv2.blur(fine, (side, side)) / share
    usual = cv2.blur(np.minimum(fine, np.float32(_CLIP) * usual), (side, side)) / share
    # Two known factors lead from the clipped mean of a difference back to the noise of a pixel.
    noise = usual / np.float32(_CLIPPED_MEAN) / np.float32(_DIFFERENCE_GAIN)
    return np.asarray(np.maximum(noise, 1e-4), dtype=np.float32)


class _Canvas:
    """A picture in the making: what is put in adds to ``attenuation`` and to ``unrest``."""

    def __init__(
        self,
        area: NDArray[np.uint8],
        noise: NDArray[np.float32],
        spacing_mm: float,
        settings: InsertionSettings,
    ) -> None:
        self.attenuation = np.zeros_like(noise)
        self.unrest = np.zeros_like(noise)  # variance that blanks add, in units of the local noise's
        self.noise, self.spacing_mm, self.settings = noise, spacing_mm, settings
        # Padded with zeros, so that the picture's border counts as a rim of the area.
        inner = cv2.distanceTransform(np.pad(area, 1), cv2.DIST_L2, 3)[1:-1, 1:-1].astype(np.float32)
        self.inside_mm = inner * spacing_mm

    def draw_place(self, rng: np.random.Generator, margin_mm: float) -> tuple[int, int]:
        """A pixel at least ``margin_mm`` inside the area, or the innermost of some when there is none."""
        tries = self.settings.place_tries
        rows = rng.integers(0, self.noise.shape[0], tries)
        columns = rng.integers(0, self.noise.shape[1], tries)
        # Drawn all at once and then picked: the number of draws never depends on the picture.
        depth = self.inside_mm[rows, columns]
        deep = np.flatnonzero(depth >= margin_mm)
        chosen = int(deep[0]) if deep.size else int(np.argmax(depth))
        return int(rows[chosen]), int(columns[chosen])

    def put_group(
        self, rng: np.random.Generator
    ) -> tuple[PlanarGroup, list[tuple[Silhouette, NDArray[np.float32]]]]:
        """A group and its members with room: the silhouette of each, its attenuation in its window."""
        settings = self.settings
        group = draw_planar_group(
            rng,
            settings.morphologies,
            crowded_share=settings.crowded_share,
            settings=settings.arrangement,
            shapes=settings.shapes,
        )
        middle = np.array(self.draw_place(rng, settings.group_margin_mm), dtype=np.float64) * self.spacing_mm
        drawn: list[tuple[Silhouette, float]] = []
        taken = np.zeros((0, 3))
        for offset, diameter in zip(group.points, group.diameters_mm, strict=True):
            place = middle + offset
            if self.has_room(place, float(diameter), taken):
                taken = np.concatenate([taken, [[*place, diameter]]])
                drawn.append(self.draw_member(rng, group, float(diameter), place))
        # No room at all: the group stays in the list, so that numbers of groups do not shift.
        if not drawn:
            return group, []
        low, high = np.log(settings.contrast)
        wanted = float(np.exp(rng.uniform(low, high)))
        # Densities keep their proportions within the group.
        # Contrast is what is asked for, so density follows from it and not the other way round.
        factor = wanted / float(np.median([self.peak_contrast(*member) for member in drawn]))
        return group, [(silhouette, self.put(silhouette, density * factor)) for silhouette, density in drawn]

    def has_room(self, place: NDArray[np.float64], diameter: float, taken: NDArray[np.float64]) -> bool:
        """Whether a calcification lies wholly in the area and clear of those before it; all in mm."""
        row, column = np.round(place / self.spacing_mm).astype(int)
        if not (0 <= row < self.noise.shape[0] and 0 <= column < self.noise.shape[1]):
            return False
        # Wholly inside: a calcification cut by the skin or the border has no true size.
        if self.inside_mm[row, column] < diameter / 2 + self.settings.member_margin_mm:
            return False
        away = np.hypot(*(taken[:, :2] - place).T) - (taken[:, 2] + diameter) / 2
        return bool((away > self.settings.gap_mm).all())

    def draw_member(
        self, rng: np.random.Generator, group: PlanarGroup, diameter: float, place: NDArray[np.float64]
    ) -> tuple[Silhouette, float]:
        """The silhouette of a member and its usual density."""
        shapes = self.settings.shapes
        # A third coordinate: members also tilt out of the picture's plane and are foreshortened.
        direction = np.array([*group.direction, 0.0]) + self.settings.wander * draw_direction(rng)
        direction /= np.linalg.norm(direction)
        parts = draw_shape(rng, group.morphology, diameter, direction, shapes)
        return self.trace(parts, place), draw_density(rng, group.morphology, diameter, shapes)

    def trace(self, parts: Parts, place: NDArray[np.float64]) -> Silhouette:
        """Silhouette of parts whose first two coordinates are the picture's rows and columns in mm."""
        solid = Solid("inserted", np.zeros(3), parts, 1.0)
        place_mm = (float(place[0]), float(place[1]))
        # Identity: the picture's plane is the solid's own plane, there is no breast to project.
        return trace_solid(solid, place_mm, np.eye(3), self.spacing_mm, self.settings.shapes)

    def window(self, silhouette: Silhouette) -> tuple[slice, slice, NDArray[np.float32]]:
        """Where a silhouette with room for its blur lies in the picture, and its thickness there."""
        # Without this room the blur would be cut off straight at the silhouette's window.
        margin = max(3, round(self.settings.blur_margin_mm / self.spacing_mm))
        return silhouette.window(self.noise.shape, margin)

    def blurred(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """A map of attenuation or transmission as the system blurs it."""
        return blur(image, self.settings.mtf, self.spacing_mm)

    def peak_contrast(self, silhouette: Silhouette, density: float) -> float:
        """Contrast of a faint calcification of that density in units of the local noise."""
        rows, columns, thickness = self.window(silhouette)
        # Faint: for small attenuation blur and exponential may be swapped.
        peak = float(self.blurred(thickness).max()) * density * self.settings.shapes.calcium_per_mm
        return max(peak * self.settings.gain / float(np.median(self.noise[rows, columns])), 1e-6)

    def put(self, silhouette: Silhouette, density: float) -> NDArray[np.float32]:
        """Add one calcification; return its attenuation in its window."""
        rows, columns, thickness = self.window(silhouette)
        per_mm = density * self.settings.shapes.calcium_per_mm
        # Contrast in a noisy place may ask for more density than any calcium has.
        attenuation = np.minimum(thickness * np.float32(per_mm), self.settings.most_attenuation)
        self.attenuation[rows, columns] += attenuation
        return np.asarray(attenuation)

    def put_metal(
        self, rng: np.random.Generator, name: str, kind: NonLesionKind, parts: Parts, density: float
    ) -> NonLesionTruth:
        """Add one piece of metal; return its truth."""
        place = np.array(self.draw_place(rng, self.settings.group_margin_mm), dtype=np.float64)
        silhouette = self.trace(parts, place * self.spacing_mm)
        add_silhouette(self.attenuation, silhouette, density * self.settings.shapes.calcium_per_mm)
        center = (silhouette.row, silhouette.column)
        return NonLesionTruth(name, kind, *center, silhouette.outline, (center,))

    def put_blank(self, rng: np.random.Generator) -> None:
        """Add a square of noise."""
        row, column = self.draw_place(rng, self.settings.blank_margin_mm)
        reach = max(1, round(rng.uniform(*self.settings.blank_radius_mm) / self.spacing_mm))
        rows = slice(max(0, row - reach), row + reach + 1)
        columns = slice(max(0, column - reach), column + reach + 1)
        self.unrest[rows, columns] = np.float32(rng.uniform(*self.settings.blank_noise))

    def added_gray(self, gray: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gray that is added without noise, bent toward white."""
        settings = self.settings
        # The system blurs what arrives, so transmission is blurred and only then the logarithm taken.
        transmission = self.blurred(np.exp(-self.attenuation))
        attenuation = -np.log(np.maximum(transmission, np.float32(settings.least_transmission)))
        added = np.float32(settings.gain) * attenuation
        if settings.edge_enhancement:
            wide = cv2.GaussianBlur(added, (0, 0), settings.imaging.enhanced_mm / self.spacing_mm)
            # As a device does it: on the logarithm, after the blur.
            added += np.float32(settings.edge_enhancement) * (added - wide)
        # Gray that is added uses up the room to white, ever less of it the nearer white is.
        room = np.maximum(1 - gray, 0)
        bent = np.where(added > 0, room * (1 - np.exp(-added / np.maximum(room, 1e-3))), added)
        # Only the shoulder bends; the straight part of the curve stays as it is.
        near_white = np.clip((gray + added - (1 - settings.shoulder)) / settings.shoulder, 0, 1)
        return np.asarray(added + near_white * (bent - added), dtype=np.float32)

    def with_noise(
        self, rng: np.random.Generator, clean: NDArray[np.float32], gray_step: float
    ) -> NDArray[np.float32]:
        """Add the noise of the radiation that is missing behind what was put in, and quantize."""
        settings = self.settings
        # Variance goes with the reciprocal of the quanta that arrive.
        missing = np.minimum(np.exp(self.blurred(self.attenuation)) - 1, settings.most_noise) + self.unrest
        # Noise of a detector is a little correlated; white noise could be told from the background's.
        white = cv2.GaussianBlur(
            rng.standard_normal(clean.shape, np.float32), (0, 0), settings.imaging.noise_blur_px
        )
        noisy = clean + white * np.float32(settings.noise_gain) * self.noise * np.sqrt(missing)
        # Elsewhere the picture stays as it was, to the bit.
        touched = missing > 1e-3
        made = np.where(touched, np.rint(noisy / gray_step) * gray_step, clean)
        return np.asarray(made.clip(0, 1), dtype=np.float32)

    def truth_of(
        self,
        number: int,
        group: PlanarGroup,
        member: tuple[Silhouette, NDArray[np.float32]],
        added: NDArray[np.float32],
        attenuation: NDArray[np.float32],
    ) -> InsertedCalcification:
        """What the picture shows of one member: its share of the signal where another lies close."""
        silhouette, alone = member
        rows, columns, _ = self.window(silhouette)
        # Where members overlap, each gets the part of the signal that its own attenuation makes.
        share = np.clip(self.blurred(alone) / np.maximum(attenuation[rows, columns], np.float32(1e-6)), 0, 1)
        contrast = added[rows, columns] * share / self.noise[rows, columns]
        return InsertedCalcification(
            row=silhouette.row,
            column=silhouette.column,
            diameter_mm=float(np.sqrt(silhouette.area_mm2 * 4 / np.pi)),
            outline=silhouette.outline,
            morphology=group.morphology,
            distribution=group.distribution,
            group=number,
            contrast=float(contrast.max()),
            # In double precision: thousands of small squares are added.
            detectability=float(np.sqrt((contrast.astype(np.float64) ** 2).sum())),
        )
