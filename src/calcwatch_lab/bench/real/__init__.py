"""Figures on real images: what marks, groups and judgments are worth where somebody looked."""
