"""Training: phantoms and inserted calcifications -> weights. The only room that imports torch."""
