"""The laboratory: what trains and measures calcwatch, and what no hospital runs.

``seeds`` says which phantoms fit, choose and test; ``labels`` reads every table of labels; ``train`` makes
what is shipped in ``calcwatch.models``; ``bench`` measures it on phantoms and images of known truth and
writes the pages of evidence, with what ``pages`` holds for all of them.
"""
