"""Evaluation and speed: figures, each with the data it was measured on."""
