"""Where a calcification may lie: a filter bank proposes candidates, patches of them are classified."""
