"""Each calcification outlined and measured, its shape in numbers."""
