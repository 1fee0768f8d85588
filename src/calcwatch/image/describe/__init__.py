"""Groups, and what they look like: morphology, distribution, suspicion."""
