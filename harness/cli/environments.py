"""Why this exists: commands about an environment that runs first have to find it, and often to ask how it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError, UsageError
from harness.events.log import Emit
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription

_TIMEOUT = 3.0  # seconds; a keeper answers within milliseconds, even while everything starts
_NAME_ONE = "name one with --environment"
_ENDING = 1.0  # seconds for one that ends at this very moment to be gone

Found = tuple[Path, folders.About]


@dataclass(frozen=True, slots=True)
class Life:
    """What a keeper says of its environment.

    Args:
        phase: starting, ready, broken or ending.
        is_kept: Whether it stays until it is told to end; else it goes with the tests that it was started for.
        states: The state of every component.
        description: None until it is ready.
        remaining: Seconds until one that is kept ends by itself; None for no such end.
    """

    phase: str
    is_kept: bool
    states: Mapping[str, str]
    description: EnvironmentDescription | None
    remaining: float | None = None


def find(name: str | None) -> Found:
    """The environment whose name begins so; without a name the only one, or the only one of this folder.

    Raises:
        UsageError: there is none, or several fit.
    """
    known = list(folders.known())
    if name is None:
        return only([found for found in known if folders.is_kept(found[0])] or known)
    fitting = [(folder, about) for folder, about in known if about.environment_id.startswith(name)]
    if not fitting:
        raise _none(f"no environment {name!r} runs", known)
    return _single(fitting)


def only(known: Sequence[Found], hint: str = _NAME_ONE) -> Found:
    """The only one of these, or the only one among them of a Compose file in this folder.

    Args:
        known: Those that may be meant.
        hint: What to do where several are.

    Raises:
        UsageError: there is none, or there are several.
    """
    if not known:
        raise _none("no environment runs", known)
    return _single([(folder, about) for folder, about in known if is_here(about.files)] or known, hint)


def is_here(files: Iterable[str | Path]) -> bool:
    """Whether one of these Compose files lies in this folder."""
    here = Path.cwd()
    return any(Path(file).parent == here for file in files)


def end_of(environment_id: str, files: Iterable[str | Path]) -> str:
    """The command that ends the environment of these Compose files, as one says it in this folder."""
    return "harness down" if is_here(files) else f"harness down -e {environment_id}"


def look(folder: Path) -> Life | None:
    """How an environment is, which its keeper says at once, whatever it is doing; None when it has just ended.

    Raises:
        EnvironmentFailedError: its keeper does not answer.
    """
    try:
        lease = Lease.attach(folders.socket_path(folder), None, hold=False)
    except HarnessError:  # nobody listens there any more
        return None
    with lease:
        try:
            told = lease.ask("status", timeout=_TIMEOUT)
        except HarnessError:
            if lease.ending is None and not folders.wait_gone(folder, _ENDING):
                raise
            return None
        return Life(told["phase"], told["is_kept"], told["states"], lease.description, told["remaining"])


@contextmanager
def attached(
    name: str | None, on_event: Emit | None = None
) -> Iterator[tuple[Lease, EnvironmentDescription]]:
    """A connection to a running environment, or with `ID@WORLD` to a world of it, that does not hold it.

    Raises:
        HarnessError: it cannot be found, or its keeper is gone.
    """
    environment, _, world = (name or "").partition("@")
    folder, _ = find(environment or None)
    with Lease.attach(folders.socket_path(folder), on_event, hold=False) as lease:
        description = lease.wait_started()
        yield lease, lease.enter(world, opens=False) if world else description


def in_words(about: folders.About) -> str:
    """An environment as lists show it."""
    return f"{about.environment_id}  {about.ecosystem} on {about.provider}"


def _single(fitting: Sequence[Found], hint: str = _NAME_ONE) -> Found:
    if len(fitting) == 1:
        return fitting[0]
    listed = [in_words(about) for _, about in fitting]
    raise UsageError("several environments run", evidence=listed, hint=hint)


def _none(message: str, known: Sequence[Found]) -> UsageError:
    listed = [in_words(about) for _, about in known]
    return UsageError(message, evidence=listed, hint="`harness up` starts one")
