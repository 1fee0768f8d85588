"""Files of persons and hospitals at the door: found, opened, checked, and results written as a whole."""
