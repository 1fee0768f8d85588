"""Two or more examinations of one woman: aligned, matched, and what became of every group. Pure.

``compare.py`` shows the job: ``register`` lays tissue over tissue, ``match`` finds the same calcifications,
``visibility`` says what each image could show of the others, ``regions`` puts groups together, ``change``
says what became of them. ``history`` follows groups through a series; ``treatment`` and ``surgical_bed`` say
what a stated treatment adds. Every number that changes a result stands in ``settings.py``.
"""
