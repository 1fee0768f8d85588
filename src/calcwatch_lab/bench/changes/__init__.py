"""How well two examinations are compared: breasts on two days, what truly became of each group, the page."""
