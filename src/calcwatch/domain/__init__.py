"""The nouns: a mammogram, what is found in it, what an examination says of it, what changes over time.

Everything here is frozen and valid from birth. Points are ``(row, column)``, counted from the center of the
top-left pixel of the file as stored. Lengths that cross a border are in mm and end ``_mm``; lengths in
pixels end ``_px``. A length in mm is ``None`` when the pixel spacing is unknown: it is never guessed.
"""
