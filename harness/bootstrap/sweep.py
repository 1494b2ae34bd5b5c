"""Why this exists: a keeper that was killed, or a machine that went down, tidies up nothing; the next command does.

Only what is proved to be ours is touched: environments of this user whose keeper's lock is free, the processes and
containers that carry their ids, and the folders named after them.
"""

from pathlib import Path

from harness.core.errors import ProviderUnavailableError
from harness.keeper import folders
from harness.providers.process.folders import left_by, left_by_reboot, remove
from harness.providers.process.ownership import end_now

_DOCKER = "docker"
_TIMEOUT = 2.0  # seconds that killed processes get to vanish


def sweep(*, engine: bool = False) -> tuple[list[str], list[str]]:
    """Remove what dead keepers left.

    Args:
        engine: Look for containers also when no folder tells of any, as after a reboot.

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
    for data in left_by_reboot():
        leftovers += remove(data)
    for folder in folders.unclaimed():
        folders.remove(folder)
    folders.tidy()
    swept = [about.environment_id for _, about in dead]
    if engine or any(about.provider == _DOCKER for _, about in dead):
        containers, left = _sweep_engine()
        swept += [environment_id for environment_id in containers if environment_id not in swept]
        leftovers += left
    return swept, leftovers


def _sweep_engine() -> tuple[list[str], list[str]]:
    from harness.providers.docker.sweep import sweep_engine  # noqa: PLC0415 - the SDK is an extra, and slow to import

    try:
        return sweep_engine(_lives)
    except ProviderUnavailableError:  # whoever needs the engine is told; the labels stay until then
        return [], []


def _lives(folder: Path) -> bool:
    return folder.exists() and folders.is_kept(folder)
