"""What a phantom is asked to be, and every number its generator draws with.

``PhantomSettings`` and ``GroupPlan`` are the user's choices. The classes named after a part of the generator
hold its numbers, each with its unit, where it comes from and what it does: other values give other pictures.
A sigma is a standard deviation; a unit that names a length (``radius``, ``field width``) says that the number
is a share of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from zlib import crc32

import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.domain.settings import CHOSEN, STANDARD, setting

_Value = TypeVar("_Value")

Range = tuple[float, float]
"""Smallest and largest value of something that is drawn evenly between them."""

LogRange = tuple[float, float]
"""The same, drawn evenly in the logarithm."""

Counts = tuple[int, int]
"""Smallest and largest number of something that is drawn evenly, both included."""

Pair = tuple[float, float]
"""Two numbers of different meaning."""

Triple = tuple[float, float, float]
"""Three numbers of different meaning."""

Blur = tuple[Pair, ...]
"""A point spread as a sum of Gaussians ``(weight, sigma in mm)``, the weights adding to 1."""

ByShape = tuple[tuple[Morphology, _Value], ...]
"""A value for each of several shapes."""

ByLayout = tuple[tuple[Distribution, _Value], ...]
"""A value for each of several distributions."""

_BIRADS = "keeps to the sizes of BI-RADS 5th edition (2013), calcifications"
_POWER_LAW = "Burgess, Jacobson, Judy, Med Phys 28:419, 2001: about the third power"
_ATTENUATION = "Johns and Yaffe, Phys Med Biol 32:675, 1987, near 20 keV"

USUAL_BLUR: Blur = ((0.85, 0.055), (0.15, 0.25))
"""Point spread of a usual digital system (chosen): a sharp peak and wide tails."""

PHANTOM_SPACINGS_MM = (0.03, 0.2)
"""Least and greatest distance of a phantom's pixels: of a magnification view, and of coarse film scans."""

PHANTOM_VIEWS = (ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML, ViewPosition.LM)
"""Views that phantoms are made in."""


class PlannedChange(StrEnum):
    """What is to happen to a group between the prior and the current examination.

    Attributes:
        NO_SIGNIFICANT_CHANGE: Every calcification is the same on both days.
        NEW: The group is on the current examination only.
        INCREASED_IN_NUMBER: The second half of its calcifications, spread over the group, is new.
        INCREASED_IN_SIZE: Every calcification was smaller on the prior examination.
        GONE: The group is on the prior examination only.
        INCREASED_IN_EXTENT: The half nearer the nipple is new.
        FEWER: The second half of its calcifications, spread over the group, is gone.
        PARTIALLY_REMOVED: The half nearer the nipple is gone.
        RESHAPED: Every calcification had another shape on the prior examination.

    """

    NO_SIGNIFICANT_CHANGE = "stable"
    NEW = "new"
    INCREASED_IN_NUMBER = "increased_in_number"
    INCREASED_IN_SIZE = "increased_in_size"
    GONE = "gone"
    INCREASED_IN_EXTENT = "increased_in_extent"
    FEWER = "decreased"
    PARTIALLY_REMOVED = "partially_removed"
    RESHAPED = "shape_changed"


@dataclass(frozen=True)
class GroupPlan:
    """One group (or, with ``SINGLE``, loose calcifications) to put into the breast.

    Attributes:
        morphology: Shape of its calcifications on the current examination.
        distribution: How they lie; ``SINGLE`` makes no group.
        count: Calcifications on the current examination (on the prior, where ``change`` is ``GONE``), 1 to
            500; ``None`` draws a usual number.
        change: What happens to it between the prior and the current examination.
        density: Factor on the usual attenuation, below 1 for subtle, above 1 for plain.
        diameter_mm: Smallest and largest diameter, at most 20; ``None`` draws what is usual for the shape.
        prior_morphology: The shape on the prior examination, where ``change`` is ``RESHAPED``.

    """

    morphology: Morphology
    distribution: Distribution
    count: int | None = None
    change: PlannedChange = PlannedChange.NO_SIGNIFICANT_CHANGE
    density: float = 1.0
    diameter_mm: LogRange | None = None
    prior_morphology: Morphology = Morphology.ROUND

    def __post_init__(self) -> None:
        if self.count is not None and not 1 <= self.count <= 500:
            raise ValueError(f"count {self.count} of a group is not between 1 and 500")
        if self.density <= 0:
            raise ValueError(f"density {self.density} of a group must be above 0")
        if self.diameter_mm is not None and not 0 < self.diameter_mm[0] <= self.diameter_mm[1] <= 20:
            raise ValueError(
                f"diameter_mm {self.diameter_mm} must be (smallest, largest), above 0, at most 20"
            )


@dataclass(frozen=True, kw_only=True)
class PositioningSettings:
    """How a breast lies in a view, and how much one day's positioning differs from the usual."""

    depth: Range = setting((0.42, 0.72), "field width", CHOSEN, "nipple to chest wall, uncompressed")
    most_depth_mm: float = setting(115.0, "mm", CHOSEN, "nipple to chest wall, at most")
    radius: Range = setting((0.30, 0.40), "field height", CHOSEN, "half width, uncompressed")
    most_radius_mm: float = setting(95.0, "mm", CHOSEN, "half width, at most")
    thickness: Range = setting((0.52, 0.72), "radius", CHOSEN, "thickness under compression")
    bulge: float = setting(0.35, "1", CHOSEN, "power of the section off the mid-plane (ellipsoid: 0.5)")
    least_section: float = setting(0.04, "1", CHOSEN, "section near the plates, before that power")
    middle_from_above: Range = setting((0.47, 0.53), "field height", CHOSEN, "row of the chest wall in CC")
    middle_from_the_side: Range = setting((0.56, 0.62), "field height", CHOSEN, "the same in MLO, ML and LM")
    behind: Range = setting((0.02, 0.06), "field width", CHOSEN, "chest wall behind the image's border")
    turn_degrees: Range = setting((-4.0, 4.0), "degrees", CHOSEN, "in-plane rotation")
    front: Range = setting((1.02, 1.12), "depth", CHOSEN, "nipple to chest wall under compression")
    lateral: Range = setting((1.0, 1.15), "radius", CHOSEN, "outer half width in CC")
    medial: Range = setting((0.9, 1.05), "radius", CHOSEN, "inner half width in CC")
    power_from_above: Range = setting((1.75, 2.1), "1", CHOSEN, "power of the skin's super-ellipse in CC")
    upper: Range = setting((1.05, 1.25), "radius", CHOSEN, "half height above the nipple from the side")
    lower: Range = setting((0.82, 0.95), "radius", CHOSEN, "half height below the nipple from the side")
    power_from_the_side: Range = setting((1.9, 2.3), "1", CHOSEN, "the same in MLO, ML and LM")
    armpit_width: Range = setting((0.80, 1.0), "front", CHOSEN, "width of the strip into the armpit")
    armpit_lean: Range = setting((0.38, 0.5), "1", CHOSEN, "how much that strip narrows on its way up")
    armpit_joint: float = setting(6.0, "1", CHOSEN, "power of the smooth maximum of breast and armpit")
    fold_width_mm: Range = setting((1.0, 4.0), "mm", CHOSEN, "width of the strip of tissue below the breast")
    fold_lean: float = setting(0.02, "1", CHOSEN, "how much that strip narrows on its way down")
    fold_joint: float = setting(14.0, "1", CHOSEN, "power of the smooth maximum of breast and fold")
    strip_begins: float = setting(0.75, "1", CHOSEN, "sine of where a strip has its full width")
    skin_angles: int = setting(721, "count", CHOSEN, "points of the skin line, down to up")
    repositioned_waves: float = setting(0.012, "1", CHOSEN, "sigma of each wave of one day's skin line")
    repositioned_wave_count: int = setting(4, "count", CHOSEN, "cosine waves of one day's skin line")
    repositioned_stretch: float = setting(0.015, "1", CHOSEN, "sigma of one day's stretch")
    repositioned_angle_degrees: float = setting(3.0, "degrees", CHOSEN, "most tilt of one day's beam")
    repositioned_origin_mm: Pair = setting((4.0, 2.0), "mm", CHOSEN, "most shift along rows, along columns")
    repositioned_thickness: float = setting(0.08, "share", CHOSEN, "most difference of one day's compression")
    repositioned_turn_degrees: float = setting(3.0, "degrees", CHOSEN, "most turn in the plane off the usual")


@dataclass(frozen=True, kw_only=True)
class TextureSettings:
    """Texture too fine for the gland volume: clouds and strands on a plane grid."""

    cell_mm: float = setting(0.14, "mm", CHOSEN, "side of a cell, no finer than the pixels")
    margin: float = setting(1.15, "field", CHOSEN, "size of the grid, for what is carried in")
    cloud_exponent: float = setting(
        2.8, "1", CHOSEN, "power by which their spectrum falls", reference=_POWER_LAW
    )
    cloud_lowest_per_mm: float = setting(0.05, "1/mm", CHOSEN, "frequency below which that spectrum is flat")
    strands: tuple[Triple, ...] = setting(
        ((0.5, 14.0, 2.0), (0.45, 7.0, 2.6), (0.35, 3.5, 3.0)),
        "1, mm, 1",
        CHOSEN,
        "of each scale: weight, distance, length over width",
    )
    ridge_samples: int = setting(8, "count", CHOSEN, "samples of noise for a distance of strands")
    ridge_least_samples: int = setting(24, "count", CHOSEN, "samples of it along each axis, at least")
    ridge_lowest: float = setting(0.11, "1/sample", CHOSEN, "frequency below which its spectrum is flat")
    ridge_exponent: float = setting(6.5, "1", CHOSEN, "power by which the spectrum of lines falls")
    gap_exponent: float = setting(4.0, "1", CHOSEN, "power by which the spectrum of gaps falls")
    gaps: Triple = setting((0.5, 0.6, 1.5), "1", CHOSEN, "brightness of strands: usual, sigma, most")
    ridge_width: float = setting(0.16, "1", CHOSEN, "height of the noise at half a strand's brightness")


@dataclass(frozen=True, kw_only=True)
class AnatomySettings:
    """What a breast is made of before compression."""

    compositions: tuple[tuple[str, float, float], ...] = setting(
        (("a", 0.15, 0.14), ("b", 0.4, 0.30), ("c", 0.35, 0.55), ("d", 0.1, 0.68)),
        "probability, share",
        CHOSEN,
        "BI-RADS composition of a patient, and how much of the breast is gland",
    )
    nipple_radius_mm: Range = setting((4.0, 7.0), "mm", CHOSEN, "radius of the nipple")
    nipple_height: Range = setting((0.4, 1.2), "radius", CHOSEN, "how far the nipple stands out")
    gland_voxels: tuple[int, int, int] = setting(
        (48, 72, 72), "count", CHOSEN, "voxels: depth, height, width"
    )
    gland_offset: float = setting(0.08, "radius", CHOSEN, "how far up and to the side the gland's cone lies")
    gland_reach: Pair = setting((0.60, 0.28), "1", CHOSEN, "radius of the cone, and more by the share")
    gland_taper: float = setting(0.18, "1", CHOSEN, "how much wider the cone is toward the nipple")
    gland_rim: float = setting(0.12, "1", CHOSEN, "softness of the cone's rim")
    gland_front: Pair = setting((0.12, 0.2), "depth", CHOSEN, "fat behind it, and more by the share of fat")
    gland_front_rim: float = setting(0.15, "1", CHOSEN, "softness of the cone's base")
    gland_depth: Pair = setting((-3.0, 1.0), "1", CHOSEN, "limits of the depth in the cone, in softnesses")
    lump_exponent: float = setting(4.0, "1", CHOSEN, "power by which the spectrum of lumps falls")
    cone_weight: float = setting(0.5, "1", CHOSEN, "weight of the depth in the cone against the lumps")
    gland_fill: Pair = setting((1.15, 0.92), "1", CHOSEN, "gland in the cone: factor on the share, most")
    gland_softness: float = setting(0.35, "1", CHOSEN, "softness of the border between gland and fat")
    fat_around: float = setting(3.0, "1", CHOSEN, "how fast gland ends outside the cone")
    gland_steepness: float = setting(2.2, "1", CHOSEN, "steepness of the logistic function from fat to gland")
    curve_steps: int = setting(24, "count", CHOSEN, "steps of a ligament or vessel")
    ligament_count: int = setting(260, "count", CHOSEN, "ligaments of a breast")
    ligament_reach: float = setting(0.95, "way to the skin", CHOSEN, "where ligaments begin, at most")
    ligament_to_nipple: float = setting(0.6, "probability", CHOSEN, "runs toward the nipple, else the skin")
    ligament_to_skin: Triple = setting((0.3, 1.0, 1.0), "1", CHOSEN, "way to the skin: factors on the place")
    ligament_length_mm: Range = setting((8.0, 35.0), "mm", CHOSEN, "length of a ligament")
    ligament_bend: float = setting(0.35, "1", CHOSEN, "how much a ligament bends")
    ligament_radius_mm: Range = setting((0.1, 0.35), "mm", CHOSEN, "radius of a ligament")
    vessel_count: int = setting(9, "count", CHOSEN, "vessels of a breast")
    vessel_start: Pair = setting((0.05, 0.7), "depth, radius", CHOSEN, "where vessels begin")
    vessel_goal: Pair = setting((0.9, 0.2), "depth, start", CHOSEN, "where vessels lead")
    vessel_length: Range = setting((0.6, 0.95), "depth", CHOSEN, "length of a vessel")
    vessel_bend: float = setting(0.22, "1", CHOSEN, "how much a vessel bends")
    vessel_radius_mm: Range = setting((0.5, 1.1), "mm", CHOSEN, "radius of a vessel")
    texture: TextureSettings = TextureSettings()


@dataclass(frozen=True, kw_only=True)
class TissueSettings:
    """How tissue attenuates, and what one compressed view shows of it."""

    fat_per_mm: float = setting(0.0456, "1/mm", STANDARD, "attenuation of fat", reference=_ATTENUATION)
    gland_per_mm: float = setting(0.0802, "1/mm", STANDARD, "attenuation of gland", reference=_ATTENUATION)
    skin_per_mm: float = setting(0.0720, "1/mm", STANDARD, "attenuation of skin", reference=_ATTENUATION)
    skin_mm: float = setting(1.2, "mm", CHOSEN, "thickness of the skin")
    skin_grid_mm: float = setting(0.28, "mm", CHOSEN, "grid that the skin line is computed on")
    skin_margin_cells: int = setting(160, "count", CHOSEN, "cells of tissue beyond the image")
    radial_depth_mm: Pair = setting((3.0, 4.0), "mm", CHOSEN, "end of the radial distance, and its fading")
    least_slope: float = setting(0.2, "1", CHOSEN, "slope of the radial distance, at least")
    nipple_joint_mm: float = setting(3.0, "mm", CHOSEN, "how soft the nipple joins the skin line")
    nipple_power: float = setting(2.3, "1", CHOSEN, "power of the nipple's super-ellipse")
    nipple_base: float = setting(0.3, "radius", CHOSEN, "begin of the nipple inside the skin line")
    gland_grid_mm: float = setting(1.6, "mm", CHOSEN, "grid that gland is added up on")
    gland_depth: float = setting(0.95, "half thickness", CHOSEN, "how near the plates gland is added up")
    gland_layers: int = setting(20, "count", CHOSEN, "layers that gland is added up over")
    armpit_without_gland: Pair = setting((1.2, 0.35), "rad", CHOSEN, "above it no gland, and its fading")
    softness_mm: float = setting(2.0, "mm", CHOSEN, "how soft gland is kept above none")
    carry_grid_mm: float = setting(2.0, "mm", CHOSEN, "grid that fine texture is carried along on")
    clouds_mm: float = setting(0.42, "mm", CHOSEN, "what clouds add, times the root of the gland in mm")
    strand_clouds: float = setting(0.25, "1", CHOSEN, "weight of clouds beside strands")
    strands_mm: Pair = setting((4.0, 3.0), "mm", CHOSEN, "what strands add in fat, and more of it in gland")
    ligament_classes_mm: tuple[float, ...] = setting((0.18, 0.27), "mm", CHOSEN, "limits of like radii")
    vessel_classes_mm: tuple[float, ...] = setting((0.7, 0.9), "mm", CHOSEN, "limits of like radii")
    tube_softness: Pair = setting((0.35, 0.4), "radius, px", CHOSEN, "blur of a curve, and least")
    tube_thickness: float = setting(0.85, "diameter", CHOSEN, "thickness of a ligament or vessel")
    muscle_width: Range = setting((0.26, 0.42), "field width", CHOSEN, "pectoral muscle at the top")
    muscle_length: Range = setting((0.5, 0.72), "field height", CHOSEN, "how far down the muscle reaches")
    muscle_bow: Range = setting((0.0, 0.05), "field width", CHOSEN, "how far its edge bows out")
    muscle_in_cc: float = setting(0.3, "probability", CHOSEN, "the muscle is seen in CC")
    muscle_arc: Pair = setting((0.5, 7.0), "radius, mm", CHOSEN, "half height and width of the muscle in CC")
    muscle_behind_mm: float = setting(5.0, "mm", CHOSEN, "how far behind the image its outline is closed")
    muscle_points: int = setting(40, "count", CHOSEN, "points of its edge")
    muscle_grid_mm: float = setting(0.5, "mm", CHOSEN, "grid that the muscle is computed on")
    muscle_margin_cells: int = setting(60, "count", CHOSEN, "cells of muscle beyond the image")
    muscle_rise_mm: float = setting(9.0, "mm", CHOSEN, "depth in the muscle by which its thickness rises")
    muscle_softness_cells: float = setting(1.0, "cells", CHOSEN, "blur of its edge")
    muscle_thickness: float = setting(0.45, "thickness", CHOSEN, "muscle where it is thick")
    fiber_contrast: float = setting(0.035, "1", CHOSEN, "how much muscle varies from fiber to fiber")
    fiber_step: float = setting(0.35, "1", CHOSEN, "sigma of a step across the fibers")
    fiber_count: int = setting(900, "count", CHOSEN, "steps across the fibers")
    fiber_reach_mm: float = setting(300.0, "mm", CHOSEN, "how far the steps go on either side")
    fiber_smoothing: int = setting(60, "count", CHOSEN, "steps whose mean is taken away")
    node_count: Counts = setting((0, 2), "count", CHOSEN, "lymph nodes of an oblique view")
    node_row: Range = setting((0.04, 0.22), "field height", CHOSEN, "where a node lies")
    node_column: Range = setting((0.08, 0.3), "field width", CHOSEN, "where a node lies")
    node_long_mm: Range = setting((4.0, 8.0), "mm", CHOSEN, "long radius of a node")
    node_short_mm: Range = setting((2.5, 4.0), "mm", CHOSEN, "short radius of a node")
    node_thickness: float = setting(1.4, "short radius", CHOSEN, "thickness of a node")
    node_hilum: Triple = setting((2.0, 0.3, 0.5), "1", CHOSEN, "its fat: size, way off the middle, share")
    node_grid_mm: float = setting(0.5, "mm", CHOSEN, "grid that nodes are computed on")


@dataclass(frozen=True, kw_only=True)
class ShapeSettings:
    """What a calcification of each shape is made of, and how finely it is traced."""

    calcium_per_mm: float = setting(1.5, "1/mm", CHOSEN, "dense calcium beyond the tissue it displaces")
    usual: ByShape[tuple[LogRange, float]] = setting(
        (
            (Morphology.SKIN, ((1.0, 1.8), 1.0)),
            (Morphology.VASCULAR, ((0.25, 0.6), 0.9)),
            (Morphology.POPCORN, ((2.5, 7.0), 1.0)),
            (Morphology.ROD, ((3.0, 9.0), 1.0)),
            (Morphology.ROUND, ((0.5, 1.0), 1.0)),
            (Morphology.PUNCTATE, ((0.18, 0.45), 1.0)),
            (Morphology.RIM, ((1.5, 7.0), 1.0)),
            (Morphology.DYSTROPHIC, ((1.1, 3.5), 1.0)),
            (Morphology.MILK_OF_CALCIUM, ((0.7, 2.0), 0.45)),
            (Morphology.SUTURE, ((3.0, 7.0), 1.0)),
            (Morphology.AMORPHOUS, ((0.2, 0.5), 0.7)),
            (Morphology.COARSE_HETEROGENEOUS, ((0.5, 1.0), 1.0)),
            (Morphology.FINE_PLEOMORPHIC, ((0.2, 0.6), 1.4)),
            (Morphology.FINE_LINEAR, ((0.5, 1.6), 1.3)),
            (Morphology.FINE_LINEAR_BRANCHING, ((0.8, 2.2), 1.3)),
        ),
        "mm, dense calcium",
        CHOSEN,
        "diameter or length of an elongated one, and density",
        reference=_BIRADS,
    )
    density_spread: Range = setting((0.65, 1.35), "1", CHOSEN, "factor on the usual density")
    thin_depth: float = setting(0.15, "length", CHOSEN, "how deep rods and sutures are")
    least_depth_mm: float = setting(0.2, "mm", CHOSEN, "depth of a calcification, at least")
    most_dense_mm: float = setting(0.85, "mm", CHOSEN, "dense calcium on any path, at most ...")
    most_dense_spread: Range = setting((0.5, 1.2), "1", CHOSEN, "... times this: large ones are porous")
    tube_overlap: Pair = setting((3.0, 0.4), "half steps, radii", CHOSEN, "half length of its ellipsoids")
    rod_points: int = setting(13, "count", CHOSEN, "points of a straight rod")
    path_points: int = setting(9, "count", CHOSEN, "points of a bent one")
    roundness: Range = setting((0.93, 1.07), "radius", CHOSEN, "each half axis of a round one")
    shell_roundness: Range = setting((0.9, 1.1), "radius", CHOSEN, "half axes of one with a lucent center")
    rim_wall: Range = setting((0.05, 0.09), "diameter", CHOSEN, "wall of a rim")
    skin_wall: Range = setting((0.2, 0.28), "diameter", CHOSEN, "wall of one in the skin")
    least_lucent: float = setting(0.1, "half axis", CHOSEN, "lucent center, at least")
    lucent_shift: float = setting(0.1, "wall", CHOSEN, "how far the lucent center lies off the middle")
    lumps: ByShape[tuple[float, Counts, float, float]] = setting(
        (
            (Morphology.POPCORN, (0.8, (8, 14), 0.42, 0.8)),
            (Morphology.DYSTROPHIC, (0.9, (4, 7), 0.36, 0.35)),
            (Morphology.COARSE_HETEROGENEOUS, (1.0, (2, 4), 0.26, 0.5)),
            (Morphology.FINE_PLEOMORPHIC, (1.0, (2, 3), 0.3, 0.3)),
            (Morphology.AMORPHOUS, (1.0, (3, 5), 0.3, 0.8)),
        ),
        "1",
        CHOSEN,
        "of unions of lumps: scale, number, distance from the middle, flatness",
    )
    lump_size: Range = setting((0.22, 0.36), "diameter", CHOSEN, "half axis of a lump")
    lump_length: Range = setting((1.0, 1.5), "1", CHOSEN, "how much longer than wide a lump is")
    lump_away: Range = setting((0.4, 1.0), "1", CHOSEN, "way of a lump from the middle but the first")
    sediment_level: Range = setting((-0.55, -0.2), "radius", CHOSEN, "surface of sediment above the middle")
    rod_radius_mm: Range = setting((0.27, 0.45), "mm", CHOSEN, "radius of a rod", reference=_BIRADS)
    rod_waver: float = setting(0.06, "1", CHOSEN, "how much a rod's radius wanders from point to point")
    rod_length: float = setting(0.85, "size", CHOSEN, "length of a rod's axis")
    rod_wander: float = setting(0.05, "1", CHOSEN, "how much a rod bends")
    flake_length: Range = setting((1.2, 2.0), "radius", CHOSEN, "half length of a flake in a vessel's wall")
    flake_radius: float = setting(0.25, "diameter", CHOSEN, "half width of a flake")
    line_radius_mm: Range = setting((0.07, 0.17), "mm", CHOSEN, "radius of a fine line", reference=_BIRADS)
    line_waver: Range = setting((0.7, 1.2), "1", CHOSEN, "factor on that radius at each point")
    line_wander: float = setting(0.12, "1", CHOSEN, "how much a fine linear one bends")
    branch_wander: float = setting(0.1, "1", CHOSEN, "how much stem and branch bend")
    branch_turn: float = setting(0.9, "1", CHOSEN, "how much a branch turns from its stem")
    branch_length: float = setting(0.6, "stem", CHOSEN, "length of a branch")
    branch_joint: Counts = setting((3, 5), "count", CHOSEN, "point of the stem that a branch leaves from")
    thread_points: int = setting(24, "count", CHOSEN, "points of a suture's loop")
    thread_loop: Triple = setting((3.0, 0.6, 0.15), "1", CHOSEN, "loop: size over radius, flatness, lift")
    thread_turns: Range = setting((0.7, 0.95), "1", CHOSEN, "turns of the loop")
    thread_radius_mm: Range = setting((0.12, 0.18), "mm", CHOSEN, "radius of a suture's thread")
    thread_end: float = setting(0.25, "size", CHOSEN, "length of a cut end")
    knot: float = setting(2.2, "thread's radius", CHOSEN, "radius of a knot")
    samples_across: float = setting(40.0, "count", CHOSEN, "samples over the smallest side of a solid's box")
    subpixels: Counts = setting((3, 12), "count", CHOSEN, "samples along a pixel")
    outline_level: float = setting(0.02, "largest thickness", CHOSEN, "where the outline runs")
    outline_tolerance: float = setting(0.6, "samples", CHOSEN, "how far the polygon may be off")


@dataclass(frozen=True, kw_only=True)
class ArrangementSettings:
    """What a breast holds and where it lies, in three dimensions or in the plane of a picture."""

    loose_count: Counts = setting((1, 4), "count", CHOSEN, "loose calcifications without a plan")
    loose_shapes: ByShape[float] = setting(
        (
            (Morphology.ROUND, 5),
            (Morphology.PUNCTATE, 5),
            (Morphology.RIM, 2),
            (Morphology.ROD, 1),
            (Morphology.POPCORN, 1),
            (Morphology.SKIN, 2),
            (Morphology.DYSTROPHIC, 1),
        ),
        "1",
        CHOSEN,
        "how often each shape is loose",
    )
    vessel_chance: float = setting(0.25, "probability", CHOSEN, "a breast has a calcified vessel")
    group_counts: tuple[float, ...] = setting((0.25, 0.5, 0.25), "probability", CHOSEN, "number of groups")
    group_shapes: ByShape[float] = setting(
        (
            (Morphology.AMORPHOUS, 4),
            (Morphology.FINE_PLEOMORPHIC, 5),
            (Morphology.COARSE_HETEROGENEOUS, 2),
            (Morphology.PUNCTATE, 3),
            (Morphology.ROUND, 2),
            (Morphology.FINE_LINEAR, 2),
            (Morphology.FINE_LINEAR_BRANCHING, 2),
            (Morphology.MILK_OF_CALCIUM, 1),
        ),
        "1",
        CHOSEN,
        "how often each shape is in a group",
    )
    group_changes: tuple[tuple[PlannedChange, float], ...] = setting(
        (
            (PlannedChange.NO_SIGNIFICANT_CHANGE, 5),
            (PlannedChange.NEW, 2),
            (PlannedChange.INCREASED_IN_NUMBER, 2),
            (PlannedChange.INCREASED_IN_SIZE, 1),
            (PlannedChange.GONE, 1),
        ),
        "1",
        CHOSEN,
        "how often each change is met",
    )
    group_density: Range = setting((0.5, 1.3), "1", CHOSEN, "density of a drawn group")
    layouts: ByLayout[tuple[float, Counts]] = setting(
        (
            (Distribution.GROUPED, (10, (5, 18))),
            (Distribution.LINEAR, (2, (6, 14))),
            (Distribution.SEGMENTAL, (2, (18, 40))),
            (Distribution.REGIONAL, (2, (20, 40))),
            (Distribution.DIFFUSE, (1, (30, 70))),
            (Distribution.SINGLE, (0, (1, 4))),
        ),
        "1, count",
        CHOSEN,
        "how often each distribution is a group's, and its members by default",
    )
    usual_vessel_count: Counts = setting((30, 69), "count", CHOSEN, "calcifications of a vessel by default")
    most_large: int = setting(3, "count", CHOSEN, "members of a large shape by default, at most")
    gap_mm: float = setting(0.45, "mm", CHOSEN, "least room between calcifications in any view")
    margin_mm: float = setting(5.0, "mm", CHOSEN, "inside skin line and field in every view")
    most_deep: float = setting(0.97, "half thickness", CHOSEN, "how near the plates anything lies")
    tries: int = setting(64, "count", CHOSEN, "places drawn for each member of a group")
    scattered_tries: int = setting(384, "count", CHOSEN, "places drawn for each scattered one")
    reach: float = setting(0.85, "way to the skin", CHOSEN, "where calcifications lie, at most")
    gland_share: Range = setting((0.1, 0.6), "share", CHOSEN, "gland in a voxel that counts as gland")
    skin_tries: int = setting(3840, "count", CHOSEN, "places drawn in the skin")
    skin_reach: float = setting(0.96, "way to the skin", CHOSEN, "how deep the skin's calcifications lie")
    least_skin_extent_mm: float = setting(8.0, "mm", CHOSEN, "radius of a group in the skin, at least")
    extent_mm: ByLayout[Range] = setting(
        (
            (Distribution.REGIONAL, (14.0, 22.0)),
            (Distribution.GROUPED, (3.0, 7.0)),
            (Distribution.LINEAR, (8.0, 14.0)),
            (Distribution.SEGMENTAL, (28.0, 45.0)),
        ),
        "mm",
        CHOSEN,
        "radius of a group, half length of a line, length of a segment",
    )
    large_extent: float = setting(1.6, "1", CHOSEN, "factor on it for large shapes")
    usual_radius_mm: float = setting(65.0, "mm", CHOSEN, "half width of a breast below which it is less")
    crowded_extent: Pair = setting((25.0, 0.4), "count, 1", CHOSEN, "members that widen it, and the power")
    center_tries: int = setting(400, "count", CHOSEN, "places drawn for the middle of a group")
    center_margin_mm: float = setting(10.0, "mm", CHOSEN, "middle of a group inside skin and field")
    wide_center_margin_mm: float = setting(16.0, "mm", CHOSEN, "the same for regions and lines")
    center_margins: tuple[float, ...] = setting((1.0, 0.7, 0.4), "share", CHOSEN, "of it, tried in turn")
    loosest: float = setting(1.8, "1", CHOSEN, "last place drawn for a member over the first")
    line_spread_mm: float = setting(0.35, "mm", CHOSEN, "sigma of members across a line")
    duct_orifice: float = setting(0.92, "depth", CHOSEN, "where the ducts of a segment meet")
    wedge_share: Pair = setting((0.2, 0.7), "1", CHOSEN, "least way along it, power of crowding")
    wedge_spread: float = setting(0.16, "1", CHOSEN, "sigma across a segment, at its wide end")
    wedge_length: float = setting(1.2, "1", CHOSEN, "factor on a segment's length")
    vessel_step_mm: float = setting(0.7, "mm", CHOSEN, "distance of calcifications along a vessel")
    duct_wander: float = setting(0.35, "1", CHOSEN, "how much elongated ones turn from the way to the nipple")
    prior_size: Range = setting((0.5, 0.65), "size", CHOSEN, "of a group that grew, on the prior")
    planar_shapes: ByShape[Pair] = setting(
        (
            (Morphology.PUNCTATE, (6, 0.5)),
            (Morphology.ROUND, (5, 0.5)),
            (Morphology.AMORPHOUS, (3, 0)),
            (Morphology.FINE_PLEOMORPHIC, (5, 0)),
            (Morphology.COARSE_HETEROGENEOUS, (3, 0)),
            (Morphology.FINE_LINEAR, (2, 0)),
            (Morphology.FINE_LINEAR_BRANCHING, (2, 0)),
            (Morphology.VASCULAR, (3, 0)),
            (Morphology.ROD, (2, 0)),
            (Morphology.RIM, (1, 0.5)),
            (Morphology.SKIN, (2, 0.5)),
            (Morphology.DYSTROPHIC, (2, 0.5)),
            (Morphology.POPCORN, (1, 0.5)),
            (Morphology.MILK_OF_CALCIUM, (1, 0)),
            (Morphology.SUTURE, (1, 0)),
        ),
        "1, probability",
        CHOSEN,
        "how often each shape is met in the plane of a picture, and is alone there",
    )
    planar_layouts: ByLayout[tuple[float, Counts, Range]] = setting(
        (
            (Distribution.GROUPED, (0.6, (4, 20), (1.5, 7.0))),
            (Distribution.LINEAR, (0.15, (5, 14), (6.0, 14.0))),
            (Distribution.SEGMENTAL, (0.1, (12, 30), (12.0, 25.0))),
            (Distribution.REGIONAL, (0.15, (10, 25), (12.0, 20.0))),
            (Distribution.SINGLE, (0.0, (1, 1), (0.1, 0.1))),
        ),
        "probability, count, mm",
        CHOSEN,
        "a group's distribution in the plane, its members, its radius or half length",
    )
    most_large_in_plane: int = setting(4, "count", CHOSEN, "members of a large shape, at most")
    crowded_count: Counts = setting((20, 60), "count", CHOSEN, "members of a crowded group")
    planar_line_spread_mm: float = setting(0.5, "mm", CHOSEN, "sigma of members across a line")
    planar_wedge_share: Pair = setting((0.15, 0.7), "1", CHOSEN, "least way along it, power of crowding")
    planar_wedge_spread: float = setting(0.35, "1", CHOSEN, "half width of a segment at its wide end")
    planar_vessel_mm: Range = setting((10.0, 35.0), "mm", CHOSEN, "length of a vessel")
    planar_vessel_radius_mm: Range = setting((0.4, 1.1), "mm", CHOSEN, "radius of a vessel")
    planar_vessel_per_mm: Range = setting((1.2, 3.0), "1/mm", CHOSEN, "calcifications along a vessel")
    planar_vessel_wave_mm: Range = setting((0.5, 3.0), "mm", CHOSEN, "how far a vessel winds")
    planar_vessel_wavelength_mm: Range = setting((3.0, 9.0), "mm/rad", CHOSEN, "how fast it winds")
    planar_vessel_gap_mm: Range = setting((1.5, 5.0), "mm/rad", CHOSEN, "how fast gaps follow each other")
    planar_vessel_shown: float = setting(-0.6, "1", CHOSEN, "sine above which there is no gap")
    planar_phase: Range = setting((0.0, 6.0), "rad", CHOSEN, "where winding and gaps begin")
    planar_wall_spread_mm: float = setting(0.08, "mm", CHOSEN, "sigma across a vessel's wall")


@dataclass(frozen=True, kw_only=True)
class LookalikeSettings:
    """What look-alikes there are, how large and how bright."""

    chances: tuple[tuple[NonLesionKind, float], ...] = setting(
        (
            (NonLesionKind.CLIP, 0.15),
            (NonLesionKind.MARKER, 0.15),
            (NonLesionKind.WIRE, 0.05),
            (NonLesionKind.SKIN_FOLD, 0.2),
            (NonLesionKind.POWDER, 0.08),
        ),
        "probability",
        CHOSEN,
        "a breast has it, where no wish is given",
    )
    titanium: float = setting(6.0, "1", CHOSEN, "density of clips, in units of dense calcium")
    steel: float = setting(10.0, "1", CHOSEN, "density of markers and wires, in units of dense calcium")
    tries: int = setting(400, "count", CHOSEN, "places drawn for each")
    clip_place: Pair = setting((0.45, 14.0), "1, mm", CHOSEN, "way to the skin, margin in every view")
    clip_count: Counts = setting((1, 4), "count", CHOSEN, "clips of a surgical bed")
    clip_spread_mm: Range = setting((2.0, 9.0), "mm", CHOSEN, "distance of a clip from its middle")
    clip_length_mm: Range = setting((2.2, 3.8), "mm", CHOSEN, "length of a clip")
    clip_radius_mm: Range = setting((0.18, 0.28), "mm", CHOSEN, "radius of its wire")
    clip_leg: float = setting(0.7, "length", CHOSEN, "second leg of a bent clip")
    clip_bent: float = setting(0.6, "probability", CHOSEN, "a clip is bent to a V")
    clip_folded: float = setting(
        0.0, "probability", CHOSEN, "a clip is two bars side by side instead; 0 leaves every seed as it was"
    )
    folded_length_mm: Range = setting((3.0, 7.0), "mm", CHOSEN, "length of such a clip")
    folded_radius_mm: Range = setting((0.2, 0.35), "mm", CHOSEN, "radius of each of its bars")
    folded_gap: Range = setting((1.0, 3.0), "radius", CHOSEN, "distance of the middle lines of both bars")
    folded_tilt: float = setting(0.5, "1", CHOSEN, "how much such a clip points up or down; 1: as it comes")
    biopsy_marker_mm: Range = setting((1.0, 3.0), "mm", CHOSEN, "size of a clip that a biopsy leaves")
    coil_turns: Range = setting((2.0, 4.0), "1", CHOSEN, "turns of a coil")
    coil_points: int = setting(60, "count", CHOSEN, "points of a coil")
    coil_radius: float = setting(0.22, "size", CHOSEN, "radius of a coil")
    coil_wire_mm: Range = setting((0.10, 0.16), "mm", CHOSEN, "radius of a coil's wire")
    ribbon_size: Pair = setting((0.5, 0.4), "size", CHOSEN, "half width and half height of a ribbon")
    ribbon_points: int = setting(30, "count", CHOSEN, "points of a ribbon")
    band_wire_mm: Range = setting((0.12, 0.2), "mm", CHOSEN, "radius of a ribbon's or ring's wire")
    biopsy_ring: float = setting(0.4, "size", CHOSEN, "radius of a biopsy's ring")
    biopsy_bar_mm: Range = setting((0.2, 0.35), "mm", CHOSEN, "radius of a biopsy's bar")
    ring_points: int = setting(40, "count", CHOSEN, "points of a ring")
    marker_place: Pair = setting((0.97, 12.0), "1, mm", CHOSEN, "way to the skin, margin in every view")
    ball_mm: Range = setting((1.5, 2.2), "mm", CHOSEN, "diameter of a ball on the skin")
    ring_radius_mm: Range = setting((5.0, 7.0), "mm", CHOSEN, "radius of a ring on the skin")
    ring_tilt: float = setting(0.7, "1", CHOSEN, "how much such a ring is tilted")
    ring_wire_mm: float = setting(0.4, "mm", CHOSEN, "radius of its wire")
    scar_wire_mm: Range = setting((20.0, 40.0), "mm", CHOSEN, "length of a wire on a scar")
    scar_wire_radius_mm: float = setting(0.3, "mm", CHOSEN, "radius of a wire on a scar")
    wire_points: int = setting(30, "count", CHOSEN, "points of a bent wire")
    wire_wander: float = setting(0.10, "1", CHOSEN, "how much a wire bends")
    wire_place: Pair = setting((0.5, 12.0), "1, mm", CHOSEN, "way to the skin, margin in every view")
    suture_mm: Range = setting((8.0, 16.0), "mm", CHOSEN, "length of a steel suture")
    suture_radius_mm: float = setting(0.14, "mm", CHOSEN, "radius of its wire")
    loop_radius_mm: Range = setting((1.0, 1.8), "mm", CHOSEN, "radius of its loop")
    loop_turns: float = setting(0.9, "1", CHOSEN, "turns of its loop")
    loop_lift: float = setting(0.5, "1", CHOSEN, "how much its loop is tilted")
    loop_points: int = setting(24, "count", CHOSEN, "points of its loop")
    fold_place: Pair = setting((0.9, 12.0), "1, mm", CHOSEN, "way to the skin, margin in every view")
    fold_mm: Range = setting((20.0, 35.0), "mm", CHOSEN, "length of a skin fold")
    fold_radius_mm: float = setting(1.1, "mm", CHOSEN, "radius of a skin fold")
    fold_density: float = setting(0.04, "1", CHOSEN, "density of folded skin, in units of dense calcium")
    powder_place: Pair = setting((0.95, 11.0), "1, mm", CHOSEN, "way to the skin, margin in every view")
    armpit: Triple = setting((0.35, 0.75, 0.55), "semi-axes", CHOSEN, "powder lies near it")
    powder: float = setting(1.2, "1", CHOSEN, "density of powder, in units of dense calcium")
    powder_share: Range = setting((0.4, 1.0), "1", CHOSEN, "factor on it for each speck")
    speck_count: Counts = setting((40, 109), "count", CHOSEN, "specks of powder")
    speck_radius_mm: LogRange = setting((0.05, 0.16), "mm", CHOSEN, "radius of a speck")
    streak_mm: Range = setting((5.0, 10.0), "mm", CHOSEN, "half length of a streak")
    streak_width_mm: Range = setting((1.5, 3.0), "mm", CHOSEN, "sigma of specks across a streak")
    speck_margin_mm: float = setting(1.0, "mm", CHOSEN, "how far inside skin line and field specks are kept")
    dust_count: Counts = setting((8, 29), "count", CHOSEN, "specks, hairs and scratches on a film")
    dust_margin_px: Pair = setting((5.0, 6.0), "px", CHOSEN, "room to the first and to the last row")
    dust_limits: Pair = setting((0.7, 0.93), "probability", CHOSEN, "least of a hair, of a scratch")
    speck_px: float = setting(1.5, "px", CHOSEN, "length of a speck of dust")
    hair_px: Range = setting((3.0, 9.0), "px", CHOSEN, "length of a hair")
    scratch_px: Range = setting((10.0, 60.0), "px", CHOSEN, "length of a scratch")
    dust_level: Range = setting((0.25, 0.8), "white", CHOSEN, "how much brighter dust is")
    dust_outline_px: float = setting(1.5, "px", CHOSEN, "room round dust in its outline")
    letter_mm: float = setting(7.0, "mm", CHOSEN, "height of a letter")
    letter_stroke_mm: float = setting(0.9, "mm", CHOSEN, "width of a letter's stroke")
    letter_margin_mm: float = setting(6.0, "mm", CHOSEN, "distance of letters from the border")
    strand_start_px: int = setting(4, "px", CHOSEN, "grid that strands begin on")
    strand_length_mm: LogRange = setting((3.0, 30.0), "mm", CHOSEN, "length of a strand")
    strand_width_mm: LogRange = setting((0.06, 0.45), "mm", CHOSEN, "sigma across a strand")
    strand_least_width_px: float = setting(0.45, "px", CHOSEN, "the same, at least")
    strand_contrast: LogRange = setting((2.5, 25.0), "sigma", CHOSEN, "brightness of a strand")
    strand_step_mm: float = setting(0.7, "mm", CHOSEN, "step of a strand")
    strand_bend: Pair = setting((0.02, 0.05), "rad", CHOSEN, "sigma of the bend: of all, of each step")
    strand_unevenness: float = setting(0.2, "1", CHOSEN, "sigma of the brightness along a strand")
    strand_peak: float = setting(0.98, "quantile", CHOSEN, "brightness that its contrast is told of")
    bundle_share: float = setting(0.35, "probability", CHOSEN, "a strand is a bundle")
    bundle_count: Counts = setting((2, 4), "count", CHOSEN, "strands of a bundle")
    bundle_spread_mm: float = setting(1.5, "mm", CHOSEN, "sigma of where the strands of a bundle begin")
    bundle_turn: float = setting(0.25, "rad", CHOSEN, "sigma of where they run")
    knot_share: float = setting(0.6, "probability", CHOSEN, "a strand ends in a knot or a mole")
    mole_share: float = setting(0.2, "probability", CHOSEN, "that is a mole")
    knot_mm: Range = setting((0.2, 1.3), "mm", CHOSEN, "radius of a knot")
    mole_mm: Range = setting((0.8, 3.0), "mm", CHOSEN, "radius of a mole")
    knot_flatness: Range = setting((0.6, 1.0), "1", CHOSEN, "short over long radius")
    knot_steepness: Range = setting((1.0, 1.8), "1", CHOSEN, "half the power of its profile (Gaussian: 1)")
    mole_rim: Range = setting((4.0, 10.0), "1", CHOSEN, "steepness of a mole's rim")
    knot_contrast: LogRange = setting((3.0, 40.0), "sigma", CHOSEN, "brightness of a knot or mole")


@dataclass(frozen=True, kw_only=True)
class ImagingSettings:
    """How a device makes stored values of an exposure."""

    quanta_per_mm2: float = setting(3.0e5, "1/mm2", CHOSEN, "quanta in the breast at a dose of 1")
    electronic_quanta: float = setting(10.0, "quanta", CHOSEN, "noise of the electronics")
    noise_blur_px: float = setting(0.45, "px", CHOSEN, "sigma of the blur of the noise")
    exposure_depth_mm: float = setting(5.0, "mm", CHOSEN, "depth that counts for the exposure")
    brightness_depth_mm: float = setting(1.0, "mm", CHOSEN, "depth that counts for the brightness")
    noise_depth_mm: float = setting(3.0, "mm", CHOSEN, "depth that counts for the noise of an image's truth")
    gray_range: float = setting(2.3, "1", CHOSEN, "log attenuation over the range of gray")
    toe: float = setting(0.03, "tone curve", CHOSEN, "darkest part of the tone curve, shown black")
    least_signal: float = setting(2e-5, "share", CHOSEN, "x-rays that arrive, at least")
    air: float = setting(0.95, "white", CHOSEN, "stored value of air in an image For Processing")
    equalized: float = setting(0.88, "share", CHOSEN, "missing thickness that is filled up with fat")
    film_equalized: float = setting(0.25, "share", CHOSEN, "the same on a film, inside the breast")
    rim_mm: float = setting(0.3, "mm", CHOSEN, "how soft the skin line is beside the breast")
    blackened: float = setting(4.0, "1", CHOSEN, "log attenuation taken away beside the breast")
    large_scale_mm: float = setting(9.0, "mm", CHOSEN, "sigma of what is evened out")
    compressed: float = setting(0.5, "share", CHOSEN, "of that brightness, taken away")
    compressed_inside: float = setting(4.0, "1", CHOSEN, "one over the share of breast that counts fully")
    enhanced_mm: float = setting(0.45, "mm", CHOSEN, "sigma of the unsharp mask")
    grain: Pair = setting((0.005, 0.03), "white", CHOSEN, "sigma everywhere, and 4 times what mid gray adds")
    grain_mm: float = setting(0.05, "mm", CHOSEN, "sigma of the grain")
    grain_least_px: float = setting(0.3, "px", CHOSEN, "the same, at least")
    fog: Pair = setting((0.05, 0.008), "white", CHOSEN, "fog of a film: mean, sigma over the film")
    fog_grid: tuple[int, int] = setting((6, 5), "count", CHOSEN, "grid that fog is drawn on")


@dataclass(frozen=True, kw_only=True)
class PhantomSettings:
    """Everything a phantom depends on beside its seed; ``None`` means drawn from the seed.

    Attributes:
        field_mm: Height and width of the image, 40 to 320.
        pixel_spacing_mm: Distance of the pixels, 0.03 to 0.2.
        lateralities: The breasts to make, ``LEFT`` or ``RIGHT`` each.
        views: The views of each, some of ``PHANTOM_VIEWS``.
        groups: What each breast holds.
        non_lesions: Look-alikes of each breast and image.
        breast_density: BI-RADS composition ``a`` to ``d``.
        thickness_mm: Of the compressed breast, 15 to 100.
        relative_dose: 1 is the exposure an automatic control would choose; noise goes with its square root.
        noise: Off for tests that need clean stored values.
        texture: Off for tests that need a flat background.
        mtf: The system's point spread.
        edge_enhancement: Strength of the unsharp mask in the presentation, 0 for none.
        repositioning: How much one day's positioning and compression differ from another's; 1 is usual, 4 the
            most.
        for_processing: Raw, linear in exposure.
        bits_stored: 8, 10, 12, 14 or 16.
        film: The look of a digitized film (grain, fog, dust, scratches, burned-in letters).
        study_date: Of the current examination, as DICOM writes it.
        prior_study_date: Of the prior.
        positioning: Numbers of the generator.
        anatomy: Numbers of the generator.
        tissue: Numbers of the generator.
        shapes: Numbers of the generator.
        arrangement: Numbers of the generator.
        lookalikes: Numbers of the generator.
        imaging: Numbers of the generator.

    """

    field_mm: tuple[float, float] = (232.96, 179.2)
    pixel_spacing_mm: float = 0.07
    lateralities: tuple[Laterality, ...] = (Laterality.LEFT,)
    views: tuple[ViewPosition, ...] = (ViewPosition.CC, ViewPosition.MLO)
    groups: tuple[GroupPlan, ...] | None = None
    non_lesions: tuple[NonLesionKind, ...] | None = None
    breast_density: str | None = None
    thickness_mm: float | None = None
    relative_dose: float = 1.0
    noise: bool = True
    texture: bool = True
    mtf: Blur = USUAL_BLUR
    edge_enhancement: float = 0.3
    repositioning: float = 1.0
    for_processing: bool = False
    bits_stored: int = 12
    film: bool = False
    study_date: str = "20240115"
    prior_study_date: str = "20230110"
    positioning: PositioningSettings = PositioningSettings()
    anatomy: AnatomySettings = AnatomySettings()
    tissue: TissueSettings = TissueSettings()
    shapes: ShapeSettings = ShapeSettings()
    arrangement: ArrangementSettings = ArrangementSettings()
    lookalikes: LookalikeSettings = LookalikeSettings()
    imaging: ImagingSettings = ImagingSettings()

    def __post_init__(self) -> None:
        self._check_image()
        self._check_breast()

    def _check_image(self) -> None:
        least, most = PHANTOM_SPACINGS_MM
        if not least <= self.pixel_spacing_mm <= most:
            raise ValueError(f"pixel_spacing_mm {self.pixel_spacing_mm} is not between {least} and {most}")
        if min(self.field_mm) < 40 or max(self.field_mm) > 320:
            raise ValueError(f"field_mm {self.field_mm} is not between 40 and 320 mm")
        if self.bits_stored not in (8, 10, 12, 14, 16):
            raise ValueError(f"bits_stored {self.bits_stored} is not one of 8, 10, 12, 14, 16")
        if self.film and self.for_processing:
            raise ValueError("a digitized film is For Presentation; set film or for_processing, not both")
        if abs(sum(weight for weight, _ in self.mtf) - 1) > 1e-6:
            raise ValueError(f"the weights of mtf {self.mtf} do not add to 1")

    def _check_breast(self) -> None:
        unknown = [view for view in self.views if view not in PHANTOM_VIEWS]
        if unknown:
            raise ValueError(f"view {unknown[0]} is not one of {', '.join(PHANTOM_VIEWS)}")
        if Laterality.BOTH in self.lateralities:
            raise ValueError("lateralities holds single breasts: give (LEFT, RIGHT), not BOTH")
        if self.breast_density not in (None, "a", "b", "c", "d"):
            raise ValueError(f"breast_density {self.breast_density!r} is not one of a, b, c, d")
        if self.thickness_mm is not None and not 15 <= self.thickness_mm <= 100:
            raise ValueError(f"thickness_mm {self.thickness_mm} is not between 15 and 100")
        if self.relative_dose <= 0:
            raise ValueError(f"relative_dose {self.relative_dose} must be above 0")
        if not 0 <= self.repositioning <= 4:
            raise ValueError(f"repositioning {self.repositioning} is not between 0 and 4")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of an image."""
        rows, columns = (round(length / self.pixel_spacing_mm) for length in self.field_mm)
        return rows, columns

    @property
    def white(self) -> float:
        """The highest stored value."""
        return float(2**self.bits_stored - 1)


def random_stream(seed: int, *names: str) -> np.random.Generator:
    """Make the generator for one purpose of one seed, independent of every other purpose.

    Args:
        seed: 0 or more.
        *names: The purpose, such as ``"noise"`` with a day, a side and a view.

    Returns:
        The generator; the same seed and names give the same one.

    """
    key = [crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *key])))


def draw_log_uniform(rng: np.random.Generator, limits: LogRange) -> float:
    """Draw a number evenly in the logarithm, so that every factor is alike often.

    Args:
        rng: Where it is drawn from.
        limits: Smallest and largest, above 0.

    Returns:
        The number, in the unit of ``limits``.

    """
    low, high = np.log(limits)
    return float(np.exp(rng.uniform(low, high)))
