"""The networks that tell shapes."""
