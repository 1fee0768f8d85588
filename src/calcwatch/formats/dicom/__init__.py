"""DICOM: the only room that speaks it, with a room for each of ``read``, ``write`` and ``deidentify``.

What both directions share lies here: codes as items of a sequence, and how places in an image are counted.
"""
