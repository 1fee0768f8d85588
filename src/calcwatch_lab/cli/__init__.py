"""The commands of ``calcwatch-lab``: words into one measurement or one training."""
