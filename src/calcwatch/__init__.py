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
        CadMark,
        CadReport,
        Calcification,
        CalcificationGroup,
        CalcwatchError,
        Change,
        ChangeKind,
        ClinicalContext,
        Comparison,
        ExaminationFindings,
        ExaminationResult,
        GivenAttributes,
        ImageDescription,
        ImagedStudy,
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
    from calcwatch.fhir.bundle import released_summary, result_bundle
    from calcwatch.fhir.check import check_bundle
    from calcwatch.inference import learned_detector
    from calcwatch.phantom import PhantomSettings, make_examination, make_prior_and_current
    from calcwatch.pipeline import Compared, check_image
    from calcwatch.service.analyze_mammogram import analyze_exam, analyze_image, compare_with_prior
    from calcwatch.service.deidentify_files import Deidentified, DeidentifyOptions, deidentify_files
    from calcwatch.service.export_result import Exported, ExportFormat, export_result
    from calcwatch.service.open_image import describe_image, open_image
    from calcwatch.service.read_cad import read_cad_file
    from calcwatch.service.read_evidence import read_result_folder
    from calcwatch.steps.detect import detect_classical

__version__ = "0.1.0"

__all__ = [
    "AnalysisSettings",
    "Assessment",
    "BreastContext",
    "CadMark",
    "CadReport",
    "Calcification",
    "CalcificationGroup",
    "CalcwatchError",
    "Change",
    "ChangeKind",
    "ClinicalContext",
    "Compared",
    "Comparison",
    "Deidentified",
    "DeidentifyOptions",
    "ExaminationFindings",
    "ExaminationResult",
    "ExportFormat",
    "Exported",
    "GivenAttributes",
    "ImageDescription",
    "ImageFindings",
    "ImagedStudy",
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
    "check_bundle",
    "check_image",
    "compare_with_prior",
    "deidentify_files",
    "describe_image",
    "detect_classical",
    "export_result",
    "learned_detector",
    "make_examination",
    "make_prior_and_current",
    "open_image",
    "read_cad_file",
    "read_result_folder",
    "released_summary",
    "result_bundle",
]

_ROOMS = {
    "Deidentified": "calcwatch.service.deidentify_files",
    "DeidentifyOptions": "calcwatch.service.deidentify_files",
    "deidentify_files": "calcwatch.service.deidentify_files",
    "ExportFormat": "calcwatch.service.export_result",
    "Exported": "calcwatch.service.export_result",
    "export_result": "calcwatch.service.export_result",
    "read_cad_file": "calcwatch.service.read_cad",
    "read_result_folder": "calcwatch.service.read_evidence",
    "check_bundle": "calcwatch.fhir.check",
    "released_summary": "calcwatch.fhir.bundle",
    "result_bundle": "calcwatch.fhir.bundle",
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
