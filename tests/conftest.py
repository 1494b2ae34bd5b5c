"""Why this exists: every test may ask for what the ecosystem's own fixtures give; one that does not, starts nothing."""

pytest_plugins = ["tests.ecosystem"]
