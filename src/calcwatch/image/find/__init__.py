"""Where a calcification may lie: local maxima of a filter bank, the best of them classified by networks."""
