"""Why this exists: a container's tmpfs is filled, and emptied again, from within: nothing else reaches into it.

`dd` writes until there is no room. What `fallocate` is told to reserve is always a little too little or too much.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.providers.docker.failures import told_by

if TYPE_CHECKING:
    from docker.models.containers import Container

BALLAST = ".harness-ballast"
_BLOCK = 1 << 16  # bytes
_FULL = "No space left on device"
_REFUSED = -1
_NOT_RUN = {_REFUSED, 126, 127}  # as shells and engines tell


def fill(container: "Container", path: str, size: int) -> None:
    """Write until there is no room; never more than `size` bytes and a little.

    Raises:
        UsageError: the image has no dd, or its root may not write there; nothing has changed.
    """
    count = size // _BLOCK + 2
    argv = ["dd", "if=/dev/zero", f"of={path}/{BALLAST}", f"bs={_BLOCK}", f"count={count}"]
    code, told = _execute(container, argv)
    if code and _FULL in told:
        return
    if code not in _NOT_RUN:  # as it wrote nothing then, and rm may be missing as well
        free(container, path)
    raise UsageError(
        f"{path} cannot be filled from within the container: {told or f'dd ended with {code}'}",
        hint="it needs dd and rm in the image, and a root that may write there",
    )


def free(container: "Container", path: str) -> None:
    """Give the room back, also when the container stands still; one that has ended has no tmpfs any more.

    Raises:
        EnvironmentFailedError: the file could not be removed.
    """
    container.reload()
    if container.status == "paused":
        container.unpause()
        try:
            _remove(container, path)
        finally:
            container.pause()
    elif container.status == "running":
        _remove(container, path)


def _remove(container: "Container", path: str) -> None:
    code, told = _execute(container, ["rm", "-f", f"{path}/{BALLAST}"])
    if code and _runs(container):
        raise EnvironmentFailedError(f"{path} cannot be freed: {told or f'rm ended with {code}'}")


def _execute(container: "Container", argv: list[str]) -> tuple[int, str]:
    """How a command ended that runs as the container's root, and what it said; also that it could not run."""
    from docker.errors import APIError  # noqa: PLC0415 - the SDK is loaded by now; see engine

    try:
        code, output = container.exec_run(argv, user="0", environment={"LC_ALL": "C"})
    except APIError as error:
        if error.status_code not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            raise
        return _REFUSED, told_by(error)
    assert isinstance(output, bytes)  # noqa: S101 - it is not streamed
    return int(code or 0), " ".join(output.decode(errors="replace").split())


def _runs(container: "Container") -> bool:
    container.reload()
    return container.status == "running"
