"""Figures with their intervals, from marks held against what is true."""
