"""What a group is told by: its members' looks, how they lie, what they lie on, and the breast around them.

Every number has a name, and the order of the names is the order of the model's input. Lengths are in mm at
the working scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.describe.patterns import hull_area, spacing_of
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.settings.describe import GroupFeatureSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ShapeFeatures
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage

_LOOKS = (
    *("log_diameter", "contrast", "score", "log_length_to_width", "roundness", "solidity"),
    *("edge_sharpness", "lucent_center", "log_width", "height", "surround_rank"),
)
_SUMMARIES = ("median", "p10", "p90", "max", "std")
_OUTPUTS = (*MORPHOLOGY_CLASSES, "not_a_calcification")
_LAYOUT = (
    *("log_count", "log_marks", "neighbor_median", "neighbor_p90", "log_major", "minor_to_major"),
    *("log_density", "straightness_median", "straightness_p25", "track_width", "longest_path"),
    *("crowd", "log_extent"),
)
_PLAIN = ("log_expected", "log_plain", "plain_crowd", "plain_spacing", "brightest_to_rest")
_GROUND = (
    *("tube_median", "tube_p25", "tube_max", "on_tube", "along_tube", "coherence_median", "roughness"),
    *("runs_on", "runs_on_one_end"),
)
_AROUND = (
    *("log_total", "share_of_total", "ring_density", "spacing_ratio", "skin_distance"),
    *("nipple_distance", "log_breast_area", "vascular_total"),
)

GROUP_FEATURES: tuple[str, ...] = (
    *(f"{look}_{summary}" for look in _LOOKS for summary in _SUMMARIES),
    *(f"seen_as_{name}" for name in CANDIDATE_CLASSES),
    *(f"mean_{name}" for name in _OUTPUTS),
    *(f"often_{name}" for name in _OUTPUTS),
    *(f"group_{name}" for name in _OUTPUTS),
    *(f"logit_{name}_{summary}" for summary in ("mean", "max") for name in _OUTPUTS),
    *(f"shape_{name}_{summary}" for summary in ("mean", "max") for name in SHAPE_NUMBERS),
    *_LAYOUT,
    *_PLAIN,
    *_GROUND,
    *_AROUND,
)
"""Names of the numbers that describe a group, in the order of the model's input."""


@dataclass(frozen=True, eq=False)
class NetworkAnswers:
    """What the morphology networks say of the calcifications of an image, a row each.

    Attributes:
        logits: n x morphologies and "no calcification", of the network that sees each by itself.
        numbers: n x ``SHAPE_NUMBERS``, what that network is given beside its patches.
        probabilities: n x the same as ``logits``, of the network that sees the neighbors, too.
    """

    logits: NDArray[np.float32]
    numbers: NDArray[np.float32]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MemberLooks:
    """What is known of every calcification of an image, a row each.

    Attributes:
        looks: n x number of looks.
        classes: n x ``CANDIDATE_CLASSES``, probabilities of the detector; zeros from one without.
        outputs: n x morphologies and "no calcification", probabilities of the network.
        logits: n x the same, of the network that sees each by itself, less their mean.
        numbers: n x ``SHAPE_NUMBERS``, what that network is given beside its patches.
        places_mm: n x 2, row and column in mm at the working scale, in the crop.
        marks: How many detections lie on each, itself included.
    """

    looks: NDArray[np.float64]
    classes: NDArray[np.float64]
    outputs: NDArray[np.float64]
    logits: NDArray[np.float64]
    numbers: NDArray[np.float64]
    places_mm: NDArray[np.float64]
    marks: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """The tissue that groups lie on, on a coarse grid.

    Attributes:
        tube: Rank of a cell as a piece of a long bright band of a vessel's width, 0 to 1 among the cells of
            the breast.
        crest: Highest ``tube`` within two cells: a crest is a cell or two wide, and calcium lies in its wall.
        direction: Angle of that band, in radians.
        coherence: How much the tissue round a cell runs in one direction, 0 to 1.
        roughness: Standard deviation of the tissue round a cell, as a share of the breast's.
        rank: Rank of the gray of the tissue among all cells of the breast, 0 to 1.
        skin_mm: Distance from the edge of the breast, in mm.
        cell_mm: Side of a cell, in mm.
        nipple_mm: The nipple (row, column) in mm; ``None`` where it is not known.
        area_mm2: Area of the breast in square millimeters.
    """

    tube: NDArray[np.float32]
    crest: NDArray[np.float32]
    direction: NDArray[np.float32]
    coherence: NDArray[np.float32]
    roughness: NDArray[np.float32]
    rank: NDArray[np.float32]
    skin_mm: NDArray[np.float32]
    cell_mm: float
    nipple_mm: tuple[float, float] | None
    area_mm2: float

    def at(self, values: NDArray[np.float32], places_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Look up values of the grid.

        Args:
            values: One of the grids.
            places_mm: n x 2, row and column in mm; places outside take the nearest cell.

        Returns:
            n values.
        """
        cells = np.floor(places_mm / self.cell_mm).astype(int)
        rows, columns = (np.clip(cells[:, k], 0, values.shape[k] - 1) for k in (0, 1))
        return np.asarray(values[rows, columns], np.float64)


def look_at_members(
    calcifications: Sequence[MeasuredObject],
    shapes: Sequence[ShapeFeatures],
    scores: NDArray[np.float64],
    classes: NDArray[np.float64] | None,
    answers: NetworkAnswers,
    *,
    ground: Ground,
    working_mm: float,
) -> MemberLooks:
    """Collect what is known of every calcification of an image.

    Args:
        calcifications: The measured calcifications, in crop pixels.
        shapes: Their shapes, in the same order.
        scores: Their scores, 0 to 1.
        classes: The detector's probabilities of each; ``None`` from one without.
        answers: What the morphology networks say of each.
        ground: The tissue they lie on.
        working_mm: Millimeters a pixel at the working scale.

    Returns:
        A row for each; no calcifications give empty arrays.
    """
    places = np.array([(found.row, found.column) for found in calcifications]).reshape(-1, 2) * working_mm
    looks = [
        (
            np.log(max(found.diameter_px * working_mm, 1e-3)),
            np.arcsinh(found.contrast / 4.0),
            score,
            np.log(max(shape.length_to_width, 1.0)),
            shape.roundness,
            shape.solidity,
            min(shape.edge_sharpness, 3.0),
            shape.lucent_center,
            np.log(max(shape.width_px * working_mm, 1e-3)),
            found.height,
            0.0,
        )
        for found, shape, score in zip(calcifications, shapes, scores, strict=True)
    ]
    table = np.array(looks, np.float64).reshape(-1, len(_LOOKS))
    table[:, -1] = ground.at(ground.rank, places)
    logits = answers.logits.astype(np.float64)
    return MemberLooks(
        looks=table,
        classes=np.zeros((len(table), len(CANDIDATE_CLASSES))) if classes is None else classes,
        outputs=answers.probabilities.astype(np.float64),
        # softmax does not see a constant added to all logits, a linear model would
        logits=logits - logits.mean(axis=1, keepdims=True),
        numbers=answers.numbers.astype(np.float64),
        places_mm=places,
        marks=np.array([1.0 + len(found.merged) for found in calcifications]),
    )


def look_at_ground(
    image: PreparedImage,
    breast: BreastRegion,
    nipple: tuple[float, float] | None,
    *,
    settings: GroupFeatureSettings = GroupFeatureSettings(),
) -> Ground:
    """Look at the tissue: bright bands of a vessel's width, how it runs, how bright it is in this breast.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        nipple: The nipple in crop pixels; ``None`` where it is not known.
        settings: Side of a cell and widths.

    Returns:
        The grids.
    """
    cell = settings.cell_mm
    size = [max(2, int(np.ceil(side * image.working_mm / cell))) for side in image.gray.shape]
    # a small calcification fills little of a cell: the median of the surround would need every pixel
    gray = cv2.resize(image.gray, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(breast.mask, (size[1], size[0]), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    inside = mask > 0
    tissue = np.asarray(cv2.medianBlur(gray.astype(np.float32), 5))
    spread = float(tissue[inside].std()) if inside.any() else 1.0
    # specks must not make a band of themselves: what stands high above its surround is cut down to it
    tube, direction = _tube(np.minimum(gray, tissue + settings.speck_share * spread), inside, settings)
    coherence = _coherence(np.asarray(tissue, np.float32), settings.flow_mm / cell)
    wide = settings.flow_mm / cell
    mean = cv2.GaussianBlur(tissue, (0, 0), wide)
    rough = np.sqrt(np.maximum(cv2.GaussianBlur(tissue * tissue, (0, 0), wide) - mean * mean, 0.0))
    order = np.sort(tissue[inside]) if inside.any() else np.zeros(1, np.float32)
    skin = cv2.distanceTransform(np.pad(mask, ((1, 1), (0, 1))), cv2.DIST_L2, 3)[1:-1, :-1] * cell
    return Ground(
        tube=tube,
        crest=np.asarray(cv2.dilate(tube, np.ones((5, 5), np.uint8)), np.float32),
        direction=direction,
        coherence=coherence,
        roughness=(rough / max(spread, 1e-6)).astype(np.float32),
        rank=(np.searchsorted(order, tissue) / len(order)).astype(np.float32),
        skin_mm=skin.astype(np.float32),
        cell_mm=cell,
        nipple_mm=None if nipple is None else (nipple[0] * image.working_mm, nipple[1] * image.working_mm),
        area_mm2=float(breast.area_px * image.working_mm**2),
    )


def describe_group(
    members: Sequence[int],
    seen: MemberLooks,
    group_outputs: NDArray[np.float64],
    ground: Ground,
    *,
    settings: GroupFeatureSettings = GroupFeatureSettings(),
) -> NDArray[np.float32]:
    """Describe a group by ``GROUP_FEATURES``.

    Args:
        members: Rows of its calcifications.
        seen: What is known of all calcifications of the image.
        group_outputs: The morphology network's probabilities of the group as a whole.
        ground: The tissue.
        settings: Distances that features are taken at.

    Returns:
        The numbers, all finite.

    Raises:
        ValueError: The group has no members.
    """
    own = np.asarray(members, np.intp)
    if not own.size:
        raise ValueError("a group without members has no features")
    looks, outputs = seen.looks[own], seen.outputs[own]
    summaries = np.stack(
        [
            np.median(looks, axis=0),
            *np.percentile(looks, (10, 90), axis=0),
            looks.max(axis=0),
            looks.std(axis=0),
        ],
        axis=1,
    ).ravel()
    values = np.concatenate(
        [
            summaries,
            seen.classes[own].mean(axis=0),
            outputs.mean(axis=0),
            (outputs > 0.5).mean(axis=0),
            group_outputs,
            seen.logits[own].mean(axis=0),
            seen.logits[own].max(axis=0),
            seen.numbers[own].mean(axis=0),
            seen.numbers[own].max(axis=0),
            _layout(seen.places_mm[own], seen.marks[own], settings),
            _plain(seen.places_mm[own], looks, settings),
            _on_ground(seen.places_mm[own], ground, settings),
            _around(own, seen, ground, settings),
        ]
    )
    return np.asarray(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), np.float32)


def _tube(
    gray: NDArray[np.float32], inside: NDArray[np.bool_], settings: GroupFeatureSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rank of each cell as a piece of a long bright band, 0 to 1 among those of the breast; its direction."""
    best = np.full(gray.shape, -np.inf, np.float32)
    direction = np.zeros(gray.shape, np.float32)
    for width in settings.vessel_mm:
        for turn in np.arange(settings.directions) * (np.pi / settings.directions):
            kernel = _band(width / settings.cell_mm, settings.band_mm / settings.cell_mm, float(turn))
            found = np.asarray(cv2.filter2D(gray, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE))
            better = found > best
            best[better], direction[better] = found[better], turn
    order = np.sort(best[inside]) if inside.any() else np.zeros(1, np.float32)
    return (np.searchsorted(order, best) / len(order)).astype(np.float32), direction


def _band(width: float, length: float, turn: float) -> NDArray[np.float32]:
    """A filter for a bright band between two darker ones, all of one width, fading along its length."""
    reach = int(np.ceil(max(length, 1.5 * width))) + 1
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    # turn is the angle of the band from the columns toward the rows
    along = down * np.sin(turn) + right * np.cos(turn)
    across = down * np.cos(turn) - right * np.sin(turn)
    sigma = width / 2
    profile = (1 - (across / sigma) ** 2) * np.exp(-0.5 * (across / sigma) ** 2)
    kernel = profile * np.exp(-0.5 * (2 * along / length) ** 2)
    kernel -= kernel.mean()
    return np.asarray(kernel / np.abs(kernel).sum(), np.float32)


def _coherence(gray: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Anisotropy of the structure tensor, 0 to 1."""
    down, right = (np.asarray(cv2.Sobel(gray, cv2.CV_32F, dx, dy, ksize=3)) for dx, dy in ((0, 1), (1, 0)))
    a, b, c = (cv2.GaussianBlur(part, (0, 0), sigma) for part in (down * down, right * right, down * right))
    return np.asarray(np.sqrt((a - b) ** 2 + 4 * c * c) / (a + b + 1e-9), np.float32)


def _layout(
    places: NDArray[np.float64], marks: NDArray[np.float64], settings: GroupFeatureSettings
) -> NDArray[np.float64]:
    """How the members lie, whatever they look like."""
    count = len(places)
    head = (np.log(count), np.log(marks.sum()))
    if count < 2:
        return np.array([*head, 0, 0, np.log(0.1), 1, 0, 0, 0, 0, 0, np.log(count), np.log(0.1)], np.float64)
    between = squareform(pdist(places))
    nearest = np.sort(between, axis=1)[:, 1]
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T) + 1e-6 * np.eye(2)), 0.0))
    tree = minimum_spanning_tree(between)
    straight, width = _straightness(places, between)
    return np.array(
        [
            *head,
            np.median(nearest),
            np.percentile(nearest, 90),
            np.log(spread[1] + 0.1),
            spread[0] / spread[1],
            np.log(count / (hull_area(places) + 1.0)),
            np.median(straight),
            np.percentile(straight, 25),
            np.median(width),
            between.max() / max(float(tree.sum()), 1e-6),
            np.log((between <= settings.crowd_mm).sum(axis=1).max()),
            np.log(between.max() + 0.1),
        ]
    )


def _plain(
    places: NDArray[np.float64], looks: NDArray[np.float64], settings: GroupFeatureSettings
) -> NDArray[np.float64]:
    """How many are likely real and stand out, and how they lie: noise round two specks is no group."""
    score, contrast = looks[:, _LOOKS.index("score")], looks[:, _LOOKS.index("contrast")]
    plain = places[(score >= settings.plain_score) & (contrast >= settings.plain_contrast * contrast.max())]
    between = np.linalg.norm(plain[:, None] - plain[None], axis=2)
    crowd = (between <= settings.crowd_mm).sum(axis=1).max() if len(plain) else 0
    return np.array(
        [
            np.log(score.sum()),
            np.log1p(len(plain)),
            np.log1p(crowd),
            _spacing(plain),
            contrast.max() - np.median(contrast),
        ]
    )


def _straightness(
    places: NDArray[np.float64], between: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How well the few neighbors of each member lie on a line, 0 for a line, and how wide that band is."""
    near = np.argsort(between, axis=1)[:, : min(7, len(places))]
    cloud = places[near] - places[near].mean(axis=1, keepdims=True)
    values = np.linalg.eigvalsh(np.einsum("nki,nkj->nij", cloud, cloud) / near.shape[1] + 1e-9 * np.eye(2))
    across, along = np.sqrt(np.maximum(values, 0.0)).T
    return across / along, across


def _on_ground(
    places: NDArray[np.float64], ground: Ground, settings: GroupFeatureSettings
) -> NDArray[np.float64]:
    """What the members lie on, and whether a band runs on beyond them."""
    tube = ground.at(ground.crest, places)
    axis = _axis(places)
    turn = ground.at(ground.direction, places) - np.arctan2(axis[0], axis[1])
    ends = _runs_on(places, axis, ground, settings)
    return np.array(
        [
            np.median(tube),
            np.percentile(tube, 25),
            tube.max(),
            (tube > settings.tube_rank).mean(),
            np.median(np.abs(np.cos(turn))),
            np.median(ground.at(ground.coherence, places)),
            np.median(ground.at(ground.roughness, places)),
            min(ends),
            max(ends),
        ]
    )


def _axis(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Direction (row, column) in which a group is longest."""
    if len(places) < 2:
        return np.array([1.0, 0.0])
    return np.asarray(np.linalg.svd(places - places.mean(axis=0), full_matrices=False)[2][0])


def _runs_on(
    places: NDArray[np.float64], axis: NDArray[np.float64], ground: Ground, settings: GroupFeatureSettings
) -> tuple[float, float]:
    """Mean rank on the best way on from both ends of the group, within 40 degrees of its axis."""
    along = (places - places.mean(axis=0)) @ axis
    turns = np.radians(np.arange(-40, 41, 10))
    steps = np.arange(1.0, settings.run_on_mm, 0.5)
    ends = []
    for sign in (1.0, -1.0):
        tip = places[np.argmax(sign * along)]
        heading = np.arctan2(*(sign * axis)) + turns
        rays = np.stack([np.sin(heading), np.cos(heading)], axis=1)
        points = tip + rays[:, None] * steps[None, :, None]
        found = ground.at(ground.tube, points.reshape(-1, 2)).reshape(len(turns), -1)
        ends.append(float(found.mean(axis=1).max()))
    return ends[0], ends[1]


def _around(
    own: NDArray[np.intp], seen: MemberLooks, ground: Ground, settings: GroupFeatureSettings
) -> NDArray[np.float64]:
    """What else the breast holds, and where in it the group lies."""
    places, total = seen.places_mm[own], len(seen.places_mm)
    others = np.delete(seen.places_mm, own, axis=0)
    center = places.mean(axis=0)
    if len(others):
        near = np.linalg.norm(others[:, None] - places[None], axis=2).min(axis=1)
        ring = float((near <= settings.ring_mm).sum())
    else:
        ring = 0.0
    nipple = 0.0 if ground.nipple_mm is None else float(np.linalg.norm(center - np.array(ground.nipple_mm)))
    side = np.sqrt(max(ground.area_mm2, 1.0))
    return np.array(
        [
            np.log1p(total),
            len(own) / total,
            np.log1p(ring) - np.log(len(own)),
            _spacing(places) / max(_spacing(others), 0.1) if len(others) > 2 else 0.0,
            np.median(ground.at(ground.skin_mm, places)),
            nipple / side,
            np.log(side),
            np.log1p(seen.classes[:, CANDIDATE_CLASSES.index("vascular")].sum()),
        ]
    )


def _spacing(places: NDArray[np.float64]) -> float:
    """Median distance to the nearest neighbor, in mm; 0 for fewer than two."""
    return float(np.median(spacing_of(places, 1))) if len(places) > 1 else 0.0
