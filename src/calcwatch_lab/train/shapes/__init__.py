"""The networks that classify morphology: one for each calcification, one for each among its neighbors."""
