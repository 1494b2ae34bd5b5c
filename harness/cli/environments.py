"""Why this exists: commands about an environment that runs first have to find it: by the Compose file, or by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import UsageError
from harness.events.log import Emit
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription


def find(name: str | None) -> tuple[Path, folders.About]:
    """The environment of that name, or the only one, or the only one of a Compose file in this folder.

    Raises:
        UsageError: there is none, or several fit.
    """
    known = list(folders.known())
    if name is not None:
        fitting = [(folder, about) for folder, about in known if about.environment_id.startswith(name)]
    else:
        here = str(Path.cwd())
        fitting = [(folder, about) for folder, about in known if _is_below(about, here)] or known
    if len(fitting) == 1:
        return fitting[0]
    listed = [
        f"{about.environment_id}  {about.ecosystem} on {about.provider}" for _, about in fitting or known
    ]
    if not fitting:
        what = f"no environment {name!r} runs" if name else "no environment runs"
        raise UsageError(what, evidence=listed, hint="`harness up` starts one")
    raise UsageError("several environments run", evidence=listed, hint="name one with --environment")


@contextmanager
def attached(
    name: str | None, on_event: Emit = lambda _event: None
) -> Iterator[tuple[Lease, EnvironmentDescription]]:
    """A connection to a running environment that does not hold it.

    Raises:
        HarnessError: it cannot be found, or its keeper is gone.
    """
    folder, _ = find(name)
    with Lease.attach(folders.socket_path(folder), on_event, hold=False) as lease:
        yield lease, lease.wait_started()


def _is_below(about: folders.About, directory: str) -> bool:
    return any(str(Path(file).parent) == directory for file in about.files)
