"""The tissue of one compressed view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.phantom.anatomy import draw_breast, draw_texture
from calcwatch.phantom.geometry import draw_geometry, draw_size
from calcwatch.phantom.settings import random_stream
from calcwatch.phantom.tissue import ProjectedTissue, project_tissue
from tests.phantom.views import SMALL

BARE = replace(SMALL, texture=False, pixel_spacing_mm=0.2)


def tissue_of(seed: int) -> ProjectedTissue:
    size = draw_size(random_stream(seed, "size"), BARE)
    geometry = draw_geometry(random_stream(seed, "view"), size, ViewPosition.MLO, BARE)
    breast = draw_breast(seed, Laterality.LEFT, size, BARE)
    texture = draw_texture(breast, ViewPosition.MLO, BARE)
    rng = random_stream(seed, "muscle")
    return project_tissue(rng, breast, texture, geometry=geometry, usual=geometry, settings=BARE)


def test_the_breast_is_as_thick_as_it_is_compressed() -> None:
    """Deep inside it is as thick as the plates are apart, on the skin line it has no thickness."""
    tissue = tissue_of(3)
    thickness = float(tissue.thickness_mm.max())
    assert np.allclose(tissue.thickness_mm[tissue.depth_mm > thickness / 2], thickness)
    assert not tissue.thickness_mm[tissue.depth_mm <= 0].any()
