"""The pure steps from gray levels to groups: arrays and domain objects in, domain objects out."""
