"""A person's identity taken out of DICOM files (PS3.15 Annex E), keeping what a mammogram is read by.

``rules`` lists what may stay, as data; ``deidentify`` makes a file anew from it. ``code_meanings`` gives
codes the meaning of their scheme, ``values`` judges values by their VR, ``pixels`` and ``bit_streams`` make
pixels anew.
"""
