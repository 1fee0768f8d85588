"""Public names of calcwatch, each in the room that defines it; loaded when first used."""

from .comparison.compare import Compared as Compared
from .domain.assessment import ExaminationFindings as ExaminationFindings
from .domain.context import BreastContext as BreastContext
from .domain.context import ClinicalContext as ClinicalContext
from .domain.errors import CalcwatchError as CalcwatchError
from .domain.findings import ImageFindings as ImageFindings
from .domain.image import GivenAttributes as GivenAttributes
from .domain.image import Laterality as Laterality
from .domain.image import Mammogram as Mammogram
from .domain.image import ViewPosition as ViewPosition
from .domain.lexicon import Morphology as Morphology
from .domain.statements import FindingStatement as FindingStatement
from .domain.statements import NamedFinding as NamedFinding
from .domain.statements import Verdict as Verdict
from .domain.treatment import Operation as Operation
from .domain.treatment import OperationKind as OperationKind
from .domain.treatment import Radiation as Radiation
from .domain.treatment import SurgicalBedMark as SurgicalBedMark
from .domain.treatment import Therapy as Therapy
from .domain.treatment import Treatment as Treatment
from .image.find.candidates import detect_classical as detect_classical
from .image.settings import AnalysisSettings as AnalysisSettings
from .models.learned import learned_detector as learned_detector
from .phantom.examination import make_examination as make_examination
from .phantom.examination import make_prior_and_current as make_prior_and_current
from .phantom.settings import PhantomSettings as PhantomSettings
from .service.analyze import analyze_exam as analyze_exam
from .service.analyze import analyze_image as analyze_image
from .service.compare import compare_with_prior as compare_with_prior
from .service.deidentify import deidentify_files as deidentify_files
from .service.export import export_result as export_result
from .service.files.evidence import read_result_folder as read_result_folder
from .service.files.open_image import open_image as open_image
from .service.read_cad import read_cad_file as read_cad_file

__version__: str
__all__: list[str]
