"""Why this exists: a started environment for a front end: a keeper process that owns it, and a lease on it."""

import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

from harness.bootstrap.order import Order
from harness.bootstrap.preparing import Prepared, require_steps
from harness.core.ids import new_environment_id
from harness.events.log import Emit
from harness.keeper import client, folders
from harness.keeper.client import Lease


def acquire(
    prepared: Prepared, run_folder: Path, on_event: Emit, environment_id: str | None = None
) -> tuple[Lease, bool]:
    """A lease on an environment of the plan, and whether it is the first; `Lease.wait_started` waits for the rest.

    Args:
        prepared: What to start.
        run_folder: The folder of the run.
        on_event: Called with every fact.
        environment_id: Shared by those who want to share: the first starts it, the others join. None for a new one.

    Raises:
        UsageError: the plan starts nothing.
    """
    require_steps(prepared)
    environment_id = environment_id or new_environment_id()
    try:
        runtime = folders.make_runtime_folder(environment_id)
    except FileExistsError:
        runtime = folders.runtime_root() / environment_id
        return client.join(folders.socket_path(runtime), on_event), False
    request = prepared.request
    order = Order(
        environment_id=environment_id,
        ecosystem=prepared.ecosystem,
        plan=prepared.plan,
        provider=prepared.kind.name,
        seed=request.seed,
        run_folder=run_folder,
        runtime=runtime,
        is_kept=request.is_kept,
        is_measured=request.is_measured,
        base_url=request.base_url,
        attached=request.attached,
    )
    lease = client.start(folders.socket_path(runtime), lambda listener: _spawn(order, listener), on_event)
    return lease, True


def _spawn(order: Order, listener: socket.socket) -> None:
    """Start the keeper in a session of its own: Ctrl-C at the terminal is for the client, which then lets go."""
    output = os.open(order.runtime / "keeper.log", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "harness.bootstrap.keep", str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
        )
    finally:
        os.close(output)
    process.returncode = (
        0  # it outlives us and nobody waits for it; dropped otherwise, Popen would warn that it runs
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    with process.stdin as pipe:
        pickle.dump(order, pipe)
