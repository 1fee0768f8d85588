"""What is true of test images: phantoms, insertions into real images, and labels that people gave."""
