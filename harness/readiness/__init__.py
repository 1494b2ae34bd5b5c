"""Probes and the wait around them: one probe a file, each able to describe itself."""
