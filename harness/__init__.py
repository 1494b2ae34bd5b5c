"""An ecosystem test harness: one Compose file, started anywhere, tested as a whole."""
