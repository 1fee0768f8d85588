"""English for people: each word of an enumeration, each flag, reason and change."""
