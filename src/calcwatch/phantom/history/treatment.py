"""What operation and radiation do to a breast: tissue gone, the rest pulled in, and how both heal.

Points of the breast are told as they lay before the operation (its *material*): (anterior, superior, lateral)
in mm from the middle of the chest wall. ``TreatedState.place`` moves them to where they lie on one date, so
that a point keeps its name over all dates. A ball is cut out; what is left is drawn toward its middle along
straight lines, by all that was cut where the wall was and by nothing at the skin, so that skin stays skin.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.context import RadiationKind
from calcwatch.phantom.anatomy import Curve
from calcwatch.phantom.geometry import project_points
from calcwatch.phantom.history.settings import TreatmentSettings
from calcwatch.phantom.shapes import draw_direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from calcwatch.phantom.anatomy import Breast
    from calcwatch.phantom.arrangement import PositionedBreast
    from calcwatch.phantom.geometry import BreastSize, ViewGeometry

_NEWTON_STEPS = 10  # of an increasing concave function on [0, 1]: exact to rounding


@dataclass(frozen=True, eq=False, kw_only=True)
class Excision:
    """The ball that was cut out, before the operation.

    Attributes:
        center_mm: Its middle, (anterior, superior, lateral).
        radius_mm: Its radius.
        size: Of the breast before the operation.

    """

    center_mm: NDArray[np.float64]
    radius_mm: float
    size: BreastSize

    def distance_mm(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure how far points lay from the rim of what was cut out.

        Args:
            points: N x 3 of the material.

        Returns:
            N distances in mm, negative for what was cut out.

        """
        return np.asarray(np.linalg.norm(points - self.center_mm, axis=-1) - self.radius_mm)

    def reach_mm(self, ways: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure the way from the middle to the skin.

        Args:
            ways: ... x 3 unit vectors.

        Returns:
            Distances in mm; behind the chest wall the ellipsoid of the skin goes on.

        """
        # The usual quadratic for a ray from inside a unit ball, in semi-axes.
        step, start = ways / self.size.semi_axes_mm, self.center_mm / self.size.semi_axes_mm
        square, cross = (step * step).sum(axis=-1), step @ start
        return np.asarray((np.sqrt(cross**2 + square * (1 - start @ start)) - cross) / square)


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatedState:
    """A breast on one date, against what it was before the operation.

    Attributes:
        size: Of the breast before the operation.
        excision: What was cut out; ``None`` before the operation.
        residual_mm: Radius of what fills the cavity, scar or fluid, before ``scale``.
        filling: How dense that is, as a share of gland.
        scale: Size of the breast against before.
        edema: 0 for none.
        skin_mm: Skin added everywhere.
        bed_skin_mm: Skin added near the bed.
        dent: How far the skin is pulled in, as a share of the way to it.
        star: Strands of the scar, on this date.
        settings: Numbers of the generator.

    """

    size: BreastSize
    excision: Excision | None = None
    residual_mm: float = 0.0
    filling: float = 0.0
    scale: float = 1.0
    edema: float = 0.0
    skin_mm: float = 0.0
    bed_skin_mm: float = 0.0
    dent: float = 0.0
    star: tuple[Curve, ...] = ()
    settings: TreatmentSettings = field(default_factory=TreatmentSettings)

    @property
    def is_treated(self) -> bool:
        """Whether the operation has been."""
        return self.excision is not None

    @property
    def bed_mm(self) -> tuple[NDArray[np.float64], float] | None:
        """Middle and radius of the bed on this date: of what fills the cavity; ``None`` before."""
        if self.excision is None:
            return None
        return self.excision.center_mm * self.scale, self.residual_mm * self.scale

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move points of the material to where they lie on this date.

        Args:
            points: N x 3, (anterior, superior, lateral) in mm before the operation.

        Returns:
            N x 3 in mm of the breast on this date; not a number where the tissue was cut out.

        """
        if self.excision is None:
            return np.array(points, dtype=np.float64)
        away, distance, reach = self._rays(np.asarray(points, dtype=np.float64))
        radius = self.excision.radius_mm
        depth = np.clip((distance - radius) / (reach - radius), 0, 1)
        pull = (radius - self.residual_mm) * (1 - depth) ** self.settings.closing_power
        moved = np.where(distance < radius, np.nan, distance - pull)
        return np.asarray((self.excision.center_mm + away * moved[..., None]) * self.scale)

    def source(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell which points of the material lie at points of the breast on this date: undoes ``place``.

        Args:
            points: ... x 3 in mm of the breast on this date.

        Returns:
            ... x 3 in mm before the operation. What fills the cavity is no tissue of before; for it the ball
            that was cut out, pressed together, so that the answer has no jump at the cavity's rim.

        """
        whole = np.asarray(points, dtype=np.float64) / self.scale
        if self.excision is None:
            return whole
        away, distance, reach = self._rays(whole)
        radius, closed = self.excision.radius_mm, self.residual_mm
        depth = reach - radius
        strength, power = (radius - closed) / depth, self.settings.closing_power
        wanted = np.clip((distance - closed) / depth, 0, 1 + strength)
        share = wanted / (1 + strength)
        for _ in range(_NEWTON_STEPS):
            left = 1 - share
            error = share + strength * (1 - left**power) - wanted
            share = np.clip(share - error / (1 + strength * power * left ** (power - 1)), 0, 1)
        found = np.where(distance < closed, distance * radius / closed, radius + share * depth)
        # Beyond the skin nothing was pulled.
        found = np.where(distance >= reach, distance, found)
        return np.asarray(self.excision.center_mm + away * found[..., None])

    def fills(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell where scar or fluid lies, softly at its border.

        Args:
            points: ... x 3 in mm of the breast on this date.

        Returns:
            0 in tissue to 1 in what fills the cavity.

        """
        if (bed := self.bed_mm) is None:
            return np.zeros(points.shape[:-1])
        inside = (bed[1] - np.linalg.norm(points - bed[0], axis=-1)) / self.settings.rim_mm
        # Clipped where the logistic function is flat, so that it cannot overflow.
        return np.asarray(1 / (1 + np.exp(-np.clip(4 * inside, -30, 30))))

    def breast(self, breast: Breast) -> Breast:
        """Take a breast's ligaments and vessels to this date, cut where they were, and add the scar's.

        Args:
            breast: As it was before the operation.

        Returns:
            The breast with strands as they lie on this date; its gland stays as before.

        """
        if not self.is_treated:
            return breast
        thicker = 1 + self.settings.edema_ligaments * self.edema
        ligaments = tuple(Curve(path, radius * thicker) for path, radius in self._cut(breast.ligaments))
        # Strands of a scar are as wide as vessels and are drawn with them.
        return replace(breast, ligaments=ligaments, vessels=(*self._cut(breast.vessels), *self.star))

    def _cut(self, curves: Iterable[Curve]) -> list[Curve]:
        """Curves on this date; one through the cavity is two."""
        pieces, drawn = [], tuple(curves)
        # All at once: there are hundreds of them, each of a few points.
        moved = self.place(np.concatenate([curve.path for curve in drawn]))
        ends = np.cumsum([len(curve.path) for curve in drawn])[:-1]
        for curve, path in zip(drawn, np.split(moved, ends), strict=True):
            left = ~np.isnan(path[:, 0])
            edges = np.flatnonzero(np.diff(np.concatenate([[False], left, [False]]).astype(int)))
            pieces += [
                Curve(path[first:last], curve.radius_mm)
                for first, last in edges.reshape(-1, 2)
                if last - first > 1
            ]
        return pieces

    def _rays(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Direction from the middle of what was cut out, distance from it, and distance of the skin."""
        assert self.excision is not None
        offset = points - self.excision.center_mm
        distance = np.linalg.norm(offset, axis=-1)
        away = offset / np.maximum(distance, 1e-9)[..., None]
        # The very middle has no direction; any will do, as long as it is one.
        away[distance < 1e-9] = (1.0, 0.0, 0.0)
        return away, distance, self.excision.reach_mm(away)


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatmentCourse:
    """How one breast was treated and how it heals; ``state_at`` gives it on a date.

    Attributes:
        excision: What was cut out.
        radiation: How it was irradiated.
        radiation_months: End of that, in months from the operation.
        closed: What is left of the cavity at last, in its radii.
        open: The same soon after the operation.
        has_seroma: Whether it fills with fluid at first.
        scar_density: How dense a scar it leaves, as a share of gland.
        shrinks: How much smaller the breast becomes.
        dent: How far the skin is pulled in at last, as a share of the way to it.
        edema: Where it is greatest.
        skin_mm: Skin added everywhere by an edema of 1.
        bed_skin_mm: Skin added near the bed.
        star: Strands of the scar: points from its middle in mm, and radius.
        settings: Numbers of the generator.

    """

    excision: Excision
    radiation: RadiationKind
    radiation_months: int
    closed: float
    open: float
    has_seroma: bool
    scar_density: float
    shrinks: float
    dent: float
    edema: float
    skin_mm: float
    bed_skin_mm: float
    star: tuple[tuple[NDArray[np.float64], float], ...]
    settings: TreatmentSettings

    def state_at(self, months: float) -> TreatedState:
        """Tell what the breast is like some time after the operation.

        Args:
            months: From the operation; 0 or less for before it.

        Returns:
            The state.

        """
        settings, size = self.settings, self.excision.size
        if months <= 0:
            return TreatedState(size=size, settings=settings)
        opened = (self.open - self.closed) * np.exp(-months / settings.closing_months)
        residual = float(self.closed + opened) * self.excision.radius_mm
        scale = float(1 - self.shrinks * (1 - np.exp(-months / settings.shrinking_months)))
        # Rises and fades: t exp(1 - t), 1 where it is greatest.
        since = max(months - self.radiation_months, 0.5) / settings.edema_months
        edema = float(self.edema * since * np.exp(1 - since))
        lasting = settings.bed_skin_lasting
        fading = lasting + (1 - lasting) * np.exp(-months / settings.bed_skin_months)
        is_fluid = self.has_seroma and months < settings.seroma_months
        middle = self.excision.center_mm * scale
        return TreatedState(
            size=size,
            excision=self.excision,
            residual_mm=residual,
            filling=settings.seroma_density if is_fluid else self.scar_density,
            scale=scale,
            edema=edema,
            skin_mm=self.skin_mm * edema,
            bed_skin_mm=self.bed_skin_mm * float(fading),
            dent=self.dent * float(1 - np.exp(-months / settings.shrinking_months)),
            star=tuple(
                # From inside the scar outward.
                Curve(middle + residual * scale / 2 * path[0] / np.linalg.norm(path[0]) + path, radius)
                for path, radius in self.star
            ),
            settings=settings,
        )


def draw_excision(
    rng: np.random.Generator,
    positioned: PositionedBreast,
    spared: Sequence[tuple[NDArray[np.float64], float]],
    settings: TreatmentSettings,
) -> Excision:
    """Draw what is cut out: a ball that every view wanted always shows, away from what is to stay.

    Args:
        rng: Where it is drawn from.
        positioned: The breast before the operation.
        spared: Points of the material, N x 3 in mm, and how far from the ball they are to lie at least.
        settings: Numbers of the generator.

    Returns:
        What is cut out; smaller where no place has room for it.

    """
    size = positioned.breast.size
    share = min(size.radius_mm / settings.usual_radius_mm, 1.0)
    radius = float(rng.uniform(*settings.radius_mm)) * share
    ways = rng.normal(size=(settings.places, 3))
    ways *= rng.uniform(*settings.way_to_skin, size=(settings.places, 1)) / np.linalg.norm(
        ways, axis=1, keepdims=True
    )
    # Forward of the chest wall, where the breast is.
    ways[:, 0] = np.abs(ways[:, 0])
    places = ways * size.semi_axes_mm
    around = rng.normal(size=(settings.places, 3))
    around /= np.linalg.norm(around, axis=1, keepdims=True)
    reach = np.array(
        [Excision(center_mm=place, radius_mm=0, size=size).reach_mm(around).min() for place in places]
    )
    away = np.full(len(places), np.inf)
    for points, clear_mm in spared:
        if len(points):
            nearest = np.linalg.norm(places[:, None] - points[None], axis=2).min(axis=1)
            away = np.minimum(away, nearest - clear_mm * share)
    for _ in range(settings.tries):
        fits = (reach > settings.least_reach * radius) & (away > radius)
        fits &= positioned.shows(places, radius + settings.margin_mm * share)
        if fits.any():
            return Excision(center_mm=places[int(np.argmax(fits))], radius_mm=radius, size=size)
        radius *= settings.smaller
    # Nowhere: then the place with most room, at the smallest.
    return Excision(center_mm=places[int(np.argmax(np.minimum(reach, away)))], radius_mm=radius, size=size)


def draw_treatment(
    rng: np.random.Generator, excision: Excision, settings: TreatmentSettings
) -> TreatmentCourse:
    """Draw how a breast is treated beside what is cut out, and how it heals.

    Args:
        rng: Where it is drawn from.
        excision: What is cut out.
        settings: Numbers of the generator.

    Returns:
        The course of the treatment.

    """
    kinds = [kind for kind, _ in settings.radiation_kinds]
    chances = [chance for _, chance in settings.radiation_kinds]
    radiation = kinds[int(rng.choice(len(kinds), p=chances))]
    has_seroma = bool(rng.random() < settings.seroma_chance)
    is_star = bool(rng.random() < settings.star_chance)
    edema = float(rng.uniform(*settings.edema))
    star = [
        _draw_strand(rng, settings) for _ in range(int(rng.integers(*settings.star_count, endpoint=True)))
    ]
    return TreatmentCourse(
        excision=excision,
        radiation=radiation,
        radiation_months=int(rng.integers(*settings.radiation_months, endpoint=True)),
        closed=float(rng.uniform(*settings.closed)),
        open=float(rng.uniform(*(settings.open_with_seroma if has_seroma else settings.open))),
        has_seroma=has_seroma,
        scar_density=float(rng.uniform(*settings.scar_density)),
        shrinks=float(rng.uniform(*settings.shrinks)),
        dent=float(rng.uniform(*settings.dent)),
        edema=edema * (settings.edema_without if radiation is RadiationKind.NONE else 1.0),
        skin_mm=float(rng.uniform(*settings.skin_mm)),
        bed_skin_mm=float(rng.uniform(*settings.bed_skin_mm)),
        star=tuple(star) if is_star else (),
        settings=settings,
    )


def _draw_strand(rng: np.random.Generator, settings: TreatmentSettings) -> tuple[NDArray[np.float64], float]:
    """A strand of a scar from the middle outward, points from the middle in mm, and its radius."""
    count, length = settings.star_points, rng.uniform(*settings.star_length_mm)
    steps = draw_direction(rng) + np.cumsum(
        rng.normal(0, settings.star_bend, size=(count, 3)) / np.sqrt(count), axis=0
    )
    steps *= length / count / np.linalg.norm(steps, axis=1, keepdims=True)
    return np.cumsum(steps, axis=0), float(rng.uniform(*settings.star_radius_mm))


def pulled_in(geometry: ViewGeometry, state: TreatedState) -> ViewGeometry:
    """Pull the skin line of a view in where the bed is nearest to it.

    Args:
        geometry: How the view lies, for a breast as large as on the date.
        state: The breast on the date.

    Returns:
        The same with a dent in its skin line; tissue on that ray comes with it.

    """
    if (bed := state.bed_mm) is None or state.dent == 0:
        return geometry
    row, column, _ = project_points(geometry, bed[0][None])[0]
    down, across = row - geometry.origin_mm[0], column - geometry.origin_mm[1]
    angles = np.linspace(-np.pi / 2, np.pi / 2, geometry.radius_mm.size)
    off = (angles - np.arctan2(-down, across)) / np.radians(state.settings.dent_width_degrees)
    # The farther out the bed lies in this view, the more of its pull arrives at the skin line.
    out = min(float(np.hypot(down, across) / geometry.skin_radius(np.arctan2(-down, across))), 1.0)
    return replace(geometry, radius_mm=geometry.radius_mm * (1 - state.dent * out * np.exp(-(off**2) / 2)))
