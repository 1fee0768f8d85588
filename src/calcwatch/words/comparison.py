"""Sentences on a comparison: notes on pairs of images, and reasons of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain.image import ImageDescription
    from calcwatch.domain.lexicon import Morphology

MIRRORED = "one of the two files is mirrored left to right: check its side mark"
"""Note on a pair of which one image had to be turned left to right."""

UPSIDE_DOWN = "one of the two files stands upside down"
"""Note on a pair whose tissue fits once the prior is turned top to bottom."""

TURNED = "one of the two files is turned by a quarter, says its header"
"""Note on a pair of which one image has the chest wall above or below."""

TISSUE_OF_ANOTHER = "the tissue of the two is no more alike than that of two women"
"""Note on a pair with too low a local correlation."""

TISSUE_LITTLE_ALIKE = "the tissue of the two is little alike: look at them yourself"
"""Note on a pair with an uncertain local correlation."""

TISSUE_LITTLE_ALIKE_ONE_WAY = "the tissue of the two is little alike, and fits one way only"
"""Note on a pair with an uncertain local correlation and a high inverse-consistency error."""

TISSUE_ONE_WAY = "much of the tissue fits one way only: look at them yourself"
"""Note on a pair with a high inverse-consistency error."""

NOT_ALIGNED = "the images could not be laid over each other"
"""Reason of a group on a pair whose alignment failed."""

NO_PRIOR_IMAGE = "there is no earlier image of this side and view"
"""Reason of a group on a current image without a prior."""

NO_CURRENT_IMAGE = "no current image shows this view"
"""Reason of a group on a prior image without a current one."""

SEEN_ON_ONE_DAY = "too much of it could be seen on one day only"
"""Reason where more could not have been seen on the other image than is on both."""

FAINT_ON_ONE_DAY = "most of it is faint on one day: look at both"
"""Reason where one image has no group, and most of its place is below the threshold."""

TOO_FEW = "too few to tell: look at both images"
"""Reason where a group is seen on one image alone and has too few calcifications."""

GONE_ON_ONE_SIDE = "what is gone lay on one side, as after a biopsy or excision; was there one?"
"""Reason where part of a group is gone."""


def view_words(image: ImageDescription) -> str:
    """Name an image by its side and view.

    Args:
        image: Description of the image.

    Returns:
        As in ``L CC``; what is not known is said.
    """
    return f"{image.image_laterality or 'side not known'} {image.view_position or 'view not known'}"


def without_prior(image: ImageDescription) -> str:
    """Say why a current image has no prior.

    Args:
        image: Description of the current image.

    Returns:
        A sentence without period, with the remedy where there is one.
    """
    return f"{view_words(image)} has no prior: {_why_unpaired(image, 'earlier')}"


def without_current(image: ImageDescription) -> str:
    """Say why a prior image is compared with nothing.

    Args:
        image: Description of the prior image.

    Returns:
        A sentence without period, with the remedy where there is one.
    """
    return f"prior {view_words(image)} is compared with nothing: {_why_unpaired(image, 'current')}"


def _why_unpaired(image: ImageDescription, other: str) -> str:
    # The remedy differs: what is not known can be stated, a view that was not taken cannot.
    if image.image_laterality is None or image.view_position is None:
        return "its side or view is not known; give them with --table"
    return f"the {other} examination has no other image of that side and view"


def little_overlap(overlap: float) -> str:
    """Note on a pair whose prior shows too little.

    Args:
        overlap: Share of the current breast that the prior shows, 0 to 1.

    Returns:
        A sentence without period.
    """
    return f"the prior shows only {100 * overlap:.0f} % of the breast that the current image does"


def fits_another(prior: ImageDescription) -> str:
    """Note on a pair whose current image fits another prior better.

    Args:
        prior: Description of that other prior image.

    Returns:
        A sentence without period.
    """
    return f"it looks more like the prior {view_words(prior)}: a side or view may be labeled wrong"


def counts_words(*, matched: int, subthreshold: int, new: int, gone: int, not_visible: int) -> str:
    """Say how the calcifications of a region compare.

    Args:
        matched: Those that both images show.
        subthreshold: Those that are below the threshold on one image.
        new: Those on the current image alone, though the prior could show them.
        gone: Those on the prior alone, though the current image could show them.
        not_visible: Those on one image that the other could not show.

    Returns:
        Phrases with a semicolon between them; numbers that are 0 are left out, but for the first.
    """
    parts = ["1 calcification is the same" if matched == 1 else f"{matched} calcifications are the same"]
    if subthreshold:
        parts.append(f"{subthreshold} {'is' if subthreshold == 1 else 'are'} faint on one day")
    if new or gone:
        parts.append(f"{new} on the current image alone and {gone} on the prior alone, within error")
    if not_visible:
        parts.append(f"{not_visible} could be seen on one day only")
    return "; ".join(parts)


def size_words(ratio: float) -> str:
    """Say how much larger the same calcifications are.

    Args:
        ratio: Median diameter on the current image over that on the prior.

    Returns:
        A sentence without period.
    """
    return f"the same calcifications are {ratio:.2f} times as large"


def growth_words(growth_mm: float) -> str:
    """Say how far a group has grown.

    Args:
        growth_mm: How far new calcifications reach beyond the matched ones, to one side.

    Returns:
        A sentence without period.
    """
    return f"it has grown by {growth_mm:.0f} mm to one side"


def new_words(new: int, present: int) -> str:
    """Say how many calcifications are new.

    Args:
        new: Those on the current image alone.
        present: Those that were there on the prior.

    Returns:
        A sentence without period.
    """
    return f"{new} calcifications are new beside {present} that were there"


def gone_words(gone: int, present: int) -> str:
    """Say how many calcifications are gone.

    Args:
        gone: Those on the prior alone.
        present: Those that were there on the prior.

    Returns:
        A sentence without period.
    """
    return f"{gone} of {present} calcifications are gone"


def hidden_words(not_visible: int, *, on_prior: bool) -> str:
    """Say that most of a group could not have been seen on the other image.

    Args:
        not_visible: How many of its calcifications.
        on_prior: Whether that is the prior; else the current image.

    Returns:
        A sentence without period.
    """
    return (
        f"{not_visible} of its calcifications could not have been seen on the {_image(on_prior=on_prior)}: "
        "cut off, or lost in noise"
    )


def unmatched_words(unmatched: int, not_visible: int, *, on_prior: bool) -> tuple[str, ...]:
    """Say that a group is not seen on the other image.

    Args:
        unmatched: How many of its calcifications that image would have shown.
        not_visible: How many more it could not have shown.
        on_prior: Whether that is the prior; else the current image.

    Returns:
        One or two sentences without period.
    """
    where = _image(on_prior=on_prior)
    reason = f"{unmatched} of its calcifications are not seen on the {where}, which would have shown them"
    return (reason, f"{not_visible} more could not have been seen there") if not_visible else (reason,)


def _image(*, on_prior: bool) -> str:
    return "prior" if on_prior else "current image"


def shape_words(prior: Morphology, current: Morphology) -> str:
    """Say how the shape of a group has changed.

    Args:
        prior: Shape on the prior image.
        current: Shape on the current image.

    Returns:
        A sentence without period.
    """
    return f"the shape was {prior.replace('_', ' ')} and is {current.replace('_', ' ')}"
