"""Why this exists: who restarts a component can have it run without coverage, as for load. Light to import."""

UNMEASURED = "HARNESS_UNMEASURED"
"""The variable, in what is laid over a component's own, that says so for this one start."""
