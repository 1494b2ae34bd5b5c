"""Why this exists: names that never clash (runs, environments) and secrets nobody can guess.

Light to import: an environment has its name before anything else is loaded.
"""

import os
import time


def new_run_id(now: float) -> str:
    """A run's name, sortable by time and unique on this machine, such as `20261121-141502-9f3a`.

    Args:
        now: Seconds since the Unix epoch.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{os.urandom(2).hex()}"


def new_environment_id() -> str:
    """An environment's name: short enough for socket paths, random enough never to clash."""
    return os.urandom(5).hex()


def new_secret() -> str:
    """A credential of 256 random bits as 64 hexadecimal digits."""
    return os.urandom(32).hex()
