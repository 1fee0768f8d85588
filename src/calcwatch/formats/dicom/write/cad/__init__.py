"""Mammography CAD SR (PS3.3 A.35.5): ``report`` is its root (TID 4000 to 4003), with a file for each branch.

``image_library`` is TID 4020, ``findings`` TID 4004 to 4012, ``summary`` TID 4015 to 4018.
"""
