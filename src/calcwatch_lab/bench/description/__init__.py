"""How well shapes, distributions, suspicion and pairs of views are told."""
