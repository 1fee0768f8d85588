"""What every exported object is made from: a result, the headers of its images, and when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from pydicom.dataset import Dataset

if TYPE_CHECKING:
    from datetime import datetime

    from calcwatch.domain.assessment import ExaminationResult
    from calcwatch.domain.findings import ImageFindings

Header = Dataset
"""Header of an image, or a whole object: what pydicom calls a data set."""

MANUFACTURER = "calcwatch"
"""Manufacturer (0008,0070) and Manufacturer's Model Name (0008,1090) of what is exported."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What an exported object is made from.

    Images are told by their place among ``findings``, the first is 0; current images have the same place
    there and in ``images``.

    Attributes:
        result: The examination and what it was compared with.
        current: Header of each image of the examination, in its order.
        prior: Header of each image of the prior, in its order.
        made: When the result was made, aware of its time zone.
        digest: Of the result; UIDs of objects depend on it, on ``made`` and on nothing else.
        failed: Headers of images of the same study that were not analyzed.

    """

    result: ExaminationResult
    current: tuple[Header, ...]
    prior: tuple[Header, ...]
    made: datetime
    digest: str
    failed: tuple[Header, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.result.examination.images), len(self.result.prior)
        if expected != (len(self.current), len(self.prior)) or not self.current:
            raise ValueError(f"{len(self.current)} and {len(self.prior)} headers for {expected} images")

    @property
    def images(self) -> tuple[ImageFindings, ...]:
        """Findings of each current image, in the order of ``current``."""
        return self.result.examination.images

    @property
    def findings(self) -> tuple[ImageFindings, ...]:
        """Findings of each current image, then of each image of the prior."""
        return (*self.images, *self.result.prior)

    @property
    def headers(self) -> tuple[Header, ...]:
        """Headers in the order of ``findings``, then those of images that were not analyzed."""
        return (*self.current, *self.prior, *self.failed)

    @property
    def version(self) -> str:
        """Software and analysis version in one phrase."""
        made = self.result.provenance
        return f"{made.package_version}, analysis {made.analysis_version}"

    def is_prior(self, place: int) -> bool:
        """Whether an image is one of the prior.

        Args:
            place: Of the image among ``findings``.

        Returns:
            Yes or no.

        """
        # Current images come first in findings, so a place alone says the day.
        return place >= len(self.current)

    def uid(self, *names: object) -> str:
        """Make a UID from a UUID (PS3.5 B.2): the same for the same result, moment and names.

        Args:
            *names: What it is the UID of.

        Returns:
            A UID below 2.25.

        """
        # Whole seconds, since DICOM times and FHIR instants made from the same moment have no fractions here.
        words = [MANUFACTURER, self.digest, f"{self.made.timestamp():.0f}", *map(str, names)]
        # uuid5 is a hash: exporting twice gives the same UIDs, so an archive replaces and does not duplicate.
        return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(words)).int}"
