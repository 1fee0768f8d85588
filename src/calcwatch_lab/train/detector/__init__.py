"""The networks that classify candidates."""
