"""Jonar, the platform service: runs components as replicas, measures them and scales them."""
