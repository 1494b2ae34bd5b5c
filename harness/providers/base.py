"""Why this exists: the one contract every place to run has to keep, so that the engine knows none of them."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

from harness.core.data_files import DataFiles
from harness.core.endpoint import Endpoint
from harness.events.log import Emit
from harness.faults.base import Heal
from harness.faults.link import Link
from harness.plan.model import Plan, Step
from harness.readiness.base import Probe
from harness.spec.model import Component, Ecosystem, Mount


@dataclass(frozen=True, slots=True)
class Exit:
    """How a component ended; `code` is negative for a signal, as in subprocess."""

    code: int
    reason: str = ""

    def __str__(self) -> str:
        what = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"{what} ({self.reason})" if self.reason else what


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment lives on this machine.

    Args:
        environment_id: The name that proves ownership of processes, containers and folders.
        runtime: A private folder (0700) for sockets and credentials; gone after teardown.
        logs: A folder for one `<component>.log` each; it stays.
        world: Which world of the environment; empty for the environment itself.
        is_copy: Whether its stores begin with a copy of a seeded state, as those of every world do.
    """

    environment_id: str
    runtime: Path
    logs: Path
    world: str = ""
    is_copy: bool = False


class Running(Protocol):
    """A component that was started and not yet stopped."""

    @property
    def endpoints(self) -> Mapping[int, Endpoint]:
        """Where each of its ports is reachable from the tests, by container port."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables it was given, secrets included (for exports; never shown)."""
        ...

    def probe(self) -> Probe:
        """What shows that it is ready, in this place to run."""
        ...

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """Its last log lines, oldest first, secrets masked."""
        ...

    async def exited(self) -> Exit:
        """Wait until it ends by itself or is stopped."""
        ...

    async def stop(self, grace: float) -> None:
        """End it and everything it started: politely, then after `grace` seconds by force. Idempotent."""
        ...


class Provider(Protocol):
    """Starts and removes the components of one environment.

    The engine calls `refusal` while planning, `prepare` once, `start` once a step (concurrently), and
    `aclose` always, also when `prepare` failed half-way.
    """

    @property
    def name(self) -> str:
        """The name that `--provider` takes."""
        ...

    def refusal(self, component: Component) -> str | None:
        """Why this provider cannot run a component; None when it can."""
        ...

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Reserve addresses, make credentials, fetch or build what the plan needs."""
        ...

    async def start(self, step: Step) -> Running:
        """Start one component; returns as soon as it runs, ready or not.

        Raises:
            EnvironmentFailedError: it could not be started; whatever was begun is undone by `aclose`.
        """
        ...

    async def aclose(self) -> tuple[str, ...]:
        """Remove everything this provider made and name what could not be removed. Idempotent."""
        ...


@runtime_checkable
class CanRestart(Protocol):
    """Ability: start a component anew in its place, with its addresses kept."""

    async def restart(self, step: Step, environment: Mapping[str, str]) -> Running:
        """Start the component, which the engine has stopped before, with `environment` laid over its own."""
        ...


@runtime_checkable
class CanRenew(Protocol):
    """Ability: what it has loaded for components, ahead of their start, can be loaded anew."""

    async def renew(self, components: Collection[str]) -> None:
        """From now on components start from their code as it is now; those that run are left alone.

        Args:
            components: Whose code has changed.

        Raises:
            EnvironmentFailedError: it cannot be loaded; what is started meets the code as it was.
        """
        ...


@runtime_checkable
class CanKill(Protocol):
    """Ability of what runs: to die without a word."""

    async def kill(self) -> None:
        """End it and everything it started by force and at once; returns when it has ended."""
        ...


@runtime_checkable
class CanBeReplaced(Protocol):
    """Ability of what runs: when it is killed, something other than the harness starts it again."""

    async def replace(self) -> None:
        """Kill it; returns when it is gone, and before what comes in its place is ready."""
        ...


@runtime_checkable
class CanScaleToZero(Protocol):
    """Ability of what runs: to be left without a single replica, with all else of it in place."""

    async def scale_to_zero(self) -> None:
        """Let all replicas end politely; returns when they have. `stop` has nothing left to do then."""
        ...


@runtime_checkable
class CanSuspend(Protocol):
    """Ability of what runs: to stand still."""

    async def suspend(self) -> None:
        """Returns when all its processes stand still; connections stay open.

        Raises:
            NotPossibleHereError: this one cannot; it goes on.
        """
        ...

    async def resume(self) -> None:
        """Let it go on. Nothing happens to what has ended, or does not stand still."""
        ...


@dataclass(frozen=True, slots=True)
class Streams:
    """What a command reads, and who takes what it writes.

    Args:
        out: Takes what it writes to its standard output, in pieces as they come.
        err: Takes what it writes to its standard error.
        file: What it reads, a file of this machine to its end; None for nothing.
    """

    out: Callable[[bytes], Awaitable[None]]
    err: Callable[[bytes], Awaitable[None]]
    file: IO[bytes] | None = None


@runtime_checkable
class CanExecute(Protocol):
    """Ability of what runs: a command can be run where it runs."""

    async def execute(self, argv: Sequence[str], streams: Streams) -> int:
        """Run a command with the component's variables, in its folder; gives its exit code.

        As with shells that is 127 or 126, and why is written to its standard error, where there is no such program or
        it may not be run, and 128 and the number of the signal that ended it. What is cancelled is ended where that
        can be done: engines and clusters let it go on.

        Raises:
            EnvironmentFailedError: the engine or the cluster does not run it, or does not tell its end.
        """
        ...


@runtime_checkable
class CanFillDisk(Protocol):
    """Ability of what runs: a tmpfs that its Compose file gives it, with a size, can be full."""

    async def fill_disk(self, mount: Mount) -> None:
        """Returns when there is no room left.

        Raises:
            UsageError: that cannot be done here; nothing has changed.
        """
        ...

    async def free_disk(self, mount: Mount) -> None:
        """Give the room back. Nothing happens where there is room, or to what has ended."""
        ...


@runtime_checkable
class CanClone(Protocol):
    """Ability of a provider: run the components once more, beside the first ones and on copies of their data."""

    async def copy_data(self, files: Mapping[str, DataFiles]) -> None:
        """Copy what stores have written, in place of what was copied before.

        A store stands still while its files are copied, so that they are as after a crash of it, and after a crash
        every store worth its name comes up again with all that was written.

        Args:
            files: Where each store's are, by component.

        Raises:
            EnvironmentFailedError: they cannot be copied; the environment goes on.
        """
        ...

    def clone(self, place: Place, emit: Emit) -> Provider:
        """A provider for a world of the same environment: same credentials, other addresses, the copied data.

        It ends before this one does.

        Args:
            place: Which world; where its logs go.
            emit: Takes its facts.
        """
        ...


class SetAside(Protocol):
    """What stores held at one instant, apart from them."""

    @property
    def credentials(self) -> Collection[str]:
        """Stores whose data opens only with the credentials that they have now."""
        ...

    def save(self, target: Path) -> None:
        """Move it into a folder to be made; blocks. Raises OSError, EnvironmentFailedError: there is no room."""
        ...

    def discard(self) -> None:
        """Remove what is not in that folder; blocks."""
        ...


@runtime_checkable
class CanSetAside(Protocol):
    """Ability of a provider: leave what stores hold to later environments."""

    async def set_aside(self, files: Mapping[str, DataFiles]) -> SetAside:
        """Copy what stores have written, to be saved later, while they work. They stand still meanwhile.

        Args:
            files: Where each store's are, by component.

        Raises:
            EnvironmentFailedError: it cannot be copied; the environment goes on.
        """
        ...


@runtime_checkable
class CanTellClients(Protocol):
    """Ability of a provider: tell components from others, where both are clients of the same server."""

    def is_components(self, host: str, port: int) -> bool:
        """Whether a connection, as its server sees where it comes from, is or may be a component's."""
        ...


@runtime_checkable
class CanTellWhere(Protocol):
    """Ability of what runs: to tell where it really listens."""

    def whereabouts(self) -> str:
        """In a sentence, for who looked for it in vain; empty where it is not meant to listen."""
        ...


@runtime_checkable
class CanExport(Protocol):
    """Ability of a provider: tell tests, in variables, where everything runs."""

    @property
    def variables(self) -> Mapping[str, str]:
        """By name; no secrets."""
        ...


@runtime_checkable
class HasLinks(Protocol):
    """Ability of a provider: proxies stand between components, and between them and the tests."""

    @property
    def links(self) -> Iterable[Link]:
        """All of them."""
        ...


@runtime_checkable
class HasFewLinks(Protocol):
    """Ability of a provider with links: to say between whom there are none."""

    def unlinked(self, source: str) -> str:
        """Why no proxy stands between a source and others, and what can be done; empty where proxies do."""
        ...


@runtime_checkable
class CanSeparate(Protocol):
    """Ability of a provider: the network that components are in keeps groups of them apart."""

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal:
        """Let no new connection lead from one group to another; returns when none does. What it gives undoes that.

        Raises:
            NotPossibleHereError: this network does not; nothing has changed.
        """
        ...
