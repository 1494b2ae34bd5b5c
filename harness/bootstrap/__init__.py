"""Concrete classes are picked here and nowhere else, from what was asked to what a run leaves."""
