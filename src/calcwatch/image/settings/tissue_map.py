"""Settings of the map of the tissue, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, setting


@dataclass(frozen=True, kw_only=True)
class TissueMapSettings:
    """The map of the tissue that a later comparison aligns by."""

    min_subthreshold_score: float = setting(
        0.02, "share", CHOSEN, "candidates below the threshold and above this are kept for a comparison"
    )
    cell_mm: float = setting(0.5, "mm", CHOSEN, "size of a cell of the map")
    median_cells: int = setting(
        5, "count", CHOSEN, "median over so many cells: no calcification is left, strands and vessels are"
    )
    local_mm: float = setting(6.0, "mm", CHOSEN, "brightness and contrast are evened out over this distance")
    min_deviation: float = setting(
        0.15, "1", CHOSEN, "of the picture's own contrast: flat places are not blown up to noise"
    )
    contrast_to_noise_mm: float = setting(3.0, "mm", CHOSEN, "size of a cell of the map of contrast to noise")
