"""What a history is asked to be, and every number it is drawn with, each with its unit and its origin.

As in ``calcwatch.phantom.settings``, a unit that names a length says that the number is a share of it. Months
count from the day of the operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from calcwatch.domain.context import RadiationKind
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import Morphology
from calcwatch.domain.settings import CHOSEN, MEASURED, setting
from calcwatch.phantom.settings import (
    USUAL_BLUR,
    Blur,
    ByShape,
    Counts,
    LogRange,
    Pair,
    PhantomSettings,
    Range,
)

_MOST_DATES = 6
_EDEMA = "edema and thick skin are greatest 6 to 12 months after conservation and settle in 1 to 3 years"
_FAT_NECROSIS = "first signs of fat necrosis 2.0 to 2.6 years after conservation in the mean"
_RECURRENCE = "malignant calcifications 11 to 57 months after radiation, median 41, in 8 of 735 breasts"


class FindingKind(StrEnum):
    """What a finding of a history is.

    Attributes:
        BENIGN_GROUP: A group that stays as it is.
        CHANGING_GROUP: A group outside the bed to which one thing happens once.
        LOOSE: A single calcification.
        ARTERY: Calcium in the wall of one artery, one finding however long it is.
        LESION: The calcified lesion that the operation was for.
        CLIP: A surgical clip in the bed; no calcification.
        SUTURE: Sutures of the bed that calcify.
        FAT_NECROSIS: Fat necrosis of the bed: rims first, dystrophic calcifications later.
        BED_RECURRENCE: A new suspicious group at the edge of the bed.
        OTHER_RECURRENCE: A new suspicious group elsewhere in the breast.

    """

    BENIGN_GROUP = "benign_group"
    CHANGING_GROUP = "changing_group"
    LOOSE = "loose"
    ARTERY = "artery"
    LESION = "lesion"
    CLIP = "clip"
    SUTURE = "suture"
    FAT_NECROSIS = "fat_necrosis"
    BED_RECURRENCE = "bed_recurrence"
    OTHER_RECURRENCE = "other_recurrence"


OF_THE_BED = frozenset(
    {FindingKind.CLIP, FindingKind.SUTURE, FindingKind.FAT_NECROSIS, FindingKind.BED_RECURRENCE}
)
"""Findings that come of the operation, at the place of the operation."""


class FindingState(StrEnum):
    """What became of a finding from the date before to this date, in all views together.

    Attributes:
        NOT_YET: It does not exist yet.
        BASELINE: It is there on the first date of all, with nothing to compare it with.
        NEW: It came since the date before.
        UNCHANGED: Every calcification of it is as it was.
        MORE: Calcifications were added among those that were there.
        WIDER: Calcifications were added beyond those that were there.
        LARGER: Its calcifications grew.
        RESHAPED: Calcifications of it have another shape.
        FEWER: Calcifications of it vanished.
        PARTLY_REMOVED: A part of it was taken out by the operation.
        REMOVED_WITH_BED: All of it was taken out by the operation.
        RESOLVED: All of it vanished by itself.
        GONE: It was removed or resolved on an earlier date.

    """

    NOT_YET = "not_yet"
    BASELINE = "baseline"
    NEW = "new"
    UNCHANGED = "unchanged"
    MORE = "more"
    WIDER = "wider"
    LARGER = "larger"
    RESHAPED = "reshaped"
    FEWER = "fewer"
    PARTLY_REMOVED = "partly_removed"
    REMOVED_WITH_BED = "removed_with_bed"
    RESOLVED = "resolved"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Device:
    """How one clinic's device differs from another's.

    Attributes:
        name: What it is called.
        spacing: Distance of its pixels, times that of the phantom.
        mtf: Its point spread.
        relative_dose: 1 is what automatic exposure of the first device would choose.
        edge_enhancement: Strength of its unsharp mask.
        gray_range: Log attenuation over its range of gray.
        bits_stored: Bits of a stored value.
        film: Whether it is a digitized film.

    """

    name: str
    spacing: float = 1.0
    mtf: Blur = USUAL_BLUR
    relative_dose: float = 1.0
    edge_enhancement: float = 0.3
    gray_range: float = 2.3
    bits_stored: int = 12
    film: bool = False


_FIRST = Device(name="first")
_SMOOTH = Device(
    name="smooth",
    spacing=1.21,
    mtf=((0.8, 0.07), (0.2, 0.3)),
    relative_dose=0.9,
    edge_enhancement=0.15,
    gray_range=2.6,
)
_SHARP = Device(
    name="sharp",
    spacing=1.43,
    mtf=((0.87, 0.05), (0.13, 0.22)),
    relative_dose=1.2,
    edge_enhancement=0.45,
    gray_range=2.0,
    bits_stored=14,
)
_FILM = Device(
    name="film",
    mtf=((0.75, 0.08), (0.25, 0.3)),
    relative_dose=0.8,
    edge_enhancement=0.0,
    gray_range=2.8,
    film=True,
)


@dataclass(frozen=True, kw_only=True)
class TimelineSettings:
    """When she is imaged, by which device, in which views."""

    date_counts: tuple[float, ...] = setting(
        (0.1, 0.3, 0.3, 0.2, 0.1), "probability", CHOSEN, "two, three, four, five, six dates"
    )
    operated_before: float = setting(0.35, "probability", CHOSEN, "the operation precedes the first date")
    most_before: int = setting(2, "count", CHOSEN, "dates before the operation, at most")
    operation_years: Counts = setting((2009, 2016), "year", CHOSEN, "when the operation was")
    last_before_months: Counts = setting((1, 2), "months", CHOSEN, "last date before the operation")
    before_months: Counts = setting((12, 25), "months", CHOSEN, "from date to date before the operation")
    first_after_months: Counts = setting((6, 13), "months", CHOSEN, "first date after the operation")
    late_first_months: Counts = setting((6, 50), "months", CHOSEN, "the same where no date precedes it")
    after_months: Counts = setting((6, 26), "months", CHOSEN, "from date to date after the operation")
    film_chance: float = setting(0.3, "probability", CHOSEN, "the first dates are on film")
    most_on_film: float = setting(0.5, "share", CHOSEN, "dates on film, at most")
    device_changes: float = setting(0.3, "probability", CHOSEN, "another clinic than on the date before")
    repositioning: Range = setting((0.6, 2.4), "1", CHOSEN, "how unlike the usual a date is positioned")
    missed: float = setting(0.08, "probability", CHOSEN, "one of the two views of a date is missing")
    exaggerated: float = setting(0.2, "probability", CHOSEN, "an XCCL beside the two views")
    lateral: float = setting(0.2, "probability", CHOSEN, "an ML beside the two views")
    magnified: float = setting(0.3, "probability", CHOSEN, "a magnification view beside the two views")
    exaggerated_turn_degrees: Range = setting(
        (-26.0, -16.0), "degrees", CHOSEN, "turn that brings the outer part forward in an XCCL"
    )
    exaggerated_shift: Range = setting((0.14, 0.22), "field height", CHOSEN, "inner part left out by it")
    magnification: float = setting(1.8, "1", CHOSEN, "factor of a magnification view")
    magnified_field_mm: Pair = setting((110.0, 85.0), "mm", CHOSEN, "breast that it shows, at most")
    magnified_share: float = setting(0.55, "field", CHOSEN, "the same for small fields")
    magnified_dose: float = setting(2.0, "1", CHOSEN, "factor of its dose")


@dataclass(frozen=True, kw_only=True)
class TreatmentSettings:
    """What is cut out, how it heals, and what the breast shows of operation and radiation."""

    radius_mm: Range = setting((10.0, 19.0), "mm", CHOSEN, "radius of what is cut out")
    usual_radius_mm: float = setting(75.0, "mm", CHOSEN, "half width of a breast below which it is less")
    places: int = setting(600, "count", CHOSEN, "middles drawn for it")
    way_to_skin: Range = setting((0.2, 0.75), "1", CHOSEN, "how far out its middle lies")
    least_reach: float = setting(2.0, "radius", CHOSEN, "way from its middle to the skin, at least")
    margin_mm: float = setting(6.0, "mm", CHOSEN, "what is cut out inside skin line and field")
    smaller: float = setting(0.85, "1", CHOSEN, "factor on the radius where no place has room")
    tries: int = setting(8, "count", CHOSEN, "how often it is made smaller")
    closing_power: float = setting(1.6, "1", CHOSEN, "how fast the pull fades toward the skin")
    closed: Range = setting((0.25, 0.42), "radius", CHOSEN, "what is left of the cavity: the scar")
    open: Range = setting((0.5, 0.65), "radius", CHOSEN, "the cavity soon after the operation")
    open_with_seroma: Range = setting((0.75, 0.95), "radius", CHOSEN, "the same, filled with fluid")
    closing_months: float = setting(11.0, "months", CHOSEN, "time constant by which it closes")
    seroma_chance: float = setting(0.55, "probability", CHOSEN, "the cavity fills with fluid")
    seroma_months: float = setting(15.0, "months", CHOSEN, "fluid is there that long")
    seroma_density: float = setting(0.95, "share of gland", CHOSEN, "how dense fluid is")
    scar_density: Range = setting((0.4, 0.9), "share of gland", CHOSEN, "how dense a scar is")
    rim_mm: float = setting(0.8, "mm", CHOSEN, "softness of the border of scar or fluid")
    ball_grid_mm: float = setting(0.6, "mm", CHOSEN, "grid that scar or fluid is added up on")
    ball_layers: int = setting(40, "count", CHOSEN, "layers that it is added up over")
    star_chance: float = setting(0.55, "probability", CHOSEN, "the scar is a star")
    star_count: Counts = setting((9, 18), "count", CHOSEN, "strands of a star")
    star_length_mm: Range = setting((12.0, 34.0), "mm", CHOSEN, "length of a strand beyond the scar")
    star_radius_mm: Range = setting((0.45, 0.95), "mm", CHOSEN, "radius of a strand")
    star_bend: float = setting(0.12, "1", CHOSEN, "how much a strand bends")
    star_points: int = setting(12, "count", CHOSEN, "points of a strand")
    shrinks: Range = setting((0.02, 0.09), "size", CHOSEN, "how much smaller the breast becomes")
    shrinking_months: float = setting(12.0, "months", CHOSEN, "time constant by which it does")
    dent: Range = setting((0.02, 0.10), "way to the skin", CHOSEN, "how far the skin is pulled in")
    dent_width_degrees: float = setting(13.0, "degrees", CHOSEN, "sigma of that dent round the chest wall")
    radiation_kinds: tuple[tuple[RadiationKind, float], ...] = setting(
        (
            (RadiationKind.WHOLE_BREAST, 0.6),
            (RadiationKind.BOOST, 0.25),
            (RadiationKind.PARTIAL, 0.05),
            (RadiationKind.NONE, 0.1),
        ),
        "probability",
        CHOSEN,
        "how the breast is irradiated",
    )
    radiation_months: Counts = setting((2, 4), "months", CHOSEN, "end of the radiation")
    edema: Range = setting((0.4, 1.1), "1", CHOSEN, "edema where it is greatest")
    edema_months: float = setting(
        9.0, "months", MEASURED, "when it is greatest, from the radiation's end", reference=_EDEMA
    )
    edema_without: float = setting(0.25, "1", CHOSEN, "factor on it without radiation")
    edema_haze: float = setting(0.16, "thickness", CHOSEN, "gland-like haze of an edema of 1")
    edema_strands: float = setting(1.0, "1", CHOSEN, "how much denser strands are with an edema of 1")
    edema_ligaments: float = setting(0.6, "1", CHOSEN, "how much thicker ligaments are with it")
    skin_mm: Range = setting((1.0, 3.2), "mm", CHOSEN, "skin added everywhere by an edema of 1")
    bed_skin_mm: Range = setting((1.0, 3.5), "mm", CHOSEN, "skin added near the bed by the operation")
    bed_skin_reach_mm: float = setting(22.0, "mm", CHOSEN, "sigma of how far from the bed that is")
    bed_skin_lasting: float = setting(0.4, "share", CHOSEN, "of it, what stays for good")
    bed_skin_months: float = setting(18.0, "months", CHOSEN, "time constant by which the rest fades")
    carried_depths: tuple[float, ...] = setting(
        (-0.7, -0.35, 0.0, 0.35, 0.7), "half thickness", CHOSEN, "depths that fine texture is carried by"
    )


@dataclass(frozen=True, kw_only=True)
class CourseSettings:
    """Which findings she has and what becomes of each."""

    loose_count: Counts = setting((2, 5), "count", CHOSEN, "single calcifications that stay")
    loose_shapes: ByShape[float] = setting(
        (
            (Morphology.ROUND, 5),
            (Morphology.PUNCTATE, 4),
            (Morphology.RIM, 1),
            (Morphology.POPCORN, 1),
            (Morphology.DYSTROPHIC, 2),
            (Morphology.SKIN, 1),
        ),
        "1",
        CHOSEN,
        "how often each shape is single",
    )
    chances: tuple[tuple[FindingKind, float], ...] = setting(
        (
            (FindingKind.BENIGN_GROUP, 0.85),
            (FindingKind.CHANGING_GROUP, 0.5),
            (FindingKind.LOOSE, 1.0),
            (FindingKind.ARTERY, 0.3),
            (FindingKind.LESION, 0.8),
            (FindingKind.CLIP, 0.85),
            (FindingKind.SUTURE, 0.25),
            (FindingKind.FAT_NECROSIS, 0.6),
            (FindingKind.BED_RECURRENCE, 0.3),
            (FindingKind.OTHER_RECURRENCE, 0.25),
        ),
        "probability",
        CHOSEN,
        "a woman has it, where no wish is given",
    )
    benign_shapes: ByShape[float] = setting(
        ((Morphology.ROUND, 3), (Morphology.PUNCTATE, 3), (Morphology.COARSE_HETEROGENEOUS, 1)),
        "1",
        CHOSEN,
        "shape of a group that stays",
    )
    suspicious_shapes: ByShape[float] = setting(
        (
            (Morphology.FINE_PLEOMORPHIC, 4),
            (Morphology.AMORPHOUS, 2),
            (Morphology.FINE_LINEAR, 2),
            (Morphology.FINE_LINEAR_BRANCHING, 1),
        ),
        "1",
        CHOSEN,
        "shape of a lesion or a recurrence",
    )
    group_count: Counts = setting((6, 14), "count", CHOSEN, "members of a group outside the bed")
    group_density: Range = setting((0.8, 1.4), "1", CHOSEN, "density of its members")
    changes: tuple[tuple[FindingState, float], ...] = setting(
        (
            (FindingState.NEW, 1),
            (FindingState.MORE, 2),
            (FindingState.WIDER, 2),
            (FindingState.LARGER, 1),
            (FindingState.RESHAPED, 1),
            (FindingState.FEWER, 2),
            (FindingState.RESOLVED, 1),
        ),
        "1",
        CHOSEN,
        "how often each happens to a group that changes",
    )
    smaller_before: Range = setting((0.5, 0.65), "size", CHOSEN, "of a group that grows, before it does")
    shape_before: Morphology = setting(Morphology.ROUND, "1", CHOSEN, "shape of a reshaped group before")
    artery_share: Range = setting((0.5, 1.0), "share", CHOSEN, "calcium of an artery on the first date")
    artery_grows: float = setting(0.3, "probability", CHOSEN, "an artery has more on the next date")
    artery_step: float = setting(0.2, "share", CHOSEN, "how much more")
    lesion_extent: Range = setting((0.35, 0.7), "radius", CHOSEN, "radius of a lesion, of what is cut out")
    lesion_left: float = setting(0.3, "probability", CHOSEN, "a part of the lesion is left behind")
    lesion_off: Range = setting((0.75, 1.0), "radius", CHOSEN, "way of such a lesion off the middle")
    clip_count: Counts = setting((2, 6), "count", CHOSEN, "clips round the cavity")
    clip_away_mm: Range = setting((0.5, 3.0), "mm", CHOSEN, "clips beyond the rim of the scar")
    suture_count: Counts = setting((2, 5), "count", CHOSEN, "sutures that calcify")
    suture_months: Range = setting((14.0, 40.0), "months", CHOSEN, "when they do")
    suture_away_mm: Range = setting((1.0, 6.0), "mm", CHOSEN, "sutures beyond the rim of the scar")
    necrosis_months: LogRange = setting(
        (12.0, 54.0), "months", MEASURED, "first calcium of fat necrosis", reference=_FAT_NECROSIS
    )
    rim_count: Counts = setting((1, 3), "count", CHOSEN, "rims of fat necrosis")
    rim_mm: LogRange = setting((2.5, 8.0), "mm", CHOSEN, "diameter of a rim")
    rim_lasts_months: Range = setting((14.0, 60.0), "months", CHOSEN, "until a rim is dystrophic")
    rim_turned: Range = setting((0.6, 0.9), "rim", CHOSEN, "size of what a rim turns into")
    dystrophic_count: Counts = setting((2, 8), "count", CHOSEN, "dystrophic calcifications that follow")
    dystrophic_mm: LogRange = setting((0.8, 3.5), "mm", CHOSEN, "diameter of them")
    dystrophic_months: Range = setting((6.0, 48.0), "months", CHOSEN, "after the first rim")
    necrosis_away_mm: Range = setting((1.0, 9.0), "mm", CHOSEN, "fat necrosis beyond the rim of the scar")
    recurrence_months: LogRange = setting(
        (18.0, 80.0), "months", MEASURED, "first calcium of a recurrence", reference=_RECURRENCE
    )
    recurrence_first: Range = setting((0.4, 0.6), "share", CHOSEN, "of its members, those seen first")
    recurrence_grows: float = setting(0.7, "probability", CHOSEN, "it has more on the next date")
    recurrence_step: float = setting(0.25, "share", CHOSEN, "how much more")
    recurrence_away_mm: Range = setting((5.0, 9.0), "mm", CHOSEN, "its middle beyond the rim of the scar")
    recurrence_extent_mm: Range = setting((2.5, 5.0), "mm", CHOSEN, "its radius")
    clear_mm: Pair = setting(
        (7.0, 18.0), "mm", CHOSEN, "groups and recurrences elsewhere: away from what is cut out, at least"
    )
    candidates: int = setting(96, "count", CHOSEN, "places drawn for each member")
    shown_margin_mm: float = setting(3.0, "mm", CHOSEN, "findings of the bed inside skin line and field")
    farther: float = setting(1.8, "1", CHOSEN, "last place drawn for a member over the first")


@dataclass(frozen=True, kw_only=True)
class HistorySettings:
    """Everything a history depends on beside its seed; ``None`` means drawn from the seed.

    Attributes:
        phantom: Field, pixel spacing, composition and the numbers of the generator. Its sides, views, groups,
            look-alikes, dates, dose, blur, film and repositioning are not used.
        laterality: The treated breast.
        both_breasts: Whether the other breast is imaged too.
        date_count: 2 to 6.
        dates_before: Dates before the operation, fewer than ``date_count``; 0 for an operation before the
            first date.
        kinds: Findings that she has, as far as her dates allow.
        changes: What happens to a group of ``CHANGING_GROUP``; one group for each.
        extra_views: Whether there may be XCCL, ML and magnification views.
        missed_views: Whether a CC or MLO may be missing.
        other_devices: Whether dates may be imaged elsewhere or on film.
        devices: To draw from, the first of the digital ones first; those of film serve the first dates.
        grid_mm: Distance of the grid of points whose places are told.
        timeline: Numbers of the generator.
        treatment: Numbers of the generator.
        courses: Numbers of the generator.

    """

    phantom: PhantomSettings = field(default_factory=PhantomSettings)
    laterality: Laterality | None = None
    both_breasts: bool = False
    date_count: int | None = None
    dates_before: int | None = None
    kinds: frozenset[FindingKind] | None = None
    changes: tuple[FindingState, ...] | None = None
    extra_views: bool = True
    missed_views: bool = True
    other_devices: bool = True
    devices: tuple[Device, ...] = (_FIRST, _SMOOTH, _SHARP, _FILM)
    grid_mm: float = 10.0
    timeline: TimelineSettings = TimelineSettings()
    treatment: TreatmentSettings = TreatmentSettings()
    courses: CourseSettings = CourseSettings()

    def __post_init__(self) -> None:
        if self.date_count is not None and not 2 <= self.date_count <= _MOST_DATES:
            raise ValueError(f"date_count {self.date_count} is not between 2 and {_MOST_DATES}")
        most = (self.date_count or _MOST_DATES) - 1
        if self.dates_before is not None and not 0 <= self.dates_before <= most:
            raise ValueError(
                f"dates_before {self.dates_before} is not between 0 and {most}: "
                "one date follows the operation"
            )
        if self.laterality is Laterality.BOTH:
            raise ValueError("laterality is the treated breast: LEFT or RIGHT, not BOTH")
        if self.grid_mm <= 0:
            raise ValueError(f"grid_mm {self.grid_mm} must be above 0")
        if not any(not device.film for device in self.devices):
            raise ValueError("devices holds no digital device; give one")
