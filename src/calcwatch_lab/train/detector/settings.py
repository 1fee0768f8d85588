"""How a detector is trained: ``detector.toml`` says what the shipped one was trained with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from calcwatch.domain.settings import TRAINED, setting
from calcwatch_lab.seeds import INITIAL_WEIGHTS
from calcwatch_lab.train.settings import (
    BackgroundSettings,
    FitSettings,
    Limits,
    are_shares,
    at_least_one,
)

DEFAULT = Path(__file__).with_name("detector.toml")
"""How the shipped detector was trained."""


@dataclass(frozen=True, kw_only=True)
class DetectorScenes:
    """What a detector's scenes hold and how they are imaged.

    Attributes:
        unknown_spacing_chance: That an image does not say its pixel spacing, as scans do not.
        film_chance: That a scene is a film.
        dust_chance: That a phantom's film has more dust than the phantom drew.
        empty_chance: That a scene holds no calcification.
        metal_chance: That it holds each kind of look-alike.
        least_detectability: Below it a calcification is neither learned as one nor as tissue.
        most_counted_px: A phantom's calcification is seen by its contrast over so many pixels at most.
        height_mm: Height of a phantom's field.
        width_mm: Width of it.
        spacing_mm: Pixel spacing of a phantom.
        cc_share: Of the phantoms are CC, the rest MLO.
        dose: Of a phantom, relative to the usual.
        phantom_blur: Factor of the usual blur.
        edge_enhancement: Strength of the unsharp mask.
        bits: Bits of a phantom's picture, one of which is drawn.
        most_groups: Planned groups and loose calcifications of a phantom at most.
        layout_chances: Of single, grouped, linear and regional ones.
        density: Of a group, relative to the usual.
        vessel_chance: That a phantom holds a calcified vessel.
        vessel_density: Of that, relative to the usual.
        most_metal: Clips, markers or wires of a kind that are inserted, at most.
        biopsy_marker_share: Of the inserted clips are small markers of biopsies.
        most_scatters: Groups and single calcifications that are inserted, at most.
        contrast: Smallest and largest peak of a group's median member in units of the noise.
        most_blanks: Places that get the noise of an insertion and nothing else, at most.
        gain: Gray a unit of log attenuation makes.
        insertion_blur: Factor of the usual blur for insertions.
        enhanced_chance: That insertions are edge-enhanced.
        noise_chance: That noise is added to a background.
        noise: How much, of the noise there is.
        noise_px: Sigma of its grain.
        dust: Smallest and largest number of dust objects.
        fine_mm: Pixels so fine that dust covers several.
        thick_chance: That dust is two of these wide.
        dust_gray: Gray of dust.
        dust_blur_px: What the scanner or a lossy compression makes of one pixel of dust.
        speck_px: Length of a speck of dust.
        hair_chance: That dust is a hair or a scratch.
        hair_px: Length of these.
        hair_bend: Standard deviation of how a hair bends, radians a step.

    """

    unknown_spacing_chance: float = setting(0.1, "share", TRAINED, "that the pixel spacing is not said")
    film_chance: float = setting(0.25, "share", TRAINED, "that a scene is a film")
    dust_chance: float = setting(0.5, "share", TRAINED, "that a phantom's film has more dust")
    empty_chance: float = setting(0.35, "share", TRAINED, "that a scene holds no calcification")
    metal_chance: float = setting(0.3, "share", TRAINED, "that it holds each kind of look-alike")
    least_detectability: float = setting(2.0, "1", TRAINED, "below it a calcification teaches nothing")
    most_counted_px: float = setting(40.0, "px", TRAINED, "area that adds to being seen, at most")
    height_mm: Limits = setting((130.0, 200.0), "mm", TRAINED, "height of a phantom's field")
    width_mm: Limits = setting((90.0, 140.0), "mm", TRAINED, "width of a phantom's field")
    spacing_mm: Limits = setting((0.05, 0.2), "mm", TRAINED, "pixel spacing of a phantom")
    cc_share: float = setting(0.5, "share", TRAINED, "of the phantoms are CC, the rest MLO")
    dose: Limits = setting((0.4, 2.5), "ratio", TRAINED, "dose of a phantom to the usual")
    phantom_blur: Limits = setting((0.7, 1.4), "ratio", TRAINED, "factor of the usual blur")
    edge_enhancement: Limits = setting((0.0, 0.9), "ratio", TRAINED, "strength of the unsharp mask")
    bits: tuple[int, int, int] = setting((8, 12, 14), "bit", TRAINED, "of a phantom's picture, one drawn")
    most_groups: int = setting(6, "count", TRAINED, "planned groups of a phantom at most")
    layout_chances: tuple[float, float, float, float] = setting(
        (0.4, 0.4, 0.1, 0.1), "share", TRAINED, "of single, grouped, linear and regional ones"
    )
    density: Limits = setting((0.5, 2.2), "ratio", TRAINED, "density of a group to the usual")
    vessel_chance: float = setting(0.3, "share", TRAINED, "that a phantom holds a calcified vessel")
    vessel_density: Limits = setting((0.6, 1.6), "ratio", TRAINED, "density of that to the usual")
    most_metal: int = setting(3, "count", TRAINED, "metal of a kind that is inserted, at most")
    biopsy_marker_share: float = setting(0.35, "share", TRAINED, "of the clips are small biopsy markers")
    most_scatters: int = setting(12, "count", TRAINED, "inserted groups and single ones at most")
    contrast: Limits = setting((1.8, 45.0), "sigma", TRAINED, "peak of a group's median member")
    most_blanks: int = setting(39, "count", TRAINED, "insertions of noise alone, at most")
    gain: Limits = setting((0.15, 0.6), "gray", TRAINED, "gray a unit of log attenuation makes")
    insertion_blur: Limits = setting((0.6, 1.7), "ratio", TRAINED, "factor of the usual blur, insertions")
    enhanced_chance: float = setting(0.4, "share", TRAINED, "that insertions are edge-enhanced")
    noise_chance: float = setting(0.5, "share", TRAINED, "that noise is added to a background")
    noise: Limits = setting((0.2, 1.3), "ratio", TRAINED, "of the noise there is, added")
    noise_px: Limits = setting((0.3, 0.8), "px", TRAINED, "sigma of its grain")
    dust: tuple[int, int] = setting((5, 59), "count", TRAINED, "dust objects of a film")
    fine_mm: float = setting(0.085, "mm", TRAINED, "pixels so fine that dust covers several")
    thick_chance: float = setting(0.5, "share", TRAINED, "that dust is two of these wide")
    dust_gray: Limits = setting((0.08, 0.6), "gray", TRAINED, "gray of dust")
    dust_blur_px: Limits = setting((0.2, 0.55), "px", TRAINED, "blur of dust in fine pixels")
    speck_px: Limits = setting((0.0, 2.0), "px", TRAINED, "length of a speck of dust")
    hair_chance: float = setting(0.2, "share", TRAINED, "that dust is a hair or a scratch")
    hair_px: Limits = setting((5.0, 60.0), "px", TRAINED, "length of these")
    hair_bend: float = setting(0.3, "rad", TRAINED, "how a hair bends a step, one deviation")


@dataclass(frozen=True, kw_only=True)
class DetectorTraining:
    """How a detector is trained.

    Attributes:
        seed: Of the weights, the batches and what varies them.
        patch_scenes: Scenes for the patch network.
        context_scenes: Scenes, on other backgrounds, for the context network.
        real_share: Of the scenes are real backgrounds with insertions, where backgrounds are given.
        film_share: Of the real ones are films, where there are both.
        held_back_share: Of the women of the backgrounds serve the context network alone.
        calibration_share: Of the context network's scenes calibrate it.
        candidates: Candidates of an image that training sees.
        tissue: Examples of tissue kept from a scene.
        hardest_tissue: The strongest candidates among these, always kept.
        shipped_candidates: Candidates of an image that the detector looks at.
        near_mm: A candidate this close to an outline is on it.
        metal_near_mm: The same for metal, whose rim is bright far out.
        doubt_mm: A candidate this close is neither on it nor tissue.
        film_mm: A background with pixels this coarse is a film.
        hard_share: Of the tissue examples, the hardest that every epoch sees after the first two.
        easy_share: Of them, others by chance.
        noise_spread: Standard deviation of the logarithm by which another noise is pretended.
        numbers_spread: Standard deviation of the doubt about the numbers.
        shift_ridge: How much the shifts of the calibration are held to 0.
        scenes: What scenes hold.
        backgrounds: How backgrounds are varied.
        patch_network: How the patch network is fitted.
        context_network: How the context network is fitted.

    """

    seed: int = setting(INITIAL_WEIGHTS, "1", TRAINED, "of weights, batches and what varies them")
    patch_scenes: int = setting(900, "count", TRAINED, "scenes for the patch network")
    context_scenes: int = setting(240, "count", TRAINED, "scenes for the context network")
    real_share: float = setting(0.7, "share", TRAINED, "of the scenes are real backgrounds")
    film_share: float = setting(0.35, "share", TRAINED, "of the real ones are films")
    held_back_share: float = setting(0.2, "share", TRAINED, "of the women, for the context network")
    calibration_share: float = setting(0.35, "share", TRAINED, "of its scenes calibrate it")
    candidates: int = setting(1500, "count", TRAINED, "candidates of an image that training sees")
    tissue: int = setting(350, "count", TRAINED, "examples of tissue kept from a scene")
    hardest_tissue: int = setting(150, "count", TRAINED, "the strongest among these, always kept")
    shipped_candidates: int = setting(1000, "count", TRAINED, "candidates that the detector looks at")
    near_mm: float = setting(0.15, "mm", TRAINED, "a candidate this close to an outline is on it")
    metal_near_mm: float = setting(0.6, "mm", TRAINED, "the same for metal")
    doubt_mm: float = setting(0.6, "mm", TRAINED, "one this close is neither on it nor tissue")
    film_mm: float = setting(0.18, "mm", TRAINED, "a background with pixels this coarse is a film")
    hard_share: float = setting(0.45, "share", TRAINED, "of the tissue, the hardest of every epoch")
    easy_share: float = setting(0.15, "share", TRAINED, "of the tissue, others by chance")
    noise_spread: float = setting(0.15, "1", TRAINED, "logarithm of another noise that is pretended")
    numbers_spread: float = setting(0.08, "1", TRAINED, "doubt about the numbers")
    shift_ridge: float = setting(1e-4, "1", TRAINED, "holds the calibration's shifts to 0")
    scenes: DetectorScenes = field(default=DetectorScenes())
    backgrounds: BackgroundSettings = field(default=BackgroundSettings())
    patch_network: FitSettings = field(default=FitSettings())
    context_network: FitSettings = field(
        default=FitSettings(
            rounds=4000, batch=1024, warm_up_share=0.3, weight_decay=0.05, label_smoothing=0.0
        )
    )

    def __post_init__(self) -> None:
        at_least_one(self, "patch_scenes", "context_scenes", "candidates", "tissue", "shipped_candidates")
        are_shares(self, "real_share", "film_share", "held_back_share", "calibration_share")
