"""Synthetic mammograms with exact truth: views and dates of one 3-D arrangement."""

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_examination, make_prior_and_current, project_solid
from calcwatch.phantom.lookalikes import (
    STEEL,
    TITANIUM,
    draw_biopsy_marker,
    draw_clip,
    draw_marker,
    draw_wire,
)
from calcwatch.phantom.record import CALCIUM_PER_MM
from calcwatch.phantom.settings import GroupChange, GroupPlan, PhantomSettings
from calcwatch.phantom.shapes import draw_density, draw_shape
from calcwatch.phantom.solids import (
    Ellipsoid,
    ProjectedSolid,
    Silhouette,
    Solid,
    render_calcifications,
    trace_solid,
)
from calcwatch.phantom.truth import (
    CalcificationTruth,
    GroupTruth,
    ImageTruth,
    NonLesionTruth,
    PhantomExamination,
    PhantomImage,
    truth_json,
)

__all__ = [
    "CALCIUM_PER_MM",
    "STEEL",
    "TITANIUM",
    "CalcificationTruth",
    "Distribution",
    "Ellipsoid",
    "GroupChange",
    "GroupPlan",
    "GroupTruth",
    "ImageTruth",
    "Morphology",
    "NonLesionTruth",
    "PhantomExamination",
    "PhantomImage",
    "PhantomSettings",
    "ProjectedSolid",
    "Silhouette",
    "Solid",
    "draw_biopsy_marker",
    "draw_clip",
    "draw_density",
    "draw_marker",
    "draw_shape",
    "draw_wire",
    "make_examination",
    "make_prior_and_current",
    "project_solid",
    "render_calcifications",
    "trace_solid",
    "truth_json",
]
