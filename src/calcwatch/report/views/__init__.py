"""What the page says, worked out before any HTML: rows of names and words that its templates lay out."""
