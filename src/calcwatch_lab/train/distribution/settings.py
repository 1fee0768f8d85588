"""How the network for distribution is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcwatch.domain.settings import TRAINED, setting
from calcwatch_lab.seeds import INITIAL_WEIGHTS
from calcwatch_lab.train.settings import FitSettings, Limits, are_shares, at_least_one


@dataclass(frozen=True, kw_only=True)
class PointSetSettings:
    """What point sets hold, and what a detector would make of them.

    Attributes:
        height_mm: Height of the field.
        width_mm: Width of it.
        usual_chance: That a group has as many members as phantoms usually have.
        diffuse_count: Fewest and most members of other diffuse groups.
        regional_count: The same of regional ones.
        grouped_count: The same of grouped ones.
        linear_count: The same of linear ones.
        segmental_count: The same of segmental ones.
        second_chance: That there is a second group.
        vessel_chance: That there is a calcified vessel.
        most_loose: Plans of loose calcifications, at most.
        least_seen: Share of the calcifications that a detector sees at least.
        size_spread: Doubt about which are seen, in logarithms of diameter times density.
        most_false: False positives at most.
        place_error_mm: Standard deviation of a place.
        nipple_error_mm: The same of the nipple.
        no_nipple_chance: That the nipple is not known.
        scale_error: Standard deviation of the logarithm of all lengths: where the pixel spacing is not known
            they are guesses; a little of that everywhere.

    """

    height_mm: Limits = setting((150.0, 235.0), "mm", TRAINED, "height of the field")
    width_mm: Limits = setting((110.0, 180.0), "mm", TRAINED, "width of the field")
    usual_chance: float = setting(0.5, "share", TRAINED, "that a group is as large as usual")
    diffuse_count: tuple[int, int] = setting((20, 80), "count", TRAINED, "members of diffuse groups")
    regional_count: tuple[int, int] = setting((14, 60), "count", TRAINED, "members of regional groups")
    grouped_count: tuple[int, int] = setting((3, 30), "count", TRAINED, "members of grouped ones")
    linear_count: tuple[int, int] = setting((5, 25), "count", TRAINED, "members of linear groups")
    segmental_count: tuple[int, int] = setting((12, 60), "count", TRAINED, "members of segmental groups")
    second_chance: float = setting(0.25, "share", TRAINED, "that there is a second group")
    vessel_chance: float = setting(0.15, "share", TRAINED, "that there is a calcified vessel")
    most_loose: int = setting(5, "count", TRAINED, "plans of loose calcifications at most")
    least_seen: float = setting(0.3, "share", TRAINED, "of the calcifications that are seen at least")
    size_spread: float = setting(0.4, "1", TRAINED, "doubt about which are seen, in logarithms")
    most_false: int = setting(13, "count", TRAINED, "false positives at most")
    place_error_mm: float = setting(0.05, "mm", TRAINED, "one deviation of a place")
    nipple_error_mm: float = setting(6.0, "mm", TRAINED, "one deviation of the nipple's place")
    no_nipple_chance: float = setting(0.08, "share", TRAINED, "that the nipple is not known")
    scale_error: float = setting(0.12, "1", TRAINED, "one deviation of the logarithm of all lengths")


@dataclass(frozen=True, kw_only=True)
class DistributionTraining:
    """How the network for distribution is trained.

    Attributes:
        seed: Of the weights, the batches and what a detector makes of point sets.
        breasts: Phantom breasts to learn from, two views each.
        repeats: How often each view is detected anew.
        least_share: Of a group's members that one planned group must own to name its distribution.
        held_out: Of the views, which calibrate the network.
        most_deviations: Features farther from the mean are pulled to there.
        least_temperature: Of the calibration: probabilities are not made surer than that.
        draws: What point sets hold.
        network: How the network is fitted; as many batches as ``rounds``.

    """

    seed: int = setting(INITIAL_WEIGHTS, "1", TRAINED, "of weights, batches and detections")
    breasts: int = setting(5000, "count", TRAINED, "phantom breasts to learn from")
    repeats: int = setting(2, "count", TRAINED, "how often each view is detected anew")
    least_share: float = setting(0.5, "share", TRAINED, "of the members that are of one planned group")
    held_out: float = setting(0.1, "share", TRAINED, "of the views calibrate the network")
    most_deviations: float = setting(5.0, "sigma", TRAINED, "features are held within these")
    least_temperature: float = setting(0.2, "1", TRAINED, "of the calibration")
    draws: PointSetSettings = field(default=PointSetSettings())
    network: FitSettings = field(
        default=FitSettings(
            rounds=6000,
            batch=512,
            learning_rate=2e-3,
            warm_up_share=0.3,
            weight_decay=0.05,
            averaging=0.0,
            label_smoothing=0.0,
        )
    )

    def __post_init__(self) -> None:
        at_least_one(self, "breasts", "repeats")
        are_shares(self, "least_share", "held_out")
