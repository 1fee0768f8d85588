"""Training of everything learned that ``calcwatch.models`` holds; the only room that speaks torch.

``detector`` classifies candidates, ``shapes`` morphology, ``distribution`` the distribution of groups;
``suspicion`` and ``view_pairs`` are fits of a few numbers. What they share stands here: settings and their
file, backgrounds and how they are varied, scenes and the examples made of them, the loop that fits a network,
and how it is written.
"""
