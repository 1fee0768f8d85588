"""How well calcifications are found: detectors on cases of known truth, targets, and the page of evidence."""
