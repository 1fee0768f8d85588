"""How well morphology, distribution, suspicion and pairs of views are described, and the page on it."""
