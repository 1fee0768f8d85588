"""Sentences on a stated treatment: what it was, where its bed lies, and what the literature knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcwatch.words.dates import date_words

if TYPE_CHECKING:
    from calcwatch.domain.change import SurgicalBedPosition
    from calcwatch.domain.treatment import OperationKind, SurgicalBedSource, Treatment

BED_UNKNOWN = "location in the breast after surgery not known: treated as outside the bed"
"""Said of every group of a treated breast whose bed is not known."""

NEOADJUVANT_NOTE = (
    "change of calcifications is no response of the cancer: what is left is malignant in about half, and "
    "what is gone may have been either (systematic review, J Clin Med 2026)"
)
"""What a change under chemotherapy does not say."""

_BENIGN_MONTHS, _MALIGNANT_MONTHS = (2, 27, 91), (11, 41, 57)
"""When new calcifications appeared after treatment: least, median and most (Breast J 2021;27:761)."""


@dataclass(frozen=True, kw_only=True)
class LiteratureFigure:
    """A figure of a study with what it rests on.

    Attributes:
        what: It is a figure of.
        events: How many.
        n: Of how many.
        percent: The share; ``None`` for a time.
        low: Lower end of the share's 95 % interval in percent, or the least time in months.
        high: Upper end of that interval, or the longest time in months.
        words: All of that in one sentence.
        source: Where it was published.
    """

    what: str
    events: int
    n: int
    percent: float | None
    low: float
    high: float
    words: str
    source: str = "Breast J 2021;27:761"


FIGURES = (
    LiteratureFigure(
        what="malignant, new in the bed",
        events=2,
        n=137,
        percent=1.5,
        low=0.2,
        high=5.2,
        words="Of new calcifications in the bed, 2 of 137 were malignant: 1.5 % (95 % interval 0.2 to 5.2).",
    ),
    LiteratureFigure(
        what="malignant, new outside the bed",
        events=6,
        n=16,
        percent=37.5,
        low=15.0,
        high=65.0,
        words="Of new calcifications outside the bed, 6 of 16 were malignant: 37.5 % (95 % interval 15 to "
        "65).",
    ),
    LiteratureFigure(
        what="months to malignant calcifications, median and range",
        events=8,
        n=153,
        percent=None,
        low=11.0,
        high=57.0,
        words="Malignant ones appeared after 41 months (median; 11 to 57) in 8 women, benign ones after 27 "
        "(2 to 91) in 145: the ranges overlap, so time alone tells nothing.",
    ),
)
"""What is known of new calcifications after breast-conserving treatment, one study with eight cancers: in the
bed, outside it, and when they appeared."""


def typical_window(months: int) -> str:
    """Say what is typical so long after treatment; it says nothing about one woman.

    Args:
        months: Since the treatment ended.

    Returns:
        A sentence without period, with both ranges of the literature.
    """
    low, middle, high = _BENIGN_MONTHS
    malignant_low, malignant_middle, malignant_high = _MALIGNANT_MONTHS
    # Both ranges are always told: they overlap, and either alone would suggest an answer.
    benign = "within" if low <= months <= high else "outside"
    malignant = "within" if malignant_low <= months <= malignant_high else "outside"
    return (
        f"{months} months after treatment: {benign} the range in which new benign calcifications appeared "
        f"(median {middle}, {low} to {high} months), {malignant} that of malignant ones (median "
        f"{malignant_middle}, {malignant_low} to {malignant_high}, 8 cancers)"
    )


def treatment_words(treatment: Treatment) -> tuple[str, ...]:
    """Say what was stated of a treatment.

    Args:
        treatment: As a person stated it.

    Returns:
        A phrase for each operation, end of radiation and therapy, the earliest first.
    """
    malignant = {None: "", True: ", cancer", False: ", benign"}
    phrases = [
        (
            operation.date,
            f"{date_words(operation.date)} {operation.laterality} {operation.kind}"
            + malignant[operation.malignant],
        )
        for operation in treatment.operations
    ]
    phrases += [
        (radiation.end_date, f"{date_words(radiation.end_date)} {radiation.laterality} end of radiation")
        for radiation in treatment.radiation
    ]
    for name, therapy in (("neoadjuvant", treatment.neoadjuvant), ("endocrine", treatment.endocrine)):
        if therapy is not None:
            until = f" to {date_words(therapy.end_date)}" if therapy.end_date else " on"
            phrases.append((therapy.start_date, f"{date_words(therapy.start_date)}{until} {name} therapy"))
    return tuple(phrase for _, phrase in sorted(phrases))


def bed_origin(kind: OperationKind, source: SurgicalBedSource) -> str:
    """Say which bed it is.

    Args:
        kind: Of the operation.
        source: What the bed is taken from.

    Returns:
        A phrase.
    """
    return f"bed of the {kind}, {source.replace('_', ' ')}"


def carried_bed(origin: str) -> str:
    """Say which bed it is, where it was carried over from the prior image.

    Args:
        origin: ``bed_origin`` of the bed on the prior image.

    Returns:
        A phrase.
    """
    return f"{origin}, carried over"


def bed_position(position: SurgicalBedPosition, origin: str, margin_mm: float, error_mm: float) -> str:
    """Say where a group lies with respect to a bed.

    Args:
        position: Inside or outside.
        origin: Which bed it is, as a phrase.
        margin_mm: From the rim of the bed to the farthest member, below 0 inside.
        error_mm: One standard deviation of the place of the bed; 0 where it was marked on the image itself.

    Returns:
        A sentence without period.
    """
    rim = f"{abs(margin_mm):.0f} mm {'inside' if margin_mm <= 0 else 'beyond'} its rim"
    error = f" (error {error_mm:.0f} mm)" if error_mm else ""
    return f"{position} the {origin}: the farthest member lies {rim}{error}"
