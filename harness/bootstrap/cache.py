"""Why this exists: what stays between runs (data directories, readable binaries) has one place per user."""

import os
from pathlib import Path

_NAME = "ecosystem-harness"


def cache_folder() -> Path:
    """HARNESS_CACHE_DIR, else the system's cache for root (its home is closed to servers), else XDG's."""
    if chosen := os.environ.get("HARNESS_CACHE_DIR"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache") / _NAME
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / _NAME
