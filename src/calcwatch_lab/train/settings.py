"""Settings that trainings share, and the file that may say others."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.settings import TRAINED, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

Settings = TypeVar("Settings")

Limits = tuple[float, float]
"""Smallest and largest value of something that is drawn."""

USUAL_BLUR = ((0.85, 0.055), (0.15, 0.25))
"""Blur of a usual system, a sum of Gaussians (weight, sigma in mm); what is drawn widens the first."""


class BadTrainingSettings(CalcwatchError):
    """A training configuration that cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a network is fitted.

    Attributes:
        rounds: How often every example is seen (patch networks), or batches that are seen (feature networks).
        batch: Examples of a batch.
        learning_rate: Highest learning rate of the one cycle.
        warm_up_share: Of all steps, until that rate is reached.
        weight_decay: Of AdamW.
        averaging: How much of the running average of the weights each step keeps; 0: no average is taken.
        label_smoothing: Share of the answer that is spread over all classes.

    """

    rounds: int = setting(12, "count", TRAINED, "epochs, or batches where they are drawn")
    batch: int = setting(256, "count", TRAINED, "examples of a batch")
    learning_rate: float = setting(3e-3, "1", TRAINED, "highest learning rate of the one cycle")
    warm_up_share: float = setting(0.15, "share", TRAINED, "of all steps, until that rate is reached")
    weight_decay: float = setting(0.02, "1", TRAINED, "weight decay of AdamW")
    averaging: float = setting(0.995, "share", TRAINED, "of the running average that each step keeps")
    label_smoothing: float = setting(0.01, "share", TRAINED, "of the answer, spread over all classes")

    def __post_init__(self) -> None:
        at_least_one(self, "rounds", "batch")
        are_shares(self, "warm_up_share", "averaging", "label_smoothing")


@dataclass(frozen=True, kw_only=True)
class BackgroundSettings:
    """How a real background is varied before something is inserted, and where that may be.

    Attributes:
        coarser: Factors of the pixel size that are drawn, as far as the result stays within ``spacing_mm``.
        spacing_mm: Finest and coarsest pixels of the result.
        gamma_log: Natural logarithm of the exponent of the gray.
        s_curve_chance: That the tone curve is S-shaped.
        s_curve_middle: Where its middle lies in the gray range.
        s_curve_steepness: How steep it is there.
        black: Gray that becomes black.
        white: Gray that becomes white; above 1 none does.
        blur_chance: That the picture is blurred.
        blur_px: Sigma of that blur.
        sharpening_chance: That edges are enhanced, as some vendors show them.
        sharpening_mm: Sigma of the unsharp mask.
        sharpening_least_px: Its least sigma.
        sharpening: How much of the difference is added.
        eight_bit_chance: That the result has 8 bits; else it has 12.
        most_strands: Strands and knots drawn into it at most: all of them are tissue.
        breast_gray: Gray above which there is breast.
        saturated_gray: Gray above which nothing can be inserted.
        smoothing_px: Size of the mean that gray is compared in.
        rim_px: Width of the rim of the breast that is left out, twice.

    """

    coarser: Limits = setting((0.82, 2.2), "ratio", TRAINED, "factors of the pixel size")
    spacing_mm: Limits = setting((0.05, 0.21), "mm", TRAINED, "finest and coarsest pixels of the result")
    gamma_log: Limits = setting((-0.2, 0.3), "1", TRAINED, "logarithm of the exponent of the gray")
    s_curve_chance: float = setting(0.3, "share", TRAINED, "that the tone curve is S-shaped")
    s_curve_middle: Limits = setting((0.35, 0.6), "gray", TRAINED, "middle of the S")
    s_curve_steepness: Limits = setting((3.0, 6.0), "1/gray", TRAINED, "steepness of the S")
    black: Limits = setting((0.0, 0.05), "gray", TRAINED, "what becomes black")
    white: Limits = setting((0.93, 1.15), "gray", TRAINED, "what becomes white")
    blur_chance: float = setting(0.35, "share", TRAINED, "that the picture is blurred")
    blur_px: Limits = setting((0.3, 0.8), "px", TRAINED, "sigma of that blur")
    sharpening_chance: float = setting(0.35, "share", TRAINED, "that edges are enhanced")
    sharpening_mm: Limits = setting((0.1, 0.7), "mm", TRAINED, "sigma of the unsharp mask")
    sharpening_least_px: float = setting(0.6, "px", TRAINED, "least sigma of the unsharp mask")
    sharpening: Limits = setting((0.2, 1.6), "ratio", TRAINED, "how much of the difference is added")
    eight_bit_chance: float = setting(0.6, "share", TRAINED, "that the result has 8 bits, else 12")
    most_strands: int = setting(70, "count", TRAINED, "strands and knots at most")
    breast_gray: float = setting(0.08, "gray", TRAINED, "gray above which there is breast")
    saturated_gray: float = setting(0.97, "gray", TRAINED, "gray above which nothing can be inserted")
    smoothing_px: int = setting(9, "px", TRAINED, "size of the mean that gray is compared in")
    rim_px: int = setting(15, "px", TRAINED, "diameter of the erosion that leaves the rim out")


def uniform(rng: np.random.Generator, limits: Limits) -> float:
    """Draw evenly.

    Args:
        rng: Draws.
        limits: Smallest and largest value.

    Returns:
        A value between them.

    """
    return float(rng.uniform(*limits))


def log_uniform(rng: np.random.Generator, limits: Limits) -> float:
    """Draw evenly in the logarithm.

    Args:
        rng: Draws.
        limits: Smallest and largest value, above 0.

    Returns:
        A value between them.

    """
    low, high = limits
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def widened_blur(factor: float) -> tuple[tuple[float, float], ...]:
    """Blur of a system that is not the usual one.

    Args:
        factor: Of the sigma of its main part.

    Returns:
        A sum of Gaussians (weight, sigma in mm).

    """
    (weight, sigma_mm), other = USUAL_BLUR
    return ((weight, sigma_mm * factor), other)


def at_least_one(settings: object, *names: str) -> None:
    """Check counts.

    Args:
        settings: Settings.
        *names: Names of counts in it.

    Raises:
        ValueError: One is below 1.

    """
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} {getattr(settings, name)} must be at least 1")


def are_shares(settings: object, *names: str) -> None:
    """Check shares.

    Args:
        settings: Settings.
        *names: Names of shares in it.

    Raises:
        ValueError: One is not between 0 and 1.

    """
    for name in names:
        if not 0 <= getattr(settings, name) <= 1:
            raise ValueError(f"{name} {getattr(settings, name)} is not between 0 and 1")


def read_settings(kind: type[Settings], path: Path | None = None) -> Settings:
    """Read the settings of a training from a file.

    Args:
        kind: Class of the settings; what the file does not say is as in the class.
        path: A TOML file whose keys and sections are the names of settings; ``None``: nothing is said.

    Returns:
        The settings.

    Raises:
        BadTrainingSettings: The file cannot be read, or a key or a value in it cannot be used.

    """
    if path is None:
        return kind()
    try:
        with path.open("rb") as file:
            return _with_values(kind(), tomllib.load(file))
    except OSError as error:
        raise BadTrainingSettings(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise BadTrainingSettings(f"{path}: no training configuration: {error}") from error


def _with_values(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with other values of the same kinds."""
    assert is_dataclass(settings)
    usual = {field.name: getattr(settings, field.name) for field in fields(settings)}
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in usual:
            raise ValueError(f"unknown key {name!r}; known are {', '.join(usual)}")
        if is_dataclass(usual[name]):
            if not isinstance(value, dict):
                raise ValueError(f"{name} is no section")
            changed[name] = _with_values(usual[name], value)
        elif isinstance(usual[name], tuple):
            changed[name] = _numbers(name, value, len(usual[name]))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} {value!r} is not a number")
        else:
            changed[name] = value
    kind: type[Any] = type(settings)
    made: Settings = kind(**(usual | changed))
    return made


def _numbers(name: str, value: object, count: int) -> tuple[float, ...]:
    numbers: Sequence[object] = value if isinstance(value, list) else []
    if len(numbers) != count or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError(f"{name} {value!r} are not {count} numbers")
    return tuple(number for number in numbers if isinstance(number, int | float))
