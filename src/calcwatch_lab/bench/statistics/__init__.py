"""Figures of merit with their intervals: free response, ROC, matching, overlap, calibration, confusion.

Nothing here knows a detector, a data set or a page.
"""
