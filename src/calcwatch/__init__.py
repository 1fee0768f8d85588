"""calcwatch watches breast calcifications over time: a second pair of eyes, for research use."""

__version__ = "0.1.0"
