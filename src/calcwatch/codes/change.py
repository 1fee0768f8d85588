"""What became of a finding since the prior examination."""

from __future__ import annotations

from calcwatch.codes.code import Code
from calcwatch.codes.private import NOT_COMPARABLE, RESOLVED
from calcwatch.domain.change import ChangeKind

CHANGE_SINCE_PRIOR = Code("SCT", "129720009", "Finding of change since previous mammogram (finding)")
"""Change, as a question; the answers are ``CHANGES``."""

CHANGES: dict[ChangeKind, Code] = {
    ChangeKind.NEW: Code("SCT", "129721008", "New finding"),
    ChangeKind.INCREASED_IN_NUMBER: Code("SCT", "129726003", "Increase in number of calcifications"),
    # CID 6002 has one word for size: what grew, the group or its calcifications, is said in the comment.
    ChangeKind.INCREASED_IN_EXTENT: Code("SCT", "15454001", "Increase in size"),
    ChangeKind.INCREASED_IN_SIZE: Code("SCT", "15454001", "Increase in size"),
    # CID 6002 has no change of shape; CID 6038 has.
    ChangeKind.SHAPE_CHANGED: Code("SCT", "129811006", "Difference in shape"),
    ChangeKind.NO_SIGNIFICANT_CHANGE: Code("SCT", "129723006", "No significant changes in the finding"),
    ChangeKind.DECREASED: Code("SCT", "129727007", "Decrease in number of calcifications"),
    ChangeKind.PARTIALLY_REMOVED: Code("SCT", "129722001", "Finding partially removed"),
    # The next two are ours: CID 6002 has neither.
    ChangeKind.RESOLVED: RESOLVED,
    ChangeKind.NOT_COMPARABLE: NOT_COMPARABLE,
}
"""Change since the last mammogram (PS3.16 CID 6002; shape: CID 6038), ours where DICOM has no code."""
