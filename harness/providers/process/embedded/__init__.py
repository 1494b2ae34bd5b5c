"""Servers that come as wheels and so run without a container: one recipe a file."""
