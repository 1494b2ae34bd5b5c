"""What starts, in which order, what waits for what, and why the rest does not start. Pure."""
