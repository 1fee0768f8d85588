"""The picture as every later stage sees it: turned and cropped, the breast, its quality, its landmarks."""
