"""Starts a plan with a provider, watches what runs, and takes everything down again, whatever happens."""

from harness.engine.environment import Environment
from harness.engine.opening import open_environment
from harness.engine.seeding import CanPrepare, Seeded, Seeder

__all__ = ["CanPrepare", "Environment", "Seeded", "Seeder", "open_environment"]
