"""Figures of real images: a finished result against what people saw there."""
