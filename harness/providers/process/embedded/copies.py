"""Why this exists: worlds begin with copies of what embedded servers have written, made while those stand still."""

import asyncio
import shutil
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.core.data_files import DataFiles
from harness.core.tasks import run_to_end
from harness.providers.process.children.running import RunningProcess
from harness.providers.process.embedded.base import Home
from harness.providers.process.storage.account import Account


@dataclass(frozen=True, slots=True)
class Server:
    """An embedded server that runs, its home, and where in that its files are."""

    name: str
    running: RunningProcess
    home: Home
    files: DataFiles


async def copy_servers(servers: Sequence[Server], target: Path) -> None:
    """Copy the data of servers as it is at one instant.

    Args:
        servers: All of them stand still until the last one is copied.
        target: The folder to be made, which others may pass through; it gets one folder a server.

    Raises:
        EnvironmentFailedError: there is no room.
    """
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.running.resume)
            await run_to_end(server.running.suspend())
        await run_to_end(asyncio.to_thread(_copy_all, servers, target))


@dataclass(frozen=True, slots=True)
class SetAside:
    """Copied data of servers in memory, from which it is saved while others work."""

    folder: Path
    account: Account
    credentials: Collection[str] = ()  # servers get others at their next start

    def save(self, target: Path) -> None:
        """Move it into a folder to be made; blocks. Raises EnvironmentFailedError: there is no room."""
        target.mkdir()
        target.chmod(0o711)  # whatever the umask says
        for source in self.folder.iterdir():
            folder = target / source.name
            folder.mkdir(mode=0o700)
            self.account.give(folder)
            _fill(source, folder, self.account)
        self.discard()

    def discard(self) -> None:
        """Free the memory; blocks."""
        discard(self.folder)


async def lay_out(copied: Path, home: Home) -> None:
    """Fill the empty folder of a server with its copied data. Raises EnvironmentFailedError: there is no room."""
    filling = asyncio.to_thread(_fill, copied, home.folder, home.account)
    await run_to_end(filling)  # whoever removes the folder next must not meet it being filled


def discard(copied: Path) -> None:
    """Remove what was copied, where there is anything."""
    shutil.rmtree(copied, ignore_errors=True)


def _copy_all(servers: Sequence[Server], target: Path) -> None:
    target.mkdir()
    target.chmod(0o711)  # whatever the umask says
    for server in servers:
        home, folder = server.home, target / server.name
        folder.mkdir(mode=0o700)
        home.account.give(folder)
        data = Path(server.files.folder).resolve().relative_to(home.folder.resolve())
        _fill(home.folder / data, folder / data, home.account)
        for name in server.files.without:
            (folder / data / name).unlink(missing_ok=True)


def _fill(source: Path, target: Path, account: Account) -> None:
    """Copy a folder's content; it shares the blocks where the file system can (reflinks)."""
    account.run(["cp", "-R", "--reflink=auto", "-T", str(source), str(target)])
