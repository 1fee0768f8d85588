"""Comprehensive 3D SR (PS3.3 A.35.13): ``report`` is its root (TID 1500), ``groups`` are TID 1410."""
