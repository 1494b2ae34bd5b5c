"""Why this exists: a started environment for a front end: a keeper process that owns it, and a lease on it."""

from pathlib import Path

from harness.bootstrap.order import Order
from harness.bootstrap.preparing import Prepared, require_steps
from harness.bootstrap.runs import KEEPER_LOG
from harness.bootstrap.spare import SpareKeeper
from harness.bootstrap.sweep import sweep
from harness.core.errors import EnvironmentFailedError
from harness.core.ids import new_environment_id
from harness.events.log import Emit
from harness.keeper import client, folders
from harness.keeper.client import Lease


def acquire(
    prepared: Prepared,
    run_folder: Path,
    on_event: Emit,
    *,
    environment_id: str | None = None,
    spare: SpareKeeper | None = None,
) -> tuple[Lease, bool]:
    """A lease on an environment of the plan, and whether it is the first; `Lease.wait_started` waits for the rest.

    Args:
        prepared: What to start.
        run_folder: The folder of the run.
        on_event: Called with every fact.
        environment_id: Shared by those who want to share: the first starts it, the others join. None for a new one.
        spare: A keeper process that was started ahead; it is used up.

    Raises:
        UsageError: the plan starts nothing, or there is no place for sockets.
        EnvironmentFailedError: no keeper could be started or joined.
    """
    require_steps(prepared)
    sweep(
        engine=prepared.kind.name == "docker"
    )  # what it could not remove is told by `harness down`; it is in nobody's way
    if (
        environment_id is None
    ):  # the process first: when we are killed with a folder made, it removes that again
        spare = spare or SpareKeeper(new_environment_id())
        environment_id = spare.environment_id
    while True:
        try:
            runtime = folders.make_runtime_folder(environment_id)
        except FileExistsError:
            joined = _join(environment_id, run_folder, on_event)
            if joined is not None:
                return joined, False
        else:
            return _start(_order(prepared, environment_id, run_folder, runtime), on_event, spare), True


def _join(environment_id: str, run_folder: Path, on_event: Emit) -> Lease | None:
    path = folders.socket_path(folders.runtime_root() / environment_id)
    return client.join(path, on_event, run_folder / KEEPER_LOG)


def _start(order: Order, on_event: Emit, spare: SpareKeeper | None) -> Lease:
    """Hand the order to a keeper. What goes wrong before it has it leaves no folder behind."""
    path = folders.socket_path(order.runtime)
    try:
        with spare or SpareKeeper(order.environment_id) as keeper:
            return client.start(
                path, lambda listener: keeper.send(order, listener), on_event, order.run_folder / KEEPER_LOG
            )
    except OSError as error:
        folders.remove(order.runtime)
        raise EnvironmentFailedError(
            f"no keeper could be started at {path}: {error}",
            hint="set XDG_RUNTIME_DIR or TMPDIR to a folder of yours on a local file system",
        ) from error
    except BaseException:
        folders.remove(order.runtime)
        raise


def _order(prepared: Prepared, environment_id: str, run_folder: Path, runtime: Path) -> Order:
    request = prepared.request
    return Order(
        environment_id=environment_id,
        ecosystem=prepared.ecosystem,
        plan=prepared.plan,
        provider=prepared.kind.name,
        seed=request.seed,
        run_folder=run_folder,
        runtime=runtime,
        stay=request.stay,
        is_measured=request.is_measured,
        base_url=request.base_url,
        attached=request.attached,
    )
