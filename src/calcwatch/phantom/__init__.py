"""Synthetic mammograms with exact truth, of one 3-D arrangement, and calcifications put into real ones.

Nothing here knows the analysis: what is true must not be computed by the code that is tested with it.
"""
