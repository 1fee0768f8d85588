"""How the figures were measured, in the words of the page."""

from calcwatch_lab.bench.detection.judge import (
    GROUP_MEMBERS_FROM,
    LOWEST_SCORE,
    MOST_MARKS,
    SMALLEST_CIRCLE_MM,
)
from calcwatch_lab.bench.statistics.matching import HIT_MM, HIT_OVERLAP
from calcwatch_lab.bench.truth.phantoms import TEST_SEEDS
from calcwatch_lab.bench.truth.truth import ROSE

RULES = f"""\
## How it was measured

- **A hit**: the centers of mark and calcification lie within {HIT_MM:g} mm, or their outlines overlap by
  {HIT_OVERLAP:g} (intersection over union). One to one: as many hits as possible by the Hungarian method,
  the most believable marks first, then the nearest. A second mark on the same calcification is false.
- **False marks** are counted on all images, those with calcifications too. A mark on a look-alike is false.
  Marks in regions that the truth says nothing about are neither.
- **The curve** follows the {MOST_MARKS} highest marks of an image down to a score of {LOWEST_SCORE:g}. A rate
  is read off at the lowest threshold that lets at most that many false ones pass. The area of the breast is
  the one the analysis finds.
- **Detectability**: root of the sum over an object's pixels of (signal / noise)². In insertions it is that
  sum; in phantoms it is computed from the peak contrast, the area and the system's blur. It knows quantum
  noise only, not the tissue a calcification lies in and not the grain of film. {ROSE:g} is Rose's limit of
  what is seen reliably.
- **A true group** has three visible calcifications or is a circle of the data set. It is hit when the center
  of a found group lies in its circle (at least {SMALLEST_CIRCLE_MM:g} mm in radius) and two of its
  calcifications are among the group's own, where they are known. A found group of three real calcifications
  that hits no true group is neither. Where only circles are known, false groups are counted on normal images.
  Loose groups have members down to a score of {GROUP_MEMBERS_FROM:g}.
- **Phantoms**: seeds {TEST_SEEDS.start} and up, one view each, which trained nothing. Every fourth has no
  calcification.
- **Insertions**: phantom calcifications put into images labeled as without, and the same images left alone,
  both in the figures. Whatever real calcification such an image has counts as a false mark.
- **Outlines**: the true one is that of the calcification's whole shadow before any blur.
- **Calibration**: over all marks of the curve, a mark being real when it lies on a calcification: what a
  score claims. A second mark on one is real here and false above.
- **Intervals**: patients are drawn with replacement, all images of one together; matching is done once. The
  percentiles 2.5 and 97.5 are given. With few patients they are too narrow."""
"""The last part of the page."""
