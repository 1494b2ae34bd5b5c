"""Why this exists: whoever is given a socket of this machine is meant to use it, which takes its group.

A Compose file cannot know that number: the group of the engine's socket differs from machine to machine.
"""

import stat
from collections.abc import Iterable
from pathlib import Path

from harness.spec.model import Mount


def groups_of_sockets(mounts: Iterable[Mount]) -> tuple[str, ...]:
    """The group ids of the sockets that are mounted; of what is not on this machine, nothing."""
    found = (_group(mount) for mount in mounts if mount.kind == "bind" and mount.source)
    return tuple(dict.fromkeys(group for group in found if group is not None))


def _group(mount: Mount) -> str | None:
    try:
        status = Path(mount.source or "").stat()
    except OSError:
        return None
    return str(status.st_gid) if stat.S_ISSOCK(status.st_mode) else None
