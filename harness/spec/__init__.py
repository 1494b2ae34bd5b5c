"""Compose files (and their `x-harness` keys) in, one frozen typed ecosystem out."""
