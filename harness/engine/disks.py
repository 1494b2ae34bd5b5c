"""Why this exists: a disk is filled only where its Compose file bounds it: never the machine's, nor all its memory."""

from harness.core.errors import UsageError
from harness.spec.model import Component, Mount

LARGEST = 1 << 30  # bytes: a full tmpfs takes that much of the machine's memory
_HINT = "give its data a file system with a size, such as `tmpfs: [/data:size=64m]` below that service"


def own_disk(component: Component, path: str | None = None) -> Mount:
    """The file system of a component that can be filled.

    Args:
        component: Whose.
        path: Where it is mounted; None for the only one.

    Raises:
        UsageError: there is none, there are several, or it is too large.
    """
    found = [mount for mount in component.mounts if _is_bounded(mount) and path in (None, mount.target)]
    if not found:
        where = f"at {path}" if path else "of its own"
        raise UsageError(f"{component.name} has no file system {where} that could be full", hint=_HINT)
    if len(found) > 1:
        known = ", ".join(mount.target for mount in found)
        raise UsageError(f"{component.name} has several file systems: {known}", hint="say which one: path=…")
    if (size := found[0].size or 0) > LARGEST:
        raise UsageError(
            f"{found[0].target} of {component.name} holds {size >> 20} MiB, and filling it takes as much memory",
            hint=f"give it a size of {LARGEST >> 20} MiB at most",
        )
    return found[0]


def _is_bounded(mount: Mount) -> bool:
    return mount.kind == "tmpfs" and bool(mount.size) and not mount.read_only
