"""Why this exists: what every embedded server's recipe says about itself, and what it is given."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Protocol

from harness.core.endpoint import Endpoint
from harness.providers.process.storage.account import Account
from harness.spec.images import image_name
from harness.spec.model import Component, Mount


@dataclass(frozen=True, slots=True)
class Home:
    """Where a server lives: what its recipe may use.

    Args:
        folder: A folder of its own for data, on tmpfs where there is room; gone after the run.
        cache: A folder that stays between runs, shared by all environments of this user.
        account: Whom the server runs as.
        is_copy: Whether what is in the folder was copied from another server, and this is the first start on it.
    """

    folder: Path
    cache: Path
    account: Account
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the server.

    Args:
        argv: Its command line.
        environment: Its variables.
        finish: What to do once its process runs, before it counts as started.
        clients: Variables with which its own client programs are found, and find it, as in its image.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    finish: Callable[[], Awaitable[None]] | None = None
    clients: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """How one kind of server runs from a wheel. `port` is the container port its image listens on."""

    polite: Signals
    port: int

    def matches(self, component: Component) -> bool:
        """Whether the component's image is this server's official one."""
        ...

    def refusal(self, component: Component) -> str | None:
        """Why this component cannot run from the wheel; None when it can."""
        ...

    def uses(self, mount: Mount) -> bool:
        """Whether the mount does here what it does for the image, within one run: data is kept no longer."""
        ...

    def uses_cache(self, account: Account) -> bool:
        """Whether the server, as that account, reads anything from the cache."""
        ...

    def server(self, component: Component) -> str:
        """What runs for the component, by name and version: `Postgres 16.14`. Only for what it does not refuse."""
        ...

    async def warm(self, component: Component, home: Home) -> None:
        """Fill the cache ahead of the start (a data directory, readable binaries); quick when it is filled."""
        ...

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, home: Home
    ) -> Launch:
        """Lay out the data folder, unless that was done for an earlier start, and say how to start.

        Args:
            component: What the Compose file says.
            environment: Its variables with this environment's secrets.
            endpoint: Where it has to listen.
            home: Where it lives.
        """
        ...


def is_explicit(component: Component, server: str) -> bool:
    """Whether the file says outright to run this server, whatever its command is."""
    process = component.settings.process
    return process is not None and process.embedded == server


def other_major(recipe: Recipe, component: Component) -> bool:
    """Whether the server is of another major version than the official image that the file names."""
    asked = re.match(r"\d+", image_name(component)[1])
    if asked is None or not recipe.matches(component):
        return False
    return recipe.server(component).rpartition(" ")[2].partition(".")[0] != asked[0]
