"""How well two examinations are compared."""
