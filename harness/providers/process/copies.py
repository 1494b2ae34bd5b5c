"""Why this exists: worlds begin with copies of what servers have written, made while those stand still.

A server that stands still leaves its files as they would be after a crash of it, and after a crash every server worth
its name comes up again with all that was written. `cp` shares the blocks where the file system can (reflinks).
"""

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.core.endpoint import Endpoint
from harness.core.tasks import run_to_end
from harness.providers.process.account import Account
from harness.providers.process.embedded.base import Ground, Recipe
from harness.providers.process.running import RunningProcess
from harness.spec.model import Component


@dataclass(frozen=True, slots=True)
class Server:
    """An embedded server that runs."""

    component: Component
    recipe: Recipe
    endpoint: Endpoint
    ground: Ground
    running: RunningProcess


async def copy_servers(servers: Iterable[Server], target: Path) -> None:
    """Copy the data of servers as it is at one instant.

    Args:
        servers: All of them stand still until the last one is copied.
        target: The folder to be made, which others may pass through; it gets one folder a server.

    Raises:
        EnvironmentFailedError: one cannot be copied, or not write down what it holds in memory.
    """
    servers = list(servers)
    for server in servers:
        await server.recipe.flush(
            server.component, server.running.environment, server.endpoint, server.ground
        )
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.running.resume)
            await server.running.suspend()
        await run_to_end(asyncio.to_thread(_copy_all, servers, target))


async def lay_out(copied: Path, ground: Ground) -> None:
    """Fill the empty folder of a server with its copied data. Raises EnvironmentFailedError: there is no room."""
    filling = asyncio.to_thread(_fill, copied, ground.folder, ground.account)
    await run_to_end(filling)  # whoever removes the folder next must not meet it being filled


def discard(copied: Path) -> None:
    """Remove what was copied, where there is anything."""
    shutil.rmtree(copied, ignore_errors=True)


def _copy_all(servers: Iterable[Server], target: Path) -> None:
    target.mkdir()
    target.chmod(0o711)  # whatever the umask says
    for server in servers:
        folder, account = target / server.component.name, server.ground.account
        folder.mkdir(mode=0o700)
        account.give(folder)
        _fill(server.ground.folder, folder, account)
        server.recipe.forget_server(folder)


def _fill(source: Path, target: Path, account: Account) -> None:
    account.run(["cp", "-R", "--reflink=auto", f"{source}/.", str(target)])
