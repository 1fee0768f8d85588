"""The laboratory: what trains and measures calcwatch, and what no hospital runs."""
