"""Words every room shares: errors, clock, ids, endpoints. Nothing here does I/O."""
