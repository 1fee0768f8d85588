"""The network that classifies the distribution of a group, from where its calcifications lie."""
