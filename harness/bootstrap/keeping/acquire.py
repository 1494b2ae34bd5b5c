"""Why this exists: a started environment for a front end: a keeper process that owns it, and a lease on it."""

import os
from pathlib import Path

from harness.bootstrap.keeping.spare import SpareKeeper
from harness.bootstrap.preparation.clusters import context_of
from harness.bootstrap.preparation.order import Order
from harness.bootstrap.preparation.preparing import Prepared, require_steps
from harness.bootstrap.runs.run_folder import KEEPER_LOG
from harness.bootstrap.runs.sweep import sweep
from harness.core.errors import EnvironmentFailedError
from harness.core.ids import new_environment_id
from harness.events.log import Emit
from harness.keeper import client, folders
from harness.keeper.client import Lease
from harness.providers.names import DOCKER


def acquire(
    prepared: Prepared, run_folder: Path, on_event: Emit | None, *, spare: SpareKeeper | None = None
) -> Lease:
    """A lease on a new environment of the plan; `Lease.wait_started` waits for the rest.

    Args:
        prepared: What to start.
        run_folder: The folder of the run.
        on_event: Called with every fact; None for who wants none.
        spare: A keeper process that was started ahead; it is used up.

    Raises:
        UsageError: the plan starts nothing, or there is no place for sockets.
        EnvironmentFailedError: no keeper could be started.
    """
    require_steps(prepared)
    asked = prepared.request
    context = context_of(prepared.kind.name, asked.context, os.environ, is_for_tests=asked.allows_context)
    # What it cannot remove is in nobody's way, and tried again: by the end of this run, and by `harness down`.
    sweep(engine=prepared.kind.name == DOCKER, cluster=context)
    # The process comes before the folder: when we are killed in between, it removes that again.
    spare = spare or SpareKeeper(new_environment_id())
    with spare:
        runtime = folders.make_runtime_folder(spare.environment_id)
        return _start(_order(prepared, context, spare.environment_id, run_folder, runtime), on_event, spare)


def _start(order: Order, on_event: Emit | None, keeper: SpareKeeper) -> Lease:
    """Hand the order to a keeper. What goes wrong before it has it leaves no folder behind."""
    path = folders.socket_path(order.runtime)
    try:
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


def _order(prepared: Prepared, context: str, environment_id: str, run_folder: Path, runtime: Path) -> Order:
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
        context=context,
        attached=request.attached,
        takes_template=not (request.is_fresh or request.is_measured),
        leaves_template=not request.is_measured,
    )
