"""The networks that classify candidates: one for the patch of each, one for each among its neighbors."""
