"""The commands that compare examinations of one woman."""
