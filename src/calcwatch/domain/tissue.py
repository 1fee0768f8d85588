"""What stays of a picture after its analysis, so that another examination can be aligned with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class FaintSpeck:
    """A bright point below the threshold of belief: never reported, it tells "there already" from "new".

    ``row, column`` in the file's pixels; ``score``: belief, below the threshold.
    """

    row: float
    column: float
    score: float


@dataclass(frozen=True, eq=False)
class Tissue:
    """Tissue of one view on cells of about half a millimeter, chest wall on the left, specks taken out.

    ``pattern``: uint8, 128 where the tissue is as bright as its surround, brightness and contrast evened out;
    ``mask``: uint8, 1 in the breast. ``clearness``: float32, contrast of the tissue in units of the noise, on
    cells ``clearness_step`` times as large. ``cell_mm`` is a length where ``in_mm``, else cells are counted
    as if a pixel had 0.1 mm. ``step``: pixels in a cell. ``top, left, columns, mirrored``: where the crop
    lies in the file and whether it was turned. Places "in mm" count from the first pixel of the crop.
    """

    pattern: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    clearness: NDArray[np.float32]
    clearness_step: int
    step: int
    cell_mm: float
    in_mm: bool
    top: int
    left: int
    columns: int
    mirrored: bool

    @property
    def pixel_mm(self) -> float:
        """What a pixel of the file measures."""
        return self.cell_mm / self.step

    def to_mm(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the file (n x 2, row and column in pixels) as places in mm (n x 2)."""
        return self._turned(points.reshape(-1, 2) - (self.top, self.left)) * self.pixel_mm

    def to_file(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in mm as points of the file."""
        corner = (self.top, self.left)
        return self._turned(places.reshape(-1, 2) / self.pixel_mm) + corner

    def cells(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in mm as row and column of cells, whole numbers in their centers."""
        return (places / self.pixel_mm + 0.5) / self.step - 0.5

    def _turned(self, inner: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.mirrored:
            inner[:, 1] = self.columns - 1 - inner[:, 1]
        return inner
