"""The one file that says how a detector is trained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import CalcwatchError

DEFAULT = Path(__file__).with_name("detector.toml")
"""How the shipped detector was trained."""


class BadTrainingSettings(CalcwatchError):
    """A training configuration that cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True)
class TrainingSettings:
    """How many scenes, examples and epochs; ``detector.toml`` explains each by its name there."""

    seed: int
    learn: int
    weigh: int
    real_share: float
    film_share: float
    held_back_share: float
    candidates: int
    tissue: int
    epochs: int
    shipped_candidates: int

    def __post_init__(self) -> None:
        for name in ("learn", "weigh", "candidates", "tissue", "epochs", "shipped_candidates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1")
        for name in ("real_share", "film_share", "held_back_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)} is not between 0 and 1")


def read_settings(path: Path = DEFAULT) -> TrainingSettings:
    """Read a configuration. Raises ``BadTrainingSettings`` for a file that is no such configuration."""
    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
        flat = {"seed": tree.get("seed")} | tree["scenes"] | tree["examples"] | tree["look"]
        flat["shipped_candidates"] = tree["shipped"]["candidates"]
        return _settings(flat)
    except OSError as error:
        raise BadTrainingSettings(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadTrainingSettings(f"{path}: no training configuration: {error}; compare {DEFAULT}") from error


def _settings(flat: dict[str, Any]) -> TrainingSettings:
    known = {field.name for field in fields(TrainingSettings)}
    if unknown := sorted(set(flat) - known):
        raise ValueError(f"unknown key {unknown[0]!r}")
    if wrong := sorted(name for name, value in flat.items() if not isinstance(value, int | float)):
        raise ValueError(f"{wrong[0]} {flat[wrong[0]]!r} is not a number")
    return TrainingSettings(**flat)


@dataclass(frozen=True)
class ShapeSettings:
    """How the networks for shapes are trained.

    ``scenes``: images to learn from, seeds from 0. ``real_share``: of them are real backgrounds with
    insertions, where backgrounds are given. ``weigh_share``: of the scenes serve the second network alone.
    """

    seed: int = 1
    scenes: int = 1400
    real_share: float = 0.45
    weigh_share: float = 0.35
    epochs: int = 14

    def __post_init__(self) -> None:
        if self.scenes < 10 or self.epochs < 1:
            raise ValueError(f"scenes {self.scenes} must be at least 10, epochs {self.epochs} at least 1")
        if not (0 <= self.real_share <= 1 and 0 < self.weigh_share < 1):
            raise ValueError("real_share must be between 0 and 1, weigh_share between them")
