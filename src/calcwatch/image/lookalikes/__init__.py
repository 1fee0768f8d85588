"""Bright things that are no calcification: found, named and kept apart."""
