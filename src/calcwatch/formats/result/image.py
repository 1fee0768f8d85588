"""The table of an entry of ``images`` in ``findings.json``: what was found in one image, and what is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from calcwatch.domain.assessment import (
    Alternative,
    Assessment,
    GroupReading,
    JudgedBy,
    LikelihoodRange,
    Location,
)
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    KindDescription,
    Landmarks,
    MorphologyDescription,
    NonLesion,
    NonLesionKind,
    ShapeFeatures,
)
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, QualityFlag, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, GroupKind, Morphology, SizeClass
from calcwatch.formats.result.fields import (
    COLUMN,
    POINT_WORDS,
    ROW,
    Document,
    Field,
    Inlined,
    Kind,
    Record,
    Version,
    always,
    count,
    length,
    listing,
    mapping,
    number,
    or_null,
    outline,
    point,
    printable_text,
    record,
    share,
    text,
    truth,
    word,
)
from calcwatch.formats.result.order import ordered_calcifications, ordered_groups, ordered_non_lesions
from calcwatch.formats.result.statement import STATEMENT
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS
from calcwatch.words.lexicon import (
    CATEGORY_WORDS,
    DISTRIBUTION_WORDS,
    GROUP_KIND_WORDS,
    JUDGED_BY_WORDS,
    MORPHOLOGY_WORDS,
    SIZE_CLASS_WORDS,
)

WITH_SUGGESTIONS: Version = (1, 1)
"""The version of ``findings.json`` that added descriptions, examinations and suggestions."""

WITH_KINDS: Version = (3, 0)
"""The version that added the kind and the composition of a group."""

UID = "Name of this finding within the document; the same input gives the same name."
"""What a tracking UID is."""

_NULL_SPACING = "null when the pixel spacing is unknown: a size is never guessed."
_CLOSED = "A closed polygon whose first point is not repeated."


def _probabilities(members: type[Morphology | Distribution]) -> Kind:
    return mapping(word(members), share(), "Probability, 0 to 1.")


def _considered(of_what: str) -> str:
    return (
        f"Word -> probability of each {of_what} considered, most likely first, together 1; empty when "
        "nothing was described."
    )


def _belief(of_what: str) -> str:
    return f"Belief that this is {of_what}, 0 to 1, higher is more believable."


SHAPE = record(
    ShapeFeatures,
    Field(
        "length_mm",
        or_null(length(4)),
        f"Length of the smallest rectangle round the outline, in mm; {_NULL_SPACING}",
    ),
    Field("width_mm", or_null(length(4)), f"Width of that rectangle, in mm; {_NULL_SPACING}"),
    Field("length_px", length(3), "Length of that rectangle in pixels."),
    Field("width_px", length(3), "Width of that rectangle in pixels."),
    Field("length_to_width", length(3), "Length over width; 1 is as long as wide."),
    Field("roundness", length(3), "4 pi area over the square of the perimeter; 1 is a circle, 0 a line."),
    Field("solidity", length(3), "Area over that of the convex hull; branches and lobes lower it."),
    Field(
        "edge_sharpness",
        number(3),
        "Steepest fall of brightness at the outline over the steepest that the blur of the system allows; "
        "near 1 is a sharp edge, near 0 a hazy one.",
    ),
    Field(
        "lucent_center",
        number(3),
        "How far the middle falls below the rim, as a share of the rim; 0 is no lucent center.",
    ),
    Field(
        "branches",
        count(),
        "Deep notches of the outline beyond one: 0 for a straight or bent line, more where arms part.",
    ),
)
"""What a radiologist sees of the shape of a calcification."""


def _morphology(of_what: str) -> Record:
    return record(
        MorphologyDescription,
        Field(
            "morphology",
            or_null(word(Morphology, MORPHOLOGY_WORDS)),
            f"Likeliest shape of {of_what}; null when the pixels do not carry it or nothing was described.",
            of="likeliest",
            into=None,
        ),
        Field(
            "morphology_probabilities",
            _probabilities(Morphology),
            _considered("shape"),
            of="probabilities",
        ),
        Field(
            "morphology_note",
            text(),
            "Why no shape is named, in words; empty when one is, or when none was tried.",
            of="undetermined_because",
        ),
    )


KIND = record(
    KindDescription,
    Field(
        "kind",
        or_null(word(GroupKind, GROUP_KIND_WORDS)),
        "What the group most likely is, told before any word of the lexicon; null when nothing was "
        "described.",
        of="likeliest",
        into=None,
    ),
    Field(
        "kind_probabilities",
        mapping(word(GroupKind, GROUP_KIND_WORDS), share(), "Probability, 0 to 1."),
        "Kind -> probability, most likely first, together 1; empty when nothing was described.",
        of="probabilities",
    ),
)
"""What a group most likely is."""

CALCIFICATION = record(
    Calcification,
    Field("tracking_uid", text(), UID),
    Field("row", number(3), ROW),
    Field("column", number(3), COLUMN),
    Field("score", share(), _belief("a calcification")),
    Field(
        "diameter_mm",
        or_null(length(4)),
        f"Diameter in mm of the circle with the outline's area; {_NULL_SPACING}",
    ),
    Field("diameter_error_mm", or_null(length(4)), f"Error of diameter_mm, in mm; {_NULL_SPACING}"),
    Field("diameter_px", length(3), "Diameter of that circle in pixels."),
    Field("diameter_error_px", length(3), "Error of diameter_px, in pixels."),
    Field("area_mm2", or_null(length(5)), f"Area inside the outline in square millimeters; {_NULL_SPACING}"),
    Field("area_px", length(3), "Area inside the outline in pixels."),
    Field("contrast", number(3), "Height over the surround in units of the local noise."),
    Field("contrast_error", length(3), "Error of contrast, in units of the local noise."),
    Field(
        "vascular",
        or_null(truth()),
        "Whether it looks like calcium in the wall of a vessel; null where the detector does not tell.",
        since=WITH_SUGGESTIONS,
    ),
    Field(
        "size_class",
        word(SizeClass, SIZE_CLASS_WORDS),
        "Size with guard bands round 0.5 and 1 mm; size alone never lowers a category.",
        since=WITH_SUGGESTIONS,
        # Version 1.0 knew no size classes.
        before=SizeClass.NOT_MEASURABLE.value,
    ),
    Field(
        "shape",
        or_null(SHAPE),
        "What a radiologist sees of its shape, measured on the outline and the pixels inside; null when "
        "nothing was described.",
        since=WITH_SUGGESTIONS,
    ),
    Inlined(
        _morphology("this calcification"),
        of="morphology",
        or_none=True,
        since=WITH_SUGGESTIONS,
    ),
    Field("outline", outline(), f"Outline of the whole object, the blur of the system undone. {_CLOSED}"),
)
"""One calcification."""

NON_LESION = record(
    NonLesion,
    Field("kind", word(NonLesionKind, KIND_WORDS), "What it is."),
    Field("row", number(3), ROW),
    Field("column", number(3), COLUMN),
    Field("outline", outline(), f"Its outline; empty when it has none. {_CLOSED}"),
)
"""Something bright that is no calcification."""

MEASUREMENTS = record(
    DistributionMeasurements,
    Field(
        "count",
        count(),
        "Members of the group; all these measurements are of them alone. The pattern that the group is part "
        "of was looked at too, and is not measured here.",
    ),
    Field("extent_mm", or_null(length(3)), f"Largest distance of two of them, in mm; {_NULL_SPACING}"),
    Field("length_mm", or_null(length(3)), f"Extent along the principal axis, in mm; {_NULL_SPACING}"),
    Field("width_mm", or_null(length(3)), f"Extent across the principal axis, in mm; {_NULL_SPACING}"),
    Field(
        "hull_area_mm2",
        or_null(length(3)),
        f"Area of their convex hull in square millimeters; {_NULL_SPACING}",
    ),
    Field(
        "nearest_neighbor_mm", or_null(length(3)), f"Median distance to the next one, in mm; {_NULL_SPACING}"
    ),
    Field(
        "nipple_angle_degrees",
        or_null(number(1, minimum=0, maximum=90)),
        "Angle between the principal axis and the direction to the nipple, 0 (toward it) to 90 degrees; null "
        "when the nipple was not found.",
    ),
    Field("breast_share", length(4), "Area of their hull over that of the breast."),
)
"""What a distribution was classified from."""

DISTRIBUTION = record(
    DistributionDescription,
    Field(
        "distribution",
        or_null(word(Distribution, DISTRIBUTION_WORDS)),
        "Likeliest distribution; null when none was described.",
        # likeliest has no answer for an empty table.
        of=lambda described: described.likeliest if described.probabilities else None,
        into=None,
    ),
    Field(
        "distribution_probabilities",
        _probabilities(Distribution),
        _considered("distribution"),
        of="probabilities",
    ),
    Field(
        "distribution_measurements",
        or_null(MEASUREMENTS),
        "What the distribution was told from; null when none was described.",
        of="measurements",
    ),
)
"""How the members of a group lie."""

LIKELIHOOD = record(
    LikelihoodRange,
    Field("low", share(), "Lowest share."),
    Field("high", share(), "Highest share."),
    Field("source", text(), "Which studies."),
)
"""What studies found of such findings."""

ALTERNATIVE = record(
    Alternative,
    Field("morphology", or_null(word(Morphology)), "Its shape; null when not told."),
    Field("distribution", or_null(word(Distribution)), "Its distribution; null when not told."),
    Field("probability", share(), "How likely that description is."),
    Field("category", word(Category), "Category that it would be then."),
)
"""Another description that the picture allows."""


def _assessment(
    suggested_category: Category | None, floor: Category | None, judged_by: JudgedBy | None, **rest: Any
) -> Assessment:
    # null stands there where nothing was assessed; then the whole record is read as None.
    if suggested_category is None or floor is None:
        raise ValueError("an assessment without a category")
    # Results of earlier versions do not say it: they were judged by rules alone.
    return Assessment(suggested_category, floor, judged_by=judged_by or JudgedBy.RULES, **rest)


ASSESSMENT = record(
    Assessment,
    Field(
        "suggested_category",
        or_null(word(Category, CATEGORY_WORDS)),
        "BI-RADS category suggested to the radiologist, who decides; null when nothing was assessed.",
    ),
    Field(
        "if_confirmed",
        or_null(word(Category)),
        "Category that it would be once the workup confirms the description; null unless the suggestion is "
        "0.",
    ),
    Field(
        "floor",
        or_null(word(Category)),
        "Least category that the rules that fired allow, whatever is still missing; null when nothing was "
        "assessed.",
    ),
    Field(
        "judged_morphology",
        or_null(word(Morphology)),
        "Shape that was judged: the likeliest that fits what the group is taken for, or a person's; null "
        "when none is told.",
        of="morphology",
        since=WITH_KINDS,
    ),
    Field(
        "judged_distribution",
        or_null(word(Distribution)),
        "Distribution that was judged; null when none is told.",
        of="distribution",
        since=WITH_KINDS,
    ),
    Field("rule_ids", listing(text(), "Name of the rule."), "Rules that fired, those that decide first."),
    Field("reasons", listing(text(), "A reason."), "Reasons, one a rule, in plain words."),
    Field(
        "likelihood_range",
        or_null(LIKELIHOOD),
        "Between which shares of such findings studies found malignant: a range over studies, never a "
        "probability for one woman; null when no study fits.",
    ),
    Field(
        "missing", listing(text(), "An input."), "What was wanted and not given; it never lowers a category."
    ),
    Field(
        "alternatives",
        listing(ALTERNATIVE, "Another description that the picture allows."),
        "Other descriptions that the picture allows, most likely first.",
    ),
    Field(
        "judged_by",
        or_null(word(JudgedBy, JUDGED_BY_WORDS)),
        "What the suggestion rests on; null when nothing was assessed.",
        since=WITH_KINDS,
    ),
    Field(
        "cost_ratio",
        or_null(length(3)),
        "How many needless alarms weigh as much as one missed suspicious finding, where that decided; null "
        "where it did not.",
        since=WITH_KINDS,
    ),
    Field("needs_human", always(True), "Always true: software suggests, a radiologist decides."),
    build=_assessment,
    not_written={
        "rule_table_version": "one table serves an examination: it stands in examinations",
        "lexicon": "one edition serves an examination: it stands in examinations",
    },
)
"""A suggestion and how it came about."""

LOCATION = record(
    Location,
    Field("laterality", or_null(word(Laterality)), "Side; null when unknown."),
    Field(
        "quadrant",
        or_null(text()),
        "Quadrant, or the half of it that one view alone tells; null when the views do not tell.",
    ),
    Field(
        "clock", or_null(count(1, 12)), "Position on the clock, seen facing the woman; null when not told."
    ),
    Field("depth", or_null(text()), "Anterior, middle or posterior third; null when not told."),
    Field(
        "nipple_distance_mm",
        or_null(length(1)),
        "Distance from the nipple in mm; null without pixel spacing or nipple.",
    ),
    Field("words", text(), "The whole place in one phrase."),
)
"""Where a group lies in the breast."""

READING = record(
    GroupReading,
    Field(
        "location",
        or_null(LOCATION),
        "Where it lies in the breast, as a reader says it; null when the examination was not read.",
    ),
    Field(
        "counterpart",
        or_null(text()),
        "tracking_uid of the same group in the other view; null when it is seen in one view only.",
    ),
    Field(
        "view_note", text(), "In which views it is seen, in words; empty when the examination was not read."
    ),
    Inlined(ASSESSMENT, of="assessment"),
    Field(
        "stated",
        or_null(STATEMENT),
        "What a person states of it (findings of option --context); null when nothing is.",
        since=WITH_KINDS,
    ),
    build=dict,
    not_written={"tracking_uid": "that of the group it stands with"},
)
"""What the reading of an examination adds to a group."""


class _GroupRow(NamedTuple):
    """A group with what its examination says of it, ``None`` where that was not read."""

    group: CalcificationGroup
    reading: GroupReading | None


def _group_row(reading: dict[str, Any] | None, **own: Any) -> _GroupRow:
    group = CalcificationGroup(**own)
    if reading is None:
        return _GroupRow(group, None)
    # Whoever read the examination has placed every group; null here is damage.
    if reading["location"] is None:
        raise ValueError("a group that was read has no place")
    return _GroupRow(group, GroupReading(tracking_uid=group.tracking_uid, **reading))


GROUP = record(
    CalcificationGroup,
    Field("tracking_uid", text(), UID),
    Field("row", number(3), ROW),
    Field("column", number(3), COLUMN),
    Field("radius_px", length(3), "Radius in pixels of the smallest circle round all members."),
    Field(
        "radius_mm",
        or_null(length(4)),
        f"Radius in mm of the smallest circle round all members; {_NULL_SPACING}",
    ),
    Field("score", share(), _belief("a group of calcifications")),
    # Not read: it follows from members.
    Field("count", count(1), "Number of members.", into=None),
    Field(
        "members", listing(text(), UID), "tracking_uid of each member calcification, most believable first."
    ),
    Field("outline", outline(), f"Convex hull of the members with a margin. {_CLOSED}"),
    Field(
        "suspicion",
        or_null(share()),
        "Probability that a reader would call the group suspicious, 0 to 1; it ranks groups and is no "
        "probability of cancer; null when nothing was described.",
        since=WITH_SUGGESTIONS,
    ),
    Inlined(
        _morphology("the group"),
        of="morphology",
        or_none=True,
        since=WITH_SUGGESTIONS,
    ),
    Inlined(DISTRIBUTION, of="distribution", or_none=True, since=WITH_SUGGESTIONS),
    Inlined(KIND, of="kind", or_none=True, since=WITH_KINDS),
    Field(
        "composition",
        mapping(word(Morphology, MORPHOLOGY_WORDS), count(1), "Number of members."),
        "Word -> how many members look like it, most frequent first; members of which nothing can be told "
        "are not in it.",
        since=WITH_KINDS,
    ),
    Inlined(READING, of=lambda row: row.reading, into="reading", or_none=True, since=WITH_SUGGESTIONS),
    at="group",
    build=_group_row,
)
"""Calcifications that lie together."""

LANDMARKS = record(
    Landmarks,
    Field("nipple", point(), "Nipple on the skin line, as [row, column] in pixels."),
    Field("nipple_seen", truth(), "False where the nipple is inferred from the shape of the breast alone."),
    Field(
        "pectoral",
        listing(point(), POINT_WORDS),
        "Two points of the front edge of the pectoral muscle; empty when none was found.",
    ),
    Field("chest_wall", listing(point(), POINT_WORDS), "Two points of the line that depth is measured from."),
)
"""Points that places in the breast are told from."""

SPACING = record(
    PixelSpacing,
    Field(
        "pixel_spacing_mm",
        or_null(length(6)),
        "Distance between pixel centers in the plane of the breast, in mm (geometric mean of rows and "
        "columns, corrected for magnification); null when unknown: it is never guessed.",
        of="mm",
    ),
    Field(
        "pixel_spacing_source",
        or_null(text()),
        "Where pixel_spacing_mm comes from; null when unknown.",
        of="source",
    ),
    Field(
        "radiographic_magnification_factor",
        or_null(length(4)),
        "Factor that pixel_spacing_mm was divided by; null when the pixel spacing is unknown.",
        of="magnification",
    ),
    # Rows and columns are not written apart: the mean has to serve for both.
    build=lambda mm, source, magnification: PixelSpacing(mm, mm, source, magnification),
    not_written=dict.fromkeys(("row_mm", "column_mm"), "mm, the geometric mean of both, is"),
)
"""Distance between pixels; what is read back has that of rows and columns alike."""

DESCRIPTION = record(
    ImageDescription,
    Field(
        "source",
        printable_text(),
        r"Path of the file as given; bytes of a name that are no UTF-8 stand as \xNN.",
    ),
    Field(
        "patient_id",
        or_null(text()),
        "Patient ID (0010,0020); null when neither the file nor the user gave it.",
    ),
    Field(
        "study_date",
        or_null(text()),
        "Study Date (0008,0020); null when neither the file nor the user gave it.",
    ),
    Field(
        "study_instance_uid", or_null(text()), "Study Instance UID (0020,000D); null when the file has none."
    ),
    Field("sop_instance_uid", or_null(text()), "SOP Instance UID (0008,0018); null when the file has none."),
    Field("image_laterality", or_null(word(Laterality)), "Image Laterality (0020,0062); null when unknown."),
    Field(
        "view_position",
        or_null(word(ViewPosition)),
        "View as abbreviated in DICOM CID 4014; null when unknown.",
    ),
    Field("rows", count(1), "Number of rows of the file as stored, in pixels."),
    Field("columns", count(1), "Number of columns of the file as stored, in pixels."),
    Inlined(SPACING, of="pixel_spacing", or_none=True),
    not_written={
        "sha256": "it stands in provenance.inputs",
        "flags": "those of the findings stand in quality_flags",
        **dict.fromkeys(
            (
                *("file_format", "modality", "sop_class", "presentation_intent", "transfer_syntax", "frames"),
                *("bits_used", "bits_stored", "photometric_interpretation", "pixel_steps"),
                *("pixel_spacing_note", "laterality_source", "view_source", "implant", "lossy_history"),
                "patient_orientation",
                "not_analyzed_because",
            ),
            "what was understood of a file before the analysis; calcwatch check tells it",
        ),
    },
)
"""What is known of the file of an image."""


class ImageRow(NamedTuple):
    """An image with what its examination says of it.

    Attributes:
        findings: What was found in it, in pixels of its file.
        readings: Tracking UID of a group -> its reading; those of other images may stand there too.

    """

    findings: ImageFindings
    readings: Mapping[str, GroupReading]


def _image_row(groups: tuple[_GroupRow, ...], **own: Any) -> ImageRow:
    # The outline of the breast is not written, so it cannot be read back.
    findings = ImageFindings(breast_outline=(), groups=tuple(row.group for row in groups), **own)
    return ImageRow(findings, {row.group.tracking_uid: row.reading for row in groups if row.reading})


IMAGE = record(
    ImageFindings,
    Inlined(DESCRIPTION, of="description"),
    Field(
        "breast_area_cm2", or_null(length(2)), f"Area of the breast in square centimeters; {_NULL_SPACING}"
    ),
    Field(
        "landmarks",
        or_null(LANDMARKS),
        "Points that places in the breast are told from; null when none were sought or found.",
        since=WITH_SUGGESTIONS,
    ),
    Field(
        "quality_flags",
        listing(
            word(QualityFlag, {flag: words.sentence for flag, words in FLAG_WORDS.items()}),
            "Something a reader of the numbers must know.",
        ),
        "What a reader of the numbers must know, sorted; empty when nothing.",
        # Sorted by name, so that steps may raise flags in any order.
        of=lambda row: sorted(row.findings.quality_flags),
    ),
    Field(
        "calcifications",
        listing(CALCIFICATION, "One calcification. Each error is one standard deviation."),
        "Calcifications, most believable first; empty when none was found.",
        # In an order that depends on what was found and not on how it was searched.
        of=lambda row: ordered_calcifications(row.findings),
    ),
    Field(
        "non_lesions",
        listing(NON_LESION, "Something bright that is no calcification; it is named and never counted."),
        "Bright things that are no calcifications; empty when none.",
        of=lambda row: ordered_non_lesions(row.findings),
    ),
    Field(
        "groups",
        listing(
            GROUP,
            "Calcifications that lie together. row, column and radius are the smallest circle round all "
            "members.",
        ),
        "Groups, most suspicious first, then most believable (one whose suspicion is not known before all "
        "others); empty when none was found.",
        of=lambda row: [
            _GroupRow(group, row.readings.get(group.tracking_uid)) for group in ordered_groups(row.findings)
        ],
    ),
    at="findings",
    build=_image_row,
    not_written={
        "breast_outline": "overlay and report show it; its area is written",
        "tissue_map": "a comparison makes it anew from the pixels",
        "subthreshold": "a comparison makes them anew from the pixels",
    },
)
"""What was found in one image."""


def image_document(findings: ImageFindings, readings: Mapping[str, GroupReading] | None = None) -> Document:
    """Findings of one image as an entry of ``images``.

    Args:
        findings: Of the image, in pixels of its file.
        readings: What its examination says of its groups, by their tracking UID; ``None``: nothing was read.

    Returns:
        The entry, in the order of the table.

    Raises:
        ValueError: A finding holds a value that is no number.

    """
    return dict(IMAGE.write(ImageRow(findings, readings or {})))
