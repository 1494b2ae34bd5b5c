"""Why this exists: a keeper that was killed, or a machine that went down, tidies up nothing; the next command does.

Only what is proved to be ours is touched: environments of this user whose keeper's lock is free, the processes that
carry their ids, and the folders named after them.
"""

from harness.keeper import folders
from harness.providers.process.folders import left_by, remove
from harness.providers.process.ownership import end_now

_TIMEOUT = 2.0  # seconds that killed processes get to vanish


def sweep() -> tuple[list[str], list[str]]:
    """Remove what dead keepers left.

    Returns:
        The ids of the environments that were removed, and in words what could not be.
    """
    dead = [(folder, about) for folder, about in folders.known() if not folders.is_kept(folder)]
    leftovers: list[str] = []
    for folder, about in dead:
        leftovers += end_now(about.environment_id, _TIMEOUT)
        for data in left_by(about.environment_id):
            leftovers += remove(data)
        folders.remove(folder)
    for folder in folders.unclaimed():
        folders.remove(folder)
    folders.tidy()
    return [about.environment_id for _, about in dead], leftovers
