"""Settings of the analysis of one image: every number that can change its findings, by stage.

Each stage has a frozen class; ``AnalysisSettings`` holds them all beside the five numbers that a user may
want to change. Every field says its unit and where its value comes from (``domain/settings.py``); the hash of
all values is stored with every result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from calcwatch.domain.settings import CHOSEN, setting
from calcwatch.image.settings.describe import (
    DistributionSettings,
    GroupFeatureSettings,
    GroupSettings,
    KindSettings,
    MorphologySettings,
    PatternSettings,
    ShapePatchSettings,
)
from calcwatch.image.settings.find import (
    CandidateSettings,
    ClassifySettings,
    FilterBankSettings,
    PatchSettings,
)
from calcwatch.image.settings.lookalikes import DustSettings, LookalikeSettings, MetalSettings, TextSettings
from calcwatch.image.settings.measure import OutlineSettings, ShapeSettings, WholeSettings
from calcwatch.image.settings.prepare import (
    BreastSettings,
    LandmarkSettings,
    NormalizeSettings,
    QualitySettings,
)
from calcwatch.image.settings.tissue_map import TissueMapSettings


@dataclass(frozen=True)
class AnalysisSettings:
    """Every number that changes the findings of an image.

    Attributes:
        score_threshold: Candidates of a lower score are not reported, 0 to 1.
        min_contrast: Nor are those that stand less than this many units of noise above their surround.
        grouping_distance_mm: Two calcifications closer than this belong together.
        min_group_count: Fewer calcifications are no group.
        max_candidates: How many of the strongest candidates are looked at in one image.
        normalize: Settings of the stage of that name.
        breast: Settings of the stage of that name.
        quality: Settings of the stage of that name.
        landmarks: Settings of the stage of that name.
        filter_bank: Settings of the stage of that name.
        candidates: Settings of the stage of that name.
        patches: Settings of the stage of that name.
        classify: Settings of the stage of that name.
        outline: Settings of the stage of that name.
        whole: Settings of the stage of that name.
        shape: Settings of the stage of that name.
        metal: Settings of the stage of that name.
        dust: Settings of the stage of that name.
        burned_in_text: Settings of the stage of that name.
        lookalikes: Settings of the stage of that name.
        group: Settings of the stage of that name.
        patterns: Settings of the stage of that name.
        shape_patches: Settings of the stage of that name.
        morphology: Settings of the stage of that name.
        distribution: Settings of the stage of that name.
        group_features: Settings of the stage of that name.
        kind: Settings of the stage of that name.
        tissue_map: Settings of the stage of that name.

    Raises:
        ValueError: A number that makes no sense; the message names it and what is allowed.
    """

    score_threshold: float = setting(0.5, "share", CHOSEN, "candidates of a lower score are not reported")
    min_contrast: float = setting(1.0, "sigma", CHOSEN, "nor are those that stand less above their surround")
    grouping_distance_mm: float = setting(
        5.0, "mm", CHOSEN, "two calcifications closer than this belong together"
    )
    min_group_count: int = setting(3, "count", CHOSEN, "fewer calcifications are no group")
    max_candidates: int = setting(4000, "count", CHOSEN, "candidates looked at in one image, the strongest")
    normalize: NormalizeSettings = field(default_factory=NormalizeSettings)
    breast: BreastSettings = field(default_factory=BreastSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    landmarks: LandmarkSettings = field(default_factory=LandmarkSettings)
    filter_bank: FilterBankSettings = field(default_factory=FilterBankSettings)
    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    patches: PatchSettings = field(default_factory=PatchSettings)
    classify: ClassifySettings = field(default_factory=ClassifySettings)
    outline: OutlineSettings = field(default_factory=OutlineSettings)
    whole: WholeSettings = field(default_factory=WholeSettings)
    shape: ShapeSettings = field(default_factory=ShapeSettings)
    metal: MetalSettings = field(default_factory=MetalSettings)
    dust: DustSettings = field(default_factory=DustSettings)
    burned_in_text: TextSettings = field(default_factory=TextSettings)
    lookalikes: LookalikeSettings = field(default_factory=LookalikeSettings)
    group: GroupSettings = field(default_factory=GroupSettings)
    patterns: PatternSettings = field(default_factory=PatternSettings)
    shape_patches: ShapePatchSettings = field(default_factory=ShapePatchSettings)
    morphology: MorphologySettings = field(default_factory=MorphologySettings)
    distribution: DistributionSettings = field(default_factory=DistributionSettings)
    group_features: GroupFeatureSettings = field(default_factory=GroupFeatureSettings)
    kind: KindSettings = field(default_factory=KindSettings)
    tissue_map: TissueMapSettings = field(default_factory=TissueMapSettings)

    def __post_init__(self) -> None:
        if not 0.0 <= self.score_threshold <= 1.0:
            raise ValueError(f"score_threshold {self.score_threshold} is not between 0 and 1")
        if self.grouping_distance_mm <= 0:
            raise ValueError(f"grouping_distance_mm {self.grouping_distance_mm} must be above 0")
        if self.min_group_count < 2:
            raise ValueError(f"min_group_count {self.min_group_count} is no group; two is the least")
        if self.max_candidates < 1:
            raise ValueError(f"max_candidates {self.max_candidates} must be at least 1")

    def numbers(self) -> dict[str, float]:
        """Return the five numbers that a user may change, by name, as a result's provenance lists them."""
        return {
            number.name: value
            for number in fields(self)
            if isinstance(value := getattr(self, number.name), int | float)
        }
