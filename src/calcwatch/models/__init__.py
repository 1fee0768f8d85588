"""What calcwatch has learned: weights, their cards, and the only file that runs a network."""
