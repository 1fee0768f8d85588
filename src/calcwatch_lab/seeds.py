"""Which phantoms fit, which choose, which test: one table of named ranges of seeds.

A phantom is made from its seed alone, so a figure is honest only if its seeds had no part in making what it
measures. Every range is named here with what it is for, every file of the laboratory takes its seeds from
here, and a test holds the ranges that test apart from those that fit, choose or serve as reference.

Kept for the record: the figures of ``docs/evidence/first-analysis.md`` were measured on seeds 4 to 29 before
anything was fitted; networks were fitted to those seeds since.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from calcwatch.domain.errors import CalcwatchError


class Purpose(StrEnum):
    """What phantoms are for.

    Attributes:
        FITTING: Weights and curves are fitted to them.
        CHOOSING: Somebody looked at them when a number or a method was chosen.
        REFERENCE: They stand for a population: the deciles of the examination score count them.
        TESTING: Figures of evidence are measured on them; nothing may be fitted to or chosen on them.
        TIMING: Only seconds and memory are measured on them.

    """

    FITTING = "fitting"
    CHOOSING = "choosing"
    REFERENCE = "reference"
    TESTING = "testing"
    TIMING = "timing"


class TooFewSeeds(CalcwatchError):
    """More phantoms are asked for than a range has seeds; the message names the range and its length."""


@dataclass(frozen=True)
class SeedRange:
    """A named range of seeds.

    Attributes:
        name: What it is called in messages.
        purpose: What the phantoms are for.
        use: What is made of them, in a phrase.
        parts: The seeds, one or several runs of numbers in the order in which they are taken.

    """

    name: str
    purpose: Purpose
    use: str
    parts: tuple[range, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds in the order in which they are taken."""
        return tuple(chain(*self.parts))

    @property
    def first(self) -> int:
        """The seed that is taken first."""
        return self.parts[0].start

    def take(self, count: int) -> tuple[int, ...]:
        """Take the first seeds of the range.

        Args:
            count: How many, 0 or more.

        Returns:
            That many seeds, always the same ones.

        Raises:
            TooFewSeeds: The range has fewer.

        """
        if count > len(self.seeds):
            raise TooFewSeeds(
                f"{count} phantoms are asked for, but {self.name} has {len(self.seeds)} seeds: ask for fewer"
            )
        return self.seeds[:count]


def _range(name: str, purpose: Purpose, use: str, *firsts_and_counts: tuple[int, int]) -> SeedRange:
    return SeedRange(
        name, purpose, use, tuple(range(first, first + count) for first, count in firsts_and_counts)
    )


PATCH_NETWORK_SCENES = _range(
    "scenes of the detector's patch network", Purpose.FITTING, "calcwatch-lab train detector", (0, 7000)
)
"""The shipped patch network was fitted to the first 900."""

CONTEXT_NETWORK_SCENES = _range(
    "scenes of the detector's context network", Purpose.FITTING, "calcwatch-lab train detector", (8000, 600)
)
"""The shipped context network was fitted to the first 240, the last third of them calibrated it."""

SHAPE_SCENES = _range("scenes of shapes", Purpose.FITTING, "calcwatch-lab train shapes", (0, 7000))
"""The shipped networks for morphology were fitted to the first 1700."""

DISTRIBUTION_BREASTS = _range(
    "breasts of distributions", Purpose.FITTING, "calcwatch-lab train distributions", (0, 7000)
)
"""The shipped network for distribution was fitted to the first 5000."""

KIND_PHANTOMS = _range("phantoms of kinds", Purpose.FITTING, "calcwatch-lab train kinds", (8700, 200))
"""Groups whose shape is known, beside the groups that readers labeled; no network was fitted to them."""

VIEW_PAIRS_FIT = _range(
    "pairs of views to fit", Purpose.FITTING, "calcwatch-lab train view-pairs", (7100, 300)
)
"""The weights of ``calcwatch.exam.correspondence`` were fitted to them at 0.14 mm."""

VIEW_PAIRS_CHOICE = _range(
    "pairs of views to choose on",
    Purpose.CHOOSING,
    "base and weights of descriptions of view pairs",
    (9100, 200),
)
"""Looked at while the pairing was made; parts of it chose the base and the weight of descriptions."""

COMPARISON_CHOICE = _range(
    "two days to choose on", Purpose.CHOOSING, "development of comparing, and its tests", (7400, 600)
)
"""For whoever works on comparing. The seeds that its numbers were chosen on were not written down; they were
below 10000 and, but for these, are in no range that tests comparing.
"""

SCORE_REFERENCE = _range(
    "reference population", Purpose.REFERENCE, "deciles of the examination score", (8600, 60)
)
"""Made by ``calcwatch phantom``, analyzed, and counted by ``calcwatch-lab train suspicion``."""

DETECTION_TEST = _range(
    "phantoms of detection", Purpose.TESTING, "calcwatch-lab bench detect", (9000, 100), (10800, 400)
)
"""As they come, and under each shift. Seeds 9100 to 9299 chose the pairing, so more follow after 10800."""

LOOKALIKE_TEST = _range("phantoms of look-alikes", Purpose.TESTING, "calcwatch-lab bench detect", (9500, 500))
"""With look-alikes of every kind."""

SHAPE_TEST = _range("phantoms of shapes", Purpose.TESTING, "calcwatch-lab bench describe", (9500, 400))
"""Morphology, at two pixel spacings."""

DISTRIBUTION_TEST = _range(
    "phantoms of distributions", Purpose.TESTING, "calcwatch-lab bench describe", (9800, 100)
)
"""Distribution, at two pixel spacings."""

VIEW_PAIRS_TEST = _range(
    "phantoms of two views", Purpose.TESTING, "calcwatch-lab bench describe", (9400, 100)
)
"""The same group on CC and MLO."""

CHANGES_TEST = _range("breasts on two days", Purpose.TESTING, "calcwatch-lab bench changes", (10000, 400))
"""Positioned anew as usual."""

CHANGES_STRONG_TEST = _range(
    "breasts positioned otherwise", Purpose.TESTING, "calcwatch-lab bench changes", (10400, 400)
)
"""Positioned twice as differently."""

HISTORY_CHOICE = _range(
    "treated women to choose on",
    Purpose.CHOOSING,
    "development of the treated breast over years",
    (12000, 400),
)
"""For whoever works on alignment and courses of treated women; a history is drawn from each seed."""

HISTORY_TEST = _range(
    "treated women over years", Purpose.TESTING, "the treated breast over years", (13000, 200)
)
"""Set apart with the generator, before anything was tuned on histories."""

SPEED_PHANTOMS = _range("phantoms of speed", Purpose.TIMING, "calcwatch-lab bench speed", (0, 2))
"""Whose pictures are only timed."""

RANGES = (
    PATCH_NETWORK_SCENES,
    CONTEXT_NETWORK_SCENES,
    SHAPE_SCENES,
    DISTRIBUTION_BREASTS,
    KIND_PHANTOMS,
    VIEW_PAIRS_FIT,
    VIEW_PAIRS_CHOICE,
    COMPARISON_CHOICE,
    SCORE_REFERENCE,
    DETECTION_TEST,
    LOOKALIKE_TEST,
    SHAPE_TEST,
    DISTRIBUTION_TEST,
    VIEW_PAIRS_TEST,
    CHANGES_TEST,
    CHANGES_STRONG_TEST,
    HISTORY_CHOICE,
    HISTORY_TEST,
    SPEED_PHANTOMS,
)
"""Every range of seeds that the laboratory makes phantoms from."""

DETECTOR_SCENE_STREAM, FILM_STREAM, TISSUE_STREAM = 20, 21, 22
"""Second numbers that part the random streams of one seed: what a detector's scene holds, whether its
background is a film, which tissue is kept as an example.
"""

POINT_SET_STREAM, SHAPE_SCENE_STREAM, KIND_PHANTOM_STREAM = 30, 40, 60
"""The same for point sets of distributions, for scenes of shapes and for phantoms of kinds."""

SHAPE_TEST_STREAM, SHAPE_ORDER_STREAM = 50, 51
"""The same for the phantoms that test shapes: how they lie, and which shapes one holds."""

INSERTION_TEST_STREAM = 9000
"""First number of the seed of every insertion that tests, the file's name being the second; training seeds
its insertions with its scenes.
"""

EXAMPLE_DRAW = 7
"""Seed of the choice of examples of shapes from all scenes."""

INITIAL_WEIGHTS = 1
"""Seed of the weights that a fit begins with, its batches and what varies them, unless another is given."""

PATIENT_DRAWS = 20240115
"""Seed of the draws of patients that intervals come from."""

AREA_DRAWS, F1_DRAWS = 0, 0
"""The same for areas under a curve and for F1, which draw by themselves."""
