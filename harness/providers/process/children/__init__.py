"""A process that was started, from its first moment to its end: its program, its session, its signals."""
