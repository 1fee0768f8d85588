"""What is true of test images: phantoms, insertions, tables of labels."""
