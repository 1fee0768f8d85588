"""How well calcifications are found, and the page that says so."""
