"""Concrete classes are picked here and nowhere else."""
