"""Public names of calcwatch, each in the room that defines it; loaded when first used."""

from .comparison.compare import Compared as Compared
from .domain.assessment import Assessment as Assessment
from .domain.assessment import ExaminationFindings as ExaminationFindings
from .domain.assessment import ExaminationResult as ExaminationResult
from .domain.change import Change as Change
from .domain.change import ChangeKind as ChangeKind
from .domain.change import Comparison as Comparison
from .domain.context import BreastContext as BreastContext
from .domain.context import ClinicalContext as ClinicalContext
from .domain.errors import CalcwatchError as CalcwatchError
from .domain.errors import UnreadableImage as UnreadableImage
from .domain.errors import UnsuitableImage as UnsuitableImage
from .domain.errors import UnsupportedImage as UnsupportedImage
from .domain.findings import CadMark as CadMark
from .domain.findings import CadReport as CadReport
from .domain.findings import Calcification as Calcification
from .domain.findings import CalcificationGroup as CalcificationGroup
from .domain.findings import ImageFindings as ImageFindings
from .domain.findings import NonLesion as NonLesion
from .domain.identity import ImagedStudy as ImagedStudy
from .domain.image import GivenAttributes as GivenAttributes
from .domain.image import ImageDescription as ImageDescription
from .domain.image import Mammogram as Mammogram
from .domain.image import PixelSpacing as PixelSpacing
from .domain.image import QualityFlag as QualityFlag
from .domain.treatment import Treatment as Treatment
from .formats.fhir.bundle import released_summary as released_summary
from .formats.fhir.bundle import result_bundle as result_bundle
from .formats.fhir.check import check_bundle as check_bundle
from .image.analyze import check_image as check_image
from .image.find.candidates import detect_classical as detect_classical
from .image.settings import AnalysisSettings as AnalysisSettings
from .models.learned import learned_detector as learned_detector
from .phantom.examination import make_examination as make_examination
from .phantom.examination import make_prior_and_current as make_prior_and_current
from .phantom.settings import PhantomSettings as PhantomSettings
from .service.analyze import analyze_exam as analyze_exam
from .service.analyze import analyze_image as analyze_image
from .service.compare import compare_with_prior as compare_with_prior
from .service.deidentify import Deidentified as Deidentified
from .service.deidentify import deidentify_files as deidentify_files
from .service.export import Exported as Exported
from .service.export import export_result as export_result
from .service.files.evidence import read_result_folder as read_result_folder
from .service.files.open_image import describe_image as describe_image
from .service.files.open_image import open_image as open_image
from .service.read_cad import read_cad_file as read_cad_file

__version__: str
__all__: list[str]
