"""Why this exists: a Postgres that was seeded once is an image from then on; those that nobody uses any more go."""

import contextlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

from harness.images.outdated import last_used
from harness.providers.docker.failures import refused
from harness.providers.docker.labels import OWNER, owner
from harness.providers.docker.running import RunningContainer

if TYPE_CHECKING:
    from docker import DockerClient

_REPOSITORY = "ecosystem-harness/seeded"
_MOST = 8  # images; each is some ten megabytes
_IN_USE = timedelta(hours=1)  # within which a container is made of one that was noted for use


def make_image(running: RunningContainer, *, stays: bool) -> str:
    """An image of a container that stands still, with its files; what it is called.

    What the container was told, its password among it, is not in there: whoever is made of it is told anew.

    Args:
        running: Whose.
        stays: Whether it is to stay after the environment; else it goes with what has that one's label.

    Raises:
        EnvironmentFailedError: the engine refuses.
    """
    tag = secrets.token_hex(8)
    told = [f'ENV {name}=""' for name in running.component.environment]
    ours = [f'LABEL {name}=""' for name in running.container.labels if stays and name != OWNER]
    try:
        running.container.commit(_REPOSITORY, tag, pause=False, changes=[*told, *ours])
    except APIError as error:
        raise refused(f"{running.component.name}: its data cannot be kept", error) from error
    return f"{_REPOSITORY}:{tag}"


def note_use(engine: "DockerClient", reference: str) -> None:
    """The engine notes the time when an image is given its name, also where it has it."""
    engine.images.get(reference).tag(*reference.split(":"))


def remove_unused(engine: "DockerClient") -> None:
    """Keep those of this user that were used last, and whatever may be used at this moment, by the engine's clock."""
    images = engine.images.list(_REPOSITORY, filters={"label": f"{OWNER}={owner()}"})
    found = sorted(((_at(image), image) for image in images), key=lambda each: each[0], reverse=True)
    for at, image in found[_MOST:]:
        if found[0][0] - at > _IN_USE:
            for tag in image.tags:
                remove(engine, tag)


def _at(image: Any) -> datetime:
    """When it was used last; of engines that do not note that, when it was made."""
    return last_used(image) or datetime.fromisoformat(image.attrs["Created"])


def remove(engine: "DockerClient", image: str) -> None:
    """Remove an image, unless it is gone already, or in use: there is a next time."""
    with contextlib.suppress(APIError):
        engine.images.remove(image)
