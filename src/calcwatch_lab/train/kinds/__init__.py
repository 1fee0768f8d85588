"""Kinds and suspicion of groups, fitted to groups of real images that readers labeled."""
