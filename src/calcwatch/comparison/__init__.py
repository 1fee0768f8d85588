"""Two or more days: aligned, matched, and what became of every group. Pure."""
