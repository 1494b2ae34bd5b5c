"""Compose files (and their `x-harness` keys) in, one frozen typed ecosystem out."""

from harness.spec.faults import InvalidFileError
from harness.spec.loader import Loaded, load

__all__ = ["InvalidFileError", "Loaded", "load"]
