"""What a person states about an examination, and the words for it; pixels never tell any of this.

Everything is optional and ``None`` is "not known": it is never filled in, and not knowing never reassures.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING

from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from calcwatch.domain.statements import NamedFinding

_OLDEST_YEARS = 120  # an older woman is not imaged: the number is mistyped
MOST_MONTHS = 1200
"""A hundred years: a larger number of months is mistyped."""


class ExamContext(StrEnum):
    """Why the examination was made.

    Attributes:
        SCREENING: Nothing is suspected.
        DIAGNOSTIC: To settle a finding, a symptom or a follow-up.
        KNOWN_CANCER: A cancer is proven and not yet removed.
    """

    SCREENING = "screening"
    DIAGNOSTIC = "diagnostic"
    KNOWN_CANCER = "known_cancer"


class BiopsyResult(StrEnum):
    """What a biopsy of the calcifications gave; concordance is a radiologist's judgment.

    Attributes:
        BENIGN_CONCORDANT: Benign, and that fits the picture.
        BENIGN_DISCORDANT: Benign, and that does not explain the picture.
        HIGH_RISK_LESION: A lesion that goes with cancer beside it or later.
        MALIGNANT: Cancer.
    """

    BENIGN_CONCORDANT = "benign_concordant"
    BENIGN_DISCORDANT = "benign_discordant"
    HIGH_RISK_LESION = "high_risk_lesion"
    MALIGNANT = "malignant"


class ScarFinding(StrEnum):
    """What ultrasound shows at a scar.

    Attributes:
        CHANGED: A new margin, vessel or solid part, or growth.
        FAT_NECROSIS: Classic fat necrosis.
    """

    CHANGED = "changed"
    FAT_NECROSIS = "fat_necrosis"


class Sex(StrEnum):
    """Sex at birth, which decides what the studies behind the rules say.

    Attributes:
        FEMALE: A woman: the studies were made on women.
        MALE: A man: nothing of his is called probably benign by rules that women made.
    """

    FEMALE = "female"
    MALE = "male"


class BreastDensity(StrEnum):
    """Density as a report states it; it is never computed, guessed or put in other words here.

    Attributes:
        A: Letter a of the report.
        B: Letter b of the report.
        C: Letter c of the report.
        D: Letter d of the report.
    """

    A = "a"
    B = "b"
    C = "c"
    D = "d"


class RadiationKind(StrEnum):
    """How a breast was irradiated; it changes what is usual afterwards and lowers nothing.

    Attributes:
        NONE: It was not.
        WHOLE_BREAST: The whole of it.
        PARTIAL: Only the part that held the cancer.
        BOOST: The whole of it, and more on the part that held the cancer.
        INTRAOPERATIVE: In one dose during the operation.
    """

    NONE = "none"
    WHOLE_BREAST = "whole_breast"
    PARTIAL = "partial"
    BOOST = "boost"
    INTRAOPERATIVE = "intraoperative"


@dataclass(frozen=True)
class BreastContext:
    """What is stated of one breast; ``None`` is not known.

    Raises ``ValueError`` with the value and the remedy for a number that cannot be.

    Attributes:
        treated: Operated or irradiated for cancer.
        reduction: Made smaller by an operation.
        months_since_treatment: Since radiation ended, or since the operation where there was none.
        original_malignant: What was removed was cancer.
        original_calcified: What was removed had calcifications.
        first_after_surgery: This is the first mammogram since the operation.
        magnification_done: With magnification views.
        companion: A mass, distortion, asymmetry, thick or drawn-in skin or large nodes beside the
            calcifications.
        symptom: A lump that can be felt, or another warning symptom.
        biopsy: Of calcifications in this breast; of which ones is stated of the finding.
        ultrasound_scar: What ultrasound shows at the scar.
        known_cancer: A proven cancer that has not been removed; where it lies is stated of the finding.
        products: Deodorant, powder, ointment or a tattoo on the skin.
        gone_after_wiping: A view repeated after wiping no longer shows it.
        injury: A blow or accident that left its mark.
        fat_grafting: Fat was moved into it.
        reconstruction: Built again after it was taken off.
        benign_excision: Something benign was cut out.
        injection: Silicone, paraffin or the like was injected.
        infection: An abscess, tuberculosis, a parasite or another infection.
        implants: It holds an implant.
        radiation: How it was irradiated.
    """

    treated: bool | None = None
    reduction: bool | None = None
    months_since_treatment: int | None = None
    original_malignant: bool | None = None
    original_calcified: bool | None = None
    first_after_surgery: bool | None = None
    magnification_done: bool | None = None
    companion: bool | None = None
    symptom: bool | None = None
    biopsy: BiopsyResult | None = None
    ultrasound_scar: ScarFinding | None = None
    known_cancer: bool | None = None
    products: bool | None = None
    gone_after_wiping: bool | None = None
    injury: bool | None = None
    fat_grafting: bool | None = None
    reconstruction: bool | None = None
    benign_excision: bool | None = None
    injection: bool | None = None
    infection: bool | None = None
    implants: bool | None = None
    radiation: RadiationKind | None = None

    def __post_init__(self) -> None:
        check_range("months_since_treatment", self.months_since_treatment, MOST_MONTHS)

    @property
    def is_treated(self) -> bool | None:
        """Operated or irradiated for cancer; ``None`` where no statement tells."""
        # A kind of radiation without the word "treated" still says that there was treatment.
        if self.radiation not in (None, RadiationKind.NONE):
            return True
        return self.treated


@dataclass(frozen=True)
class ClinicalContext:
    """What a person states of one examination; ``ClinicalContext()`` states nothing.

    Raises ``ValueError`` with the value and the remedy for a number that cannot be.

    Attributes:
        exam_context: Why it was made.
        age: In years.
        personal_history: Had breast cancer on either side.
        high_risk: A germline mutation, a strong family history, or radiation of the chest when young.
        neoadjuvant: Chemotherapy before the operation has begun.
        priors_available: An earlier mammogram is at hand.
        sex: At birth.
        systemic_disease: A disease of the whole body that lays down calcium, as dermatomyositis or
            overactive parathyroids.
        breast_density: As a report states it.
        findings: What is stated of single findings, each with how it was named.
        left: What is stated of the left breast.
        right: What is stated of the right breast.
    """

    exam_context: ExamContext | None = None
    age: int | None = None
    personal_history: bool | None = None
    high_risk: bool | None = None
    neoadjuvant: bool | None = None
    priors_available: bool | None = None
    sex: Sex | None = None
    systemic_disease: bool | None = None
    breast_density: BreastDensity | None = None
    findings: tuple[NamedFinding, ...] = ()
    left: BreastContext = field(default_factory=BreastContext)
    right: BreastContext = field(default_factory=BreastContext)

    def __post_init__(self) -> None:
        check_range("age", self.age, _OLDEST_YEARS)

    def of(self, laterality: Laterality | None) -> BreastContext:
        """What is stated of one breast.

        Args:
            laterality: Which; ``None`` or ``BOTH`` where the side is not known.

        Returns:
            Its statements; where the side is not known, only what is stated of both alike.
        """
        if laterality is Laterality.LEFT:
            return self.left
        if laterality is Laterality.RIGHT:
            return self.right
        # An unknown side may be either breast: only what holds for both can be said of it.
        names = [statement.name for statement in fields(BreastContext)]
        alike = {name for name in names if getattr(self.left, name) == getattr(self.right, name)}
        return BreastContext(**{name: getattr(self.left, name) for name in alike})

    @property
    def any_cancer_history(self) -> bool | None:
        """Whether breast cancer is or was there on either side; ``None`` where no statement tells."""
        sides = (self.left, self.right)
        # Stated of one breast it holds for the woman; a missing statement leaves it open and never denies it.
        if self.exam_context is ExamContext.KNOWN_CANCER or self.neoadjuvant:
            return True
        if any(finding.statement.is_proven_cancer for finding in self.findings):
            return True
        if any(
            side.is_treated
            or side.known_cancer
            or side.original_malignant
            or side.biopsy is BiopsyResult.MALIGNANT
            for side in sides
        ):
            return True
        return self.personal_history


def check_range(name: str, value: int | None, most: int) -> None:
    """Refuse a number that cannot be.

    Args:
        name: What it is, for the message.
        value: The number; ``None`` is not known.
        most: The largest that can be; 0 is the least.

    Raises:
        ValueError: It cannot be; the message names it and the remedy.
    """
    if value is not None and not 0 <= value <= most:
        raise ValueError(f"{name} {value} is not between 0 and {most}; leave it out where it is not known")
