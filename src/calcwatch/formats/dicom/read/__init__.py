"""DICOM files -> mammograms, studies and CAD marks; whatever is wrong with a file is told with its reason.

A mammogram is read in this order: ``parse`` (header, place of the pixels), ``kind`` (is it one), ``frames``
(stored pixels), ``grayscale`` (stored value -> gray), ``spacing`` and ``view`` (what the header says of it).
``mammogram`` puts them together. What makers and older files do otherwise than the Standard is in ``quirks``.
"""
