"""Learned models as functions that the image analysis is handed: a detector and a describer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.describe import Describer, DescriptionModel, describe_learned
from calcwatch.image.describe.group_features import GROUP_FEATURES
from calcwatch.image.describe.kind import KIND_CLASSES, KindModel, LinearModel
from calcwatch.image.describe.morphology import MorphologyNetworks
from calcwatch.image.describe.suspicion import SuspicionModel
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.classify import DetectorNetworks, detect_learned
from calcwatch.image.find.detections import Detector
from calcwatch.models.cards import (
    DETECTOR,
    DISTRIBUTION,
    KINDS,
    MORPHOLOGY,
    SHIPPED,
    SUSPICION,
    BadModel,
    ModelKind,
    check_files,
    hash_of_files,
    read_card,
)
from calcwatch.models.onnx import Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.describe.describe import Described
    from calcwatch.image.describe.distribution import BreastGeometry
    from calcwatch.image.describe.shape_patches import ShapePatches
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.find.patches import Patches
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings

_FIT = "calcwatch-lab train suspicion"
_FIT_KINDS = "calcwatch-lab train kinds"


@dataclass(frozen=True)
class NamedDetector:
    """A detector with what a result says of it.

    Attributes:
        detect: The detector.
        name: Its name.
        digest: SHA-256 of its weights in hexadecimal, ``None`` for one without.
    """

    detect: Detector
    name: str
    digest: str | None = None


CLASSICAL = NamedDetector(detect_classical, "classical")
"""The detector without learned weights."""


@dataclass(frozen=True)
class NamedDescriber:
    """A describer with what a result says of it.

    Attributes:
        describe: The describer.
        digest: SHA-256 of its weights and numbers, in hexadecimal.
    """

    describe: Describer
    digest: str


def named_learned(folder: Path = SHIPPED) -> NamedDetector:
    """Return the learned detector of a folder with its name and hash.

    Args:
        folder: Where the model lies.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    name = str(read_card(folder, DETECTOR)["name"])
    return NamedDetector(learned_detector(folder), name, hash_of_files(folder, *DETECTOR.networks))


def learned_detector(folder: Path | str = SHIPPED) -> Detector:
    """Return the learned detector as a function that can travel to other processes.

    Its networks are loaded at the first image of a process.

    Args:
        folder: Where the model lies.

    Returns:
        A detector for ``calcwatch.analyze_image``.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    # refused here, where the model is named, and not at the first image
    read_card(Path(folder), DETECTOR)
    # a partial of a module's function can be pickled; a loaded network could not travel
    return partial(_detect, str(folder))


def named_describer(folder: Path = SHIPPED) -> NamedDescriber:
    """Return the learned describer of a folder with its hash.

    Args:
        folder: Where the model lies.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    return NamedDescriber(learned_describer(folder), description_hash(folder))


def learned_describer(folder: Path = SHIPPED) -> Describer:
    """Return what tells morphology, distribution and suspicion, as a function that can be pickled.

    Its networks are loaded at the first image of a process.

    Args:
        folder: Where the model lies.

    Returns:
        A describer for ``calcwatch.analyze_image``.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    # as for the detector: refused when it is named
    for kind in (MORPHOLOGY, DISTRIBUTION):
        read_card(folder, kind)
    check_files(folder, (SUSPICION,), _FIT)
    # its numbers are few: what is damaged is refused here as well
    kind_model(folder)
    return partial(_describe, folder=str(folder))


def description_hash(folder: Path = SHIPPED) -> str:
    """Hash everything that describes, as a result stores it.

    Args:
        folder: Where the model lies.

    Returns:
        SHA-256 in hexadecimal.
    """
    return hash_of_files(folder, *MORPHOLOGY.files, *DISTRIBUTION.files, SUSPICION, KINDS)


def suspicion_model(folder: Path = SHIPPED) -> SuspicionModel:
    """Read the fitted numbers of suspicion.

    Args:
        folder: Where ``suspicion.json`` lies.

    Returns:
        The numbers.

    Raises:
        BadModel: The file is missing, or its numbers make no sense.
    """
    check_files(folder, (SUSPICION,), _FIT)
    try:
        tree = json.loads((folder / SUSPICION).read_text(encoding="utf-8"))
        return SuspicionModel(
            shape_odds={Morphology(name): float(odds) for name, odds in tree["shape_odds"].items()},
            distribution_odds={
                Distribution(name): float(odds) for name, odds in tree["distribution_odds"].items()
            },
            deciles=tuple(float(value) for value in tree["reference"]["deciles"]),
        )
    # ValueError includes broken JSON and what SuspicionModel refuses
    except (KeyError, TypeError, ValueError) as error:
        raise BadModel(f"{folder / SUSPICION}: {error}; use the file that is shipped") from error


def kind_model(folder: Path = SHIPPED) -> KindModel:
    """Read the models of kinds and suspicion.

    Args:
        folder: Where ``kinds.json`` lies.

    Returns:
        The models.

    Raises:
        BadModel: The file is missing, or it was fitted to other features than are measured here.
    """
    check_files(folder, (KINDS,), _FIT_KINDS)
    try:
        tree = json.loads((folder / KINDS).read_text(encoding="utf-8"))
        if tuple(tree["features"]) != GROUP_FEATURES or tuple(tree["classes"]) != KIND_CLASSES:
            raise ValueError("its features or classes are not those that are measured here")
        alone = _linear(tree["alone"])
        if alone.mean.shape != (len(GROUP_FEATURES),):
            raise ValueError("it has not one weight for each feature")
        return KindModel(
            alone=alone,
            beside=_linear(tree["beside"]),
            alarm=_linear(tree["alarm"]),
            elsewhere=float(tree["elsewhere"]),
            slope=float(tree["calibration"]["slope"]),
            intercept=float(tree["calibration"]["intercept"]),
        )
    # ValueError includes broken JSON; lists nested without end exhaust the parser
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadModel(f"{folder / KINDS}: {error}; use the file that is shipped, or fit one") from error


def _linear(tree: Mapping[str, Any]) -> LinearModel:
    return LinearModel(
        **{name: np.array(tree[name], np.float64) for name in ("mean", "scale", "weights", "bias")},
        limit=float(tree["limit"]),
    )


@dataclass(frozen=True)
class SuspicionSources:
    """Where the numbers of suspicion come from.

    Attributes:
        groups: What the models of kinds and suspicion were fitted to, in words.
        group_count: Number of labeled groups among these.
        women: Whose images they are.
        reference: The population that the deciles of the examination score are of, in words.
    """

    groups: str
    group_count: int
    women: tuple[str, ...]
    reference: str


def suspicion_sources(folder: Path = SHIPPED) -> SuspicionSources:
    """Read what suspicion was fitted to, and what its deciles were taken from.

    Args:
        folder: Where ``kinds.json`` and ``suspicion.json`` lie.

    Returns:
        The sources; a text is empty and a number 0 where the files do not say.

    Raises:
        BadModel: A file is missing or is not what it should be.
    """
    check_files(folder, (KINDS, SUSPICION), _FIT_KINDS)
    try:
        kinds, suspicion = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in (KINDS, SUSPICION)
        )
        return SuspicionSources(
            groups=str(kinds.get("source", "")),
            group_count=int(kinds.get("groups", 0)),
            women=tuple(kinds.get("trained_on", ())),
            reference=str(suspicion["reference"].get("source", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadModel(f"{folder}: {KINDS} or {SUSPICION} cannot be read: {error}") from error


def _detect(
    folder: str, image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings
) -> Detections:
    return detect_learned(image, breast, settings, model=detector_networks(folder))


def _describe(
    image: PreparedImage,
    breast: BreastRegion,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
    *,
    geometry: BreastGeometry,
    is_lateral: bool,
    settings: AnalysisSettings,
    folder: str,
) -> Described:
    return describe_learned(
        image,
        breast,
        calcifications,
        detections,
        geometry=geometry,
        is_lateral=is_lateral,
        model=description_model(folder),
        settings=settings,
    )


# by path, which can be hashed: a process loads a network once, however many images it reads
@lru_cache(maxsize=2)
def morphology_networks(folder: str) -> MorphologyNetworks:
    """Load the networks of morphology, once a process.

    Args:
        folder: Where the model lies.

    Returns:
        Both networks.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    patch, context = _networks(folder, MORPHOLOGY)

    def classify_patches(patches: ShapePatches) -> NDArray[np.float32]:
        return patch.run_in_batches(patches.close, patches.near, patches.around, patches.numbers)

    return MorphologyNetworks(classify_patches, context.run)


@lru_cache(maxsize=2)
def detector_networks(folder: str) -> DetectorNetworks:
    """Load the networks of a detector, once a process.

    Args:
        folder: Where the model lies.

    Returns:
        Both networks, and how many candidates are classified in one image.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    card = read_card(Path(folder), DETECTOR)
    patch, context = _networks(folder, DETECTOR)

    def classify_patches(patches: Patches) -> NDArray[np.float32]:
        return patch.run_in_batches(patches.detail, patches.context, patches.numbers)

    # patches in batches, each by itself; the context network sees all candidates at once
    return DetectorNetworks(classify_patches, context.run, max_candidates=int(card["candidates"]))


@lru_cache(maxsize=2)
def description_model(folder: str) -> DescriptionModel:
    """Load everything that describes, once a process.

    Args:
        folder: Where the model lies.

    Returns:
        The networks of morphology and distribution, and the numbers of suspicion.

    Raises:
        BadModel: The folder holds no such model, or one that does not fit.
    """
    (distribution,) = _networks(folder, DISTRIBUTION)
    return DescriptionModel(
        morphology=morphology_networks(folder),
        distribution=distribution.run,
        kind=kind_model(Path(folder)),
    )


def _networks(folder: str, kind: ModelKind) -> list[Network]:
    return [Network(Path(folder) / name, inputs, len(kind.classes)) for name, inputs in kind.networks.items()]
