"""Why this exists: every change of the code leaves an image behind, and some of them are still wanted.

Another run may be about to make a container from any of them, so none goes that was used within the last day: by the
engine's own clock, which notes when an image was last given a name (see `components`).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from harness.images.labels import CONTENT
from harness.images.names import by_content

if TYPE_CHECKING:
    from docker import DockerClient

_KEPT = timedelta(days=1)


def remove_outdated(engine: "DockerClient", newest: str) -> None:
    """Remove what has the name of `newest` with another content, unless it was used within a day of it.

    What a container uses stays, running or not, and so does what the engine does not tell the time of.
    """
    now = last_used(engine.images.get(newest))
    if now is None:
        return
    for image in engine.images.list(name=newest.rpartition(":")[0]):
        tag = by_content(newest, image.labels.get(CONTENT, ""))
        used = last_used(image)
        if tag in image.tags and used is not None and now - used > _KEPT:
            _remove(engine, tag)


def last_used(image: Any) -> datetime | None:
    """When it was last given a name; engines that do not note that tell nothing, or the year 1."""
    told = str((image.attrs.get("Metadata") or {}).get("LastTagTime") or "0001")
    return None if told.startswith("0001") else datetime.fromisoformat(told)


def _remove(engine: "DockerClient", tag: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415 - the package is an extra

    try:
        engine.images.remove(tag)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone already; in use
            raise
