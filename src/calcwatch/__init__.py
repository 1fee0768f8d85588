"""calcwatch watches breast calcifications over time: a second pair of eyes, for research use.

Its public names are those of ``__all__``. Each is loaded when it is first used, so importing
the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain import (
        AnalysisSettings,
        Assessment,
        BreastContext,
        Calcification,
        CalcificationGroup,
        CalcwatchError,
        Change,
        ChangeKind,
        ClinicalContext,
        Comparison,
        ExaminationFindings,
        GivenAttributes,
        ImageDescription,
        ImageFindings,
        Mammogram,
        NonLesion,
        PixelSpacing,
        QualityFlag,
        Treatment,
        UnreadableImage,
        UnsuitableImage,
        UnsupportedImage,
    )
    from calcwatch.inference import learned_detector
    from calcwatch.phantom import PhantomSettings, make_examination, make_prior_and_current
    from calcwatch.pipeline import Compared, check_image
    from calcwatch.service.analyze_mammogram import analyze_exam, analyze_image, compare_with_prior
    from calcwatch.service.open_image import describe_image, open_image
    from calcwatch.steps.detect import detect_classical

__version__ = "0.1.0"

__all__ = [
    "AnalysisSettings",
    "Assessment",
    "BreastContext",
    "Calcification",
    "CalcificationGroup",
    "CalcwatchError",
    "Change",
    "ChangeKind",
    "ClinicalContext",
    "Compared",
    "Comparison",
    "ExaminationFindings",
    "GivenAttributes",
    "ImageDescription",
    "ImageFindings",
    "Mammogram",
    "NonLesion",
    "PhantomSettings",
    "PixelSpacing",
    "QualityFlag",
    "Treatment",
    "UnreadableImage",
    "UnsuitableImage",
    "UnsupportedImage",
    "analyze_exam",
    "analyze_image",
    "check_image",
    "compare_with_prior",
    "describe_image",
    "detect_classical",
    "learned_detector",
    "make_examination",
    "make_prior_and_current",
    "open_image",
]

_ROOMS = {
    "describe_image": "calcwatch.service.open_image",
    "open_image": "calcwatch.service.open_image",
    "analyze_exam": "calcwatch.service.analyze_mammogram",
    "analyze_image": "calcwatch.service.analyze_mammogram",
    "compare_with_prior": "calcwatch.service.analyze_mammogram",
    "Compared": "calcwatch.pipeline",
    "detect_classical": "calcwatch.steps.detect",
    "learned_detector": "calcwatch.inference",
    "check_image": "calcwatch.pipeline",
    "PhantomSettings": "calcwatch.phantom",
    "make_examination": "calcwatch.phantom",
    "make_prior_and_current": "calcwatch.phantom",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"calcwatch has no {name!r}; its public names are {', '.join(__all__)}")
    return getattr(import_module(_ROOMS.get(name, "calcwatch.domain")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
