"""Settings of what tells look-alikes from calcifications, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, MEASURED, setting


@dataclass(frozen=True, kw_only=True)
class MetalSettings:
    """Clips, skin markers and wires: how white, how sharp, how wide, how long an object is."""

    min_white: float = setting(
        0.75, "gray", CHOSEN, "a picture whose breast is darker all over shows no metal"
    )
    min_headroom: float = setting(
        0.12, "gray", CHOSEN, "a surround this close to white leaves nothing to tell metal by"
    )
    border_mm: float = setting(
        1.0, "mm", CHOSEN, "so near to the border of the picture nothing tells how bright white is"
    )
    seed_cell_mm: float = setting(0.3, "mm", CHOSEN, "white spots are looked for on cells of this size")
    seed_mm2: tuple[float, float] = setting(
        (0.03, 90.0), "mm2", CHOSEN, "least and greatest area of a white spot that is looked at"
    )
    max_seed_mm: float = setting(60.0, "mm", CHOSEN, "greatest length of a white spot that is looked at")
    max_object_candidates: int = setting(
        60,
        "count",
        CHOSEN,
        "white spots looked at, the largest first: a window that saturates tissue makes thousands",
    )
    window_margin_mm: float = setting(2.5, "mm", CHOSEN, "what is looked at round a white spot")
    surround_mm: tuple[float, float] = setting(
        (0.4, 1.5), "mm", CHOSEN, "nearest and farthest ring round an object that its surround is measured on"
    )
    cut_off_px: int = setting(3, "px", CHOSEN, "so close to the border of the picture an object is cut off")
    reach_mm: float = setting(0.5, "mm", CHOSEN, "a detection so close to metal belongs to it")
    saturated_gray: float = setting(0.985, "gray", CHOSEN, "gray from which on a pixel is pure white")
    saturated_share: float = setting(
        2.5e-4, "share", CHOSEN, "of the breast, beside metal: then the window saturates calcifications too"
    )
    plateau_level: float = setting(
        0.93, "share", CHOSEN, "share of the way from the surround to white above which metal is displayed"
    )
    outline_level: float = setting(0.5, "share", CHOSEN, "share of the same way at which an object ends")
    min_plateau: float = setting(
        0.28, "share", CHOSEN, "of the object's area; the thinnest wire has that much"
    )
    edge_blur_mm: float = setting(
        0.09, "mm", CHOSEN, "the softest edge that metal has, beside what coarse pixels add"
    )
    edge_blur_px: float = setting(0.18, "px", CHOSEN, "what coarse pixels add to it, in pixels")
    max_soft_mm: float = setting(0.13, "mm", CHOSEN, "half of the width that is not white, at most")
    sharp_edge_mm: float = setting(0.085, "mm", CHOSEN, "edge of metal that is wider than the blur")
    max_thin_mm: float = setting(0.62, "mm", CHOSEN, "a wider one is no single clip")
    wide_mm: float = setting(0.72, "mm", CHOSEN, "from this width on a clip must be sharper and whiter")
    max_width_mm: float = setting(2.2, "mm", CHOSEN, "nothing of metal is wider")
    ball_mm: tuple[float, float] = setting(
        (1.3, 4.0), "mm", CHOSEN, "least and greatest diameter of a ball on the skin"
    )
    ball_roundness: float = setting(
        0.7, "share", CHOSEN, "area over that of the smallest circle, from which on an object is round"
    )
    branched_solidity: float = setting(
        0.72, "share", CHOSEN, "solidity up to which an object is bent or crossed"
    )
    long_mm: float = setting(9.5, "mm", CHOSEN, "longer than any clip and any rod of calcium")
    wire_mm: tuple[float, float] = setting(
        (0.25, 0.46), "mm", CHOSEN, "least and greatest width of a suture of steel"
    )
    line_px: float = setting(
        1.6, "px", CHOSEN, "a straight line this thin is a scratch or a fault of the scanner"
    )
    ring_mm: float = setting(
        5.0, "mm", CHOSEN, "hole of a ring on the skin; a loop of wire has a smaller one"
    )
    surgical_bed_mm: float = setting(20.0, "mm", CHOSEN, "clips of one operation lie this close")
    doubt_mm: float = setting(0.02, "mm", CHOSEN, "beside clips an edge may be softer by this")
    sure_plateau: float = setting(
        0.6, "share", CHOSEN, "of the object's area: with so much of it white it is metal, if it is sharp"
    )
    sure_width_mm: float = setting(
        0.4, "mm", CHOSEN, "from this width on metal is told where the window saturates tissue"
    )
    doubtful_width_mm: float = setting(
        0.75, "mm", CHOSEN, "nothing wider is a clip only because it lies beside clips"
    )
    doubtful_plateau: float = setting(
        0.38, "share", CHOSEN, "of the object's area, of what is a clip because it lies beside clips"
    )
    cut_off_width_mm: float = setting(0.28, "mm", CHOSEN, "what the border cuts off is wider than this")
    cut_off_clip_mm: float = setting(
        1.7, "mm", CHOSEN, "greatest width of a clip that the border cuts off: two bars side by side"
    )
    cut_off_extent_mm: tuple[float, float] = setting(
        (0.8, 20.0), "mm", CHOSEN, "and has this least and greatest extent"
    )
    ball_plateau: float = setting(
        0.75, "share", CHOSEN, "of a ball's area; a calcification as round has less"
    )
    loop_hole_mm: float = setting(1.5, "mm", CHOSEN, "hole from which on a thick object is a loop of wire")
    loop_edge_mm: float = setting(0.09, "mm", CHOSEN, "softest edge of such a loop")
    clip_edge_mm: float = setting(0.082, "mm", CHOSEN, "softest edge of a thick clip")
    clip_plateau: float = setting(0.66, "share", CHOSEN, "of the area of a thick clip")
    saturated_edge: tuple[float, float] = setting(
        (0.07, 0.33),
        "mm, 1",
        CHOSEN,
        "softest edge of what is saturated: of fine pixels, added by each mm of one",
    )
    saturated_plateau: float = setting(
        0.7, "share", CHOSEN, "of the area, of what is saturated; of calcium half as dense again at most 0.63"
    )
    bent_clip_edge_mm: float = setting(0.1, "mm", CHOSEN, "softest edge of a bent or crossed clip")
    bent_clip_plateau: float = setting(0.58, "share", CHOSEN, "of the area of a bent or crossed clip")
    clip_elongation: float = setting(1.7, "1", CHOSEN, "length of a thick clip over its width, at least")
    marker_wire_width_mm: float = setting(
        0.5, "mm", CHOSEN, "from this width on a thin object can be the wire of a marker"
    )
    marker_wire_length_mm: float = setting(10.0, "mm", CHOSEN, "length of the wire of a marker, at least")
    knot_hole_mm: float = setting(1.0, "mm", CHOSEN, "hole from which on a thin object is a looped suture")
    knot_length_mm: float = setting(4.0, "mm", CHOSEN, "length of a looped suture, at least")
    wire_length_mm: float = setting(
        7.0, "mm", CHOSEN, "length from which on what is as wide as a suture is one"
    )
    any_wire_length_mm: float = setting(
        12.0, "mm", CHOSEN, "length from which on what is thin is a wire, whatever its width"
    )
    white_clip_width_mm: float = setting(
        0.34, "mm", CHOSEN, "wider than this is a clip that is known by its whiteness"
    )
    white_clip_length_mm: float = setting(1.5, "mm", CHOSEN, "length of such a clip, at least")
    white_clip_elongation: float = setting(2.2, "1", CHOSEN, "length of such a clip over its width, at least")
    stub_plateau: float = setting(0.5, "share", CHOSEN, "of the area of the stub of a clip")
    stub_width_mm: float = setting(0.4, "mm", CHOSEN, "a stub is wider than this")
    stub_length_mm: float = setting(1.15, "mm", CHOSEN, "length of a stub, at least")
    stub_elongation: float = setting(1.9, "1", CHOSEN, "length of a stub over its width, at least")
    bar_solidity: float = setting(0.85, "share", CHOSEN, "a straight bar that marks a biopsy has more")
    bar_extent_mm: float = setting(2.0, "mm", CHOSEN, "extent of such a bar, at least")
    bar_plateau: float = setting(0.4, "share", CHOSEN, "of the area of such a bar")
    small_ring_plateau: float = setting(
        0.35, "share", CHOSEN, "of the area of a small ring that marks a biopsy"
    )
    small_ring_hole_mm: float = setting(0.8, "mm", CHOSEN, "hole of such a ring, at least")
    straight_tolerance_mm: float = setting(
        0.12, "mm", CHOSEN, "how far a straight piece of an outline may run from a line"
    )
    straight_mm: float = setting(1.5, "mm", CHOSEN, "shorter straight pieces are no side of a bar")
    rim_mm: float = setting(0.08, "mm", CHOSEN, "as deep as this the blur of the rim darkens an object")
    behind_rim_mm: float = setting(0.35, "mm", CHOSEN, "so close behind its rim metal is white")
    slope_sigma_px: float = setting(
        0.5, "px", CHOSEN, "blur of fine pixels before slopes are taken, against noise"
    )
    rim_quantile: float = setting(
        0.15, "share", CHOSEN, "of the rim is left out, where another thing touches it"
    )
    gap_mm: float = setting(0.6, "mm", CHOSEN, "greatest width of the valley between two bars")
    gap_depth: float = setting(0.04, "share", CHOSEN, "depth of such a valley, as a share of the height")
    gap_elongation: float = setting(2.0, "1", CHOSEN, "length of such a valley over its width, at least")
    gap_length_mm: float = setting(
        0.7, "mm", CHOSEN, "length of such a valley, at least; in rods it has 0.35"
    )
    bars_straight: float = setting(
        0.5,
        "share",
        CHOSEN,
        "of the outline, of what is made of bars; of all else that is as white and steep in 158 real images"
        " the straightest has 0.2, clips have 0.7 to 0.8",
    )
    bars_filled: float = setting(
        0.85, "share", CHOSEN, "median height of what is made of bars; the straightest real rods have 0.8"
    )
    bars_rim_top: float = setting(
        0.85, "share", CHOSEN, "height close behind the rim of what is made of bars; such rods have 0.8"
    )
    bars_softest: tuple[float, float] = setting(
        (0.2, 1.5),
        "mm, 1",
        CHOSEN,
        "way from black to white at the steepest slope of such a rim: of fine pixels, and what each mm of a"
        " pixel adds",
    )
    bars_width_mm: tuple[float, float] = setting(
        (0.25, 2.5), "mm", CHOSEN, "least and greatest width of one or of two bars side by side"
    )
    bars_extent_mm: float = setting(2.0, "mm", CHOSEN, "extent of what is made of bars, at least")
    min_breast_share: float = setting(
        1 / 3, "share", CHOSEN, "of the ring round an object: with more of it in the breast, only that counts"
    )
    outline_tolerance_px: float = setting(
        0.7, "px", CHOSEN, "how far the stored outline may run from the pixels of an object"
    )
    max_contact_mm: float = setting(
        3.0, "mm", CHOSEN, "longer contact with the border is the rim of a film or of a collimator"
    )
    fine_mm: float = setting(0.04, "mm", CHOSEN, "objects are measured on pixels of about this size")
    max_magnification: int = setting(4, "count", CHOSEN, "fine pixels along a pixel, at most")
    margin_px: int = setting(2, "px", CHOSEN, "pixels round an object that are measured with it")
    ridge_px: float = setting(
        0.35, "px", CHOSEN, "a pixel whose neighbors are deeper by no more than this lies on the middle line"
    )
    ridge_depth: float = setting(
        0.5, "share", CHOSEN, "of the deepest pixel: shallower ones are no middle line"
    )
    contour_length: float = setting(
        0.95,
        "1",
        MEASURED,
        "true length of a curve over that of its chain of pixels",
        reference="mean over all directions of an 8-connected chain: pi / (8 (sqrt 2 - 1))",
    )


@dataclass(frozen=True, kw_only=True)
class DustSettings:
    """Dust and scratches: thinner than the blur of an x-ray image, too bright for calcium that thin."""

    radius_px: int = setting(3, "px", CHOSEN, "half of the patch round a peak")
    max_width_px: float = setting(1.9, "px", CHOSEN, "the blur of a system leaves more")
    gray_per_mm: float = setting(
        1.5, "1", CHOSEN, "height over width, in gray a millimeter; calcium reaches two thirds of it"
    )
    max_unevenness: float = setting(
        0.25, "share", CHOSEN, "of the height: what the patch beside the speck may vary by"
    )
    evenness_quantiles: tuple[float, float] = setting(
        (0.1, 0.6), "share", CHOSEN, "quantiles of the patch that a speck or a line leaves alone"
    )
    reach_px: int = setting(40, "px", CHOSEN, "a scratch is followed this far from each peak")
    ground_px: int = setting(4, "px", CHOSEN, "half of the patch whose median is the ground of a scratch")
    outline_level: float = setting(0.4, "share", CHOSEN, "of the height: the outline of a scratch")
    outline_tolerance_px: float = setting(
        0.7, "px", CHOSEN, "how far the stored outline may run from the pixels of a speck or scratch"
    )
    max_area_px: int = setting(
        250, "px", CHOSEN, "a larger area is neither speck nor scratch: only the peak is taken"
    )


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """Letters burned into the picture beside the breast."""

    cell_mm: float = setting(0.4, "mm", CHOSEN, "letters are looked for on cells of this size")
    skin_mm: float = setting(2.0, "mm", CHOSEN, "nearer to the breast than this nothing is a letter")
    above_air: float = setting(0.5, "share", CHOSEN, "of the way from the air to white: letters are brighter")
    height_mm: tuple[float, float] = setting(
        (2.0, 16.0), "mm", CHOSEN, "least and greatest height of a letter"
    )
    width_mm: tuple[float, float] = setting((0.3, 16.0), "mm", CHOSEN, "least and greatest width of a letter")
    gap_mm: float = setting(6.0, "mm", CHOSEN, "greatest gap between the letters of a word")
    min_letters: int = setting(2, "count", CHOSEN, "fewer are no word")
    stroke_ratio: int = setting(
        3, "1", CHOSEN, "a letter so many times as high as wide is a single stroke and may fill its box"
    )
    max_filled: float = setting(
        0.75, "share", CHOSEN, "of its box; what is fuller is a label or a frame, not a letter"
    )


@dataclass(frozen=True, kw_only=True)
class LookalikeSettings:
    """Which detections are held against look-alikes."""

    min_dust_strength: float = setting(8.0, "sigma", CHOSEN, "weaker detections are noise, never dust")
