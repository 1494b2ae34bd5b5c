"""Containers: the way to the engine that runs them."""
