"""How the networks for morphology are trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcwatch.domain.settings import TRAINED, setting
from calcwatch_lab.seeds import INITIAL_WEIGHTS
from calcwatch_lab.train.settings import (
    BackgroundSettings,
    FitSettings,
    Limits,
    are_shares,
    at_least_one,
)


@dataclass(frozen=True, kw_only=True)
class ShapeScenes:
    """What scenes of shapes hold and how they are imaged.

    Attributes:
        hard_weight: How much more often shapes are met that are told apart least well.
        crowded_share: Of the groups are crowded: else a crowd would be taken for a vessel.
        crowded_count: Members of these.
        lateral_share: Of the phantoms are true laterals, where sediment shows.
        film_share: Of the phantoms are films.
        usual_mm: Pixel spacings of usual devices.
        usual_share: Of the phantoms have one of these.
        spacing_mm: Pixel spacing of the others.
        height_mm: Height of a phantom's field.
        width_mm: Width of it.
        dose: Of a phantom, relative to the usual.
        phantom_blur: Factor of the usual blur.
        edge_enhancement: Strength of the unsharp mask.
        bits: Bits of a phantom's picture, one of which is drawn.
        groups: Fewest and most planned groups of a phantom.
        vessel_chance: That a phantom holds a calcified vessel.
        layout_chances: Of single, grouped, linear, regional and segmental groups.
        large_layout_chances: The same of large shapes.
        density: Of a group, relative to the usual.
        insertion_blur: Factor of the usual blur for insertions.
        gain: Gray a unit of log attenuation makes.
        plain_contrast: Peak of a group's median member, of all but hazy shapes.
        plain_scatters: Fewest and most such groups and single ones that are inserted.
        fine_contrast: The same of further fine shapes.
        hazy_contrast: The same of amorphous ones.
        most_further: Further fine and amorphous groups, each, at most.

    """

    hard_weight: float = setting(1.8, "ratio", TRAINED, "how much more often hard shapes are met")
    crowded_share: float = setting(0.35, "share", TRAINED, "of the groups are crowded")
    crowded_count: tuple[int, int] = setting((20, 69), "count", TRAINED, "members of these")
    lateral_share: float = setting(0.12, "share", TRAINED, "of the phantoms are true laterals")
    film_share: float = setting(0.1, "share", TRAINED, "of the phantoms are films")
    usual_mm: tuple[float, float, float, float] = setting(
        (0.07, 0.085, 0.1, 0.14), "mm", TRAINED, "pixel spacings of usual devices"
    )
    usual_share: float = setting(0.5, "share", TRAINED, "of the phantoms have one of these")
    spacing_mm: Limits = setting((0.05, 0.17), "mm", TRAINED, "pixel spacing of the others")
    height_mm: Limits = setting((130.0, 233.0), "mm", TRAINED, "height of a phantom's field")
    width_mm: Limits = setting((90.0, 180.0), "mm", TRAINED, "width of a phantom's field")
    dose: Limits = setting((0.6, 1.8), "ratio", TRAINED, "dose of a phantom to the usual")
    phantom_blur: Limits = setting((0.8, 1.3), "ratio", TRAINED, "factor of the usual blur")
    edge_enhancement: Limits = setting((0.0, 0.7), "ratio", TRAINED, "strength of the unsharp mask")
    bits: tuple[int, int, int] = setting((8, 12, 14), "bit", TRAINED, "of a phantom's picture, one drawn")
    groups: tuple[int, int] = setting((4, 7), "count", TRAINED, "planned groups of a phantom")
    vessel_chance: float = setting(0.35, "share", TRAINED, "that a phantom holds a calcified vessel")
    layout_chances: tuple[float, float, float, float, float] = setting(
        (0.2, 0.5, 0.1, 0.1, 0.1), "share", TRAINED, "of single, grouped, linear, regional, segmental"
    )
    large_layout_chances: tuple[float, float, float, float, float] = setting(
        (0.6, 0.3, 0.05, 0.05, 0.0), "share", TRAINED, "the same of large shapes"
    )
    density: Limits = setting((0.5, 1.6), "ratio", TRAINED, "density of a group to the usual")
    insertion_blur: Limits = setting((0.8, 1.4), "ratio", TRAINED, "factor of the usual blur, insertions")
    gain: Limits = setting((0.2, 0.5), "gray", TRAINED, "gray a unit of log attenuation makes")
    plain_contrast: Limits = setting((6.0, 45.0), "sigma", TRAINED, "peak of all but hazy shapes")
    plain_scatters: tuple[int, int] = setting((4, 9), "count", TRAINED, "such groups that are inserted")
    fine_contrast: Limits = setting((6.0, 30.0), "sigma", TRAINED, "peak of further fine shapes")
    hazy_contrast: Limits = setting((3.0, 14.0), "sigma", TRAINED, "peak of amorphous ones")
    most_further: int = setting(2, "count", TRAINED, "further fine and amorphous groups, each, at most")


@dataclass(frozen=True, kw_only=True)
class ShapeTraining:
    """How the networks for morphology are trained.

    Attributes:
        seed: Of the weights, the batches and what varies them.
        scenes: Images to learn from.
        real_share: Of the scenes are real backgrounds with insertions, where backgrounds are given.
        context_share: Of the scenes serve the context network alone.
        calibration_share: Of these, the last calibrate it.
        least_score: Marks below this score are no examples.
        near_mm: A mark this close to an outline is on it.
        most_of_a_shape: Examples of one scene and shape: a group of 40 is not 40 times as telling.
        noise_spread: Standard deviation of the logarithm by which another noise is pretended.
        numbers_spread: Standard deviation of the doubt about the numbers.
        features_spread: The same about the context network's features, in deviations of each.
        draws: What scenes hold.
        backgrounds: How backgrounds are varied.
        patch_network: How the patch network is fitted.
        context_network: How the context network is fitted.

    """

    seed: int = setting(INITIAL_WEIGHTS, "1", TRAINED, "of weights, batches and what varies them")
    scenes: int = setting(1400, "count", TRAINED, "images to learn from")
    real_share: float = setting(0.45, "share", TRAINED, "of the scenes are real backgrounds")
    context_share: float = setting(0.35, "share", TRAINED, "of the scenes, for the context network")
    calibration_share: float = setting(0.3, "share", TRAINED, "of these calibrate it")
    least_score: float = setting(0.3, "score", TRAINED, "marks below it are no examples")
    near_mm: float = setting(0.2, "mm", TRAINED, "a mark this close to an outline is on it")
    most_of_a_shape: int = setting(12, "count", TRAINED, "examples of one scene and shape")
    noise_spread: float = setting(0.12, "1", TRAINED, "logarithm of another noise that is pretended")
    numbers_spread: float = setting(0.08, "1", TRAINED, "doubt about the numbers")
    features_spread: float = setting(0.1, "sigma", TRAINED, "doubt about the features")
    draws: ShapeScenes = field(default=ShapeScenes())
    backgrounds: BackgroundSettings = field(default=BackgroundSettings())
    patch_network: FitSettings = field(default=FitSettings(rounds=14, label_smoothing=0.03))
    context_network: FitSettings = field(
        default=FitSettings(
            rounds=5000,
            batch=512,
            learning_rate=2e-3,
            warm_up_share=0.3,
            weight_decay=0.1,
            label_smoothing=0.02,
        )
    )

    def __post_init__(self) -> None:
        at_least_one(self, "most_of_a_shape")
        are_shares(self, "real_share", "context_share", "calibration_share", "least_score")
        if self.scenes < 10 or self.context_share in (0.0, 1.0):
            raise ValueError(
                f"scenes {self.scenes} must be at least 10, context_share {self.context_share} in between"
            )
