"""Why this exists: people and tests look into components: a command is run there, files are copied out and in."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError, UsageError, refused
from harness.core.tasks import run_to_end
from harness.engine.archives import pack, place_for, unpack
from harness.engine.parts import Parts
from harness.engine.restarting import running_in
from harness.events.facts import State
from harness.providers.base import CanExecute, Streams

_NOT_RUN = (126, 127)  # as shells tell it
_KEPT = 2000  # bytes of what tar says that an error tells
# All is read, whatever becomes of it: of a command that leaves much unread, a cluster does not tell the end.
_UNPACK = 'tar -C "$0" -xf -; code=$?; cat >/dev/null; exit $code'


class Inside:
    """The components of an environment, from within.

    Files are copied by the component's own `tar`, which is what all places to run have in common.

    Args:
        parts: What the engine holds.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def execute(self, component: str, argv: Sequence[str], streams: Streams) -> int:
        """Run a command where a component runs, with its variables; gives its exit code, as `CanExecute` has it.

        Raises:
            UsageError: there is no such component, it is not ready, or the provider cannot do that.
            EnvironmentFailedError: it could not be run.
        """
        running = running_in(self._parts, component)
        if not isinstance(running, CanExecute):
            name = self._parts.provider.name
            raise NotPossibleHereError(f"the {name} provider cannot run a command in {component}")
        if (state := self._parts.lifecycle.states[component]) is not State.READY:
            raise UsageError(
                f"{component} is {state}: no command can be run in it",
                hint="a component takes commands while it is ready",
            )
        return await running.execute(argv, streams)

    async def copy_out(self, component: str, path: str, target: Path) -> None:
        """Copy a file or folder of a component to this machine.

        Args:
            component: Which one.
            path: In it; one that is not absolute begins at its working folder.
            target: A folder that is there, to copy into; or what the copy is to be called.

        Raises:
            UsageError: as `execute`; or there is no folder for `target`.
            EnvironmentFailedError: it could not be copied, such as for want of it.
        """
        source = PurePosixPath(path)
        if source.name in ("", ".."):
            raise UsageError(f"{path!r} cannot be copied", hint="name a file, or a folder below /")
        place = place_for(source.name, target)
        with _copying(f"{path} of {component}") as archive:
            argv = ("tar", "-C", str(source.parent), "-cf", "-", f"./{source.name}")
            await self._tar(component, argv, written=archive)
            archive.seek(0)
            await run_to_end(asyncio.to_thread(unpack, archive, source.name, place))

    async def copy_in(self, component: str, source: Path, path: str) -> None:
        """Copy a file or folder of this machine into a component; it belongs to whom commands run as there.

        Args:
            component: Which one.
            source: Here.
            path: A folder that is there, to copy into; or what the copy is to be called.

        Raises:
            UsageError: as `execute`; or there is nothing at `source`.
            EnvironmentFailedError: it could not be copied.
        """
        name = _name_of(source)
        target = PurePosixPath(path)
        if not await self._is_folder(component, target):
            target, name = target.parent, target.name
        with _copying(f"{source} to {component}") as archive:
            await run_to_end(asyncio.to_thread(pack, source, f"./{name}", archive))
            archive.seek(0)
            await self._tar(component, ("sh", "-c", _UNPACK, str(target)), read=archive)

    async def _is_folder(self, component: str, path: PurePosixPath) -> bool:
        async def ignore(_chunk: bytes) -> None:
            """It says nothing that matters."""

        return await self.execute(component, ("test", "-d", str(path)), Streams(ignore, ignore)) == 0

    async def _tar(
        self,
        component: str,
        argv: Sequence[str],
        *,
        read: IO[bytes] | None = None,
        written: IO[bytes] | None = None,
    ) -> None:
        """Run tar in a component on an archive here. Raises EnvironmentFailedError with its words where it fails."""
        said = bytearray()

        async def hear(chunk: bytes) -> None:
            said.extend(chunk[: _KEPT - len(said)])

        async def write(chunk: bytes) -> None:
            if written is not None:
                written.write(chunk)

        if code := await self.execute(component, argv, Streams(write, hear, read)):
            lines = said.decode(errors="replace").splitlines()
            hint = f"it takes a tar in the image of {component}" if code in _NOT_RUN else ""
            raise EnvironmentFailedError(
                f"tar in {component} ended with exit code {code}", evidence=lines, hint=hint
            )


def _name_of(source: Path) -> str:
    """What a copy of it is called. Raises UsageError: there is nothing."""
    if not source.exists():
        raise UsageError(f"there is no {source} to copy")
    return source.resolve().name if source.name in ("", "..") else source.name


@contextmanager
def _copying(what: str) -> Iterator[IO[bytes]]:
    """A file for an archive. What this machine's disk refuses is told as that."""
    try:
        with tempfile.TemporaryFile() as archive:
            yield archive
    except OSError as error:
        raise refused(error, f"cannot copy {what}") from error
