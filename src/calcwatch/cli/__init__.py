"""The command ``calcwatch``: each command translates words into one use case and its answer into words."""
