"""What a phantom is asked to be: shapes, distributions, groups and the imaging chain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology

if TYPE_CHECKING:
    from calcwatch.domain.findings import NonLesionKind


class GroupChange(StrEnum):
    """What happened to a group between the prior and the current examination."""

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

    ``count``: calcifications in the current examination (in the prior, where ``change`` is ``GONE``);
    ``None`` draws a usual number. ``density``: factor on the usual attenuation, below 1 for subtle, above 1
    for plain. ``diameter_mm``: smallest and largest diameter; ``None`` draws what is usual for the shape.
    ``prior_morphology``: the shape it had before, where ``change`` is ``RESHAPED``; round unless given.
    """

    morphology: Morphology
    distribution: Distribution
    count: int | None = None
    change: GroupChange = GroupChange.NO_SIGNIFICANT_CHANGE
    density: float = 1.0
    diameter_mm: tuple[float, float] | None = None
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


@dataclass(frozen=True)
class PhantomSettings:
    """Everything a phantom depends on beside its seed; ``None`` means drawn from the seed.

    ``field_mm``: height and width of the image. ``breast_density``: BI-RADS composition ``a`` to ``d``.
    ``relative_dose``: 1 is the exposure an automatic control would choose; noise goes with its square root.
    ``noise`` and ``texture``: off for tests that need a clean or a flat background.
    ``mtf``: the system's blur as a sum of Gaussians ``(weight, sigma_mm)``, weights adding to 1.
    ``film``: the look of a digitized film (grain, fog, dust, scratches, burned-in letters).
    ``edge_enhancement``: strength of the unsharp mask in the presentation, 0 for none.
    ``repositioning``: how much one day's positioning and compression differ from another's; 1 is usual.
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
    mtf: tuple[tuple[float, float], ...] = ((0.85, 0.055), (0.15, 0.25))
    edge_enhancement: float = 0.3
    repositioning: float = 1.0
    for_processing: bool = False
    bits_stored: int = 12
    film: bool = False
    study_date: str = "20240115"
    prior_study_date: str = "20230110"

    def __post_init__(self) -> None:
        self._check_image()
        self._check_breast()

    def _check_image(self) -> None:
        if not 0.05 <= self.pixel_spacing_mm <= 0.2:
            raise ValueError(f"pixel_spacing_mm {self.pixel_spacing_mm} is not between 0.05 and 0.2")
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


PHANTOM_VIEWS = (ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML, ViewPosition.LM)
"""Views that phantoms are made in."""


def random_stream(seed: int, *names: str) -> np.random.Generator:
    """Return the generator for one purpose of one seed, independent of every other purpose."""
    key = [crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *key])))
