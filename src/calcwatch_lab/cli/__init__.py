"""The commands of ``calcwatch-lab``."""
