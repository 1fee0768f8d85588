"""One examination with everything that was found, compared and suggested: what is sent to a hospital."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain.assessment import ExaminationFindings
    from calcwatch.domain.change import Change, Comparison
    from calcwatch.domain.findings import ImageFindings, Provenance


@dataclass(frozen=True)
class ExaminationResult:
    """One examination and what it was compared with.

    ``prior``: images of the earlier examination, empty where there was none; ``comparison`` is ``None``
    then. Places of images in ``comparison`` count those of ``prior`` and of ``examination.images``.
    """

    examination: ExaminationFindings
    provenance: Provenance
    prior: tuple[ImageFindings, ...] = ()
    comparison: Comparison | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What became of each group; empty where nothing was compared."""
        return self.comparison.changes if self.comparison else ()

    def change_of(self, group: str) -> Change | None:
        """What became of a current group, by tracking UID; ``None`` where nothing is said of it."""
        return next((one for one in self.changes if group in one.groups), None)
