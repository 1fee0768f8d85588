"""A phantom woman with a history: one breast over years, operated on, imaged on two to six dates.

``make.make_history`` makes her; what is true of her over all dates is in ``truth``.
"""
