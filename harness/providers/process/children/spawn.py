"""Why this exists: every process of an environment starts the same way: its own session, no life after ours.

Light to import: the process that imports for the others is started before anything else is loaded.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.errors import EnvironmentFailedError
from harness.core.parent import adopt_orphans, die_with_parent
from harness.providers.process.storage.account import Account


def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    output: int,
    account: Account | None = None,
    inherit: tuple[int, ...] = (),
    adopts: bool = False,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, both outputs to the descriptor `output`; `adopts` orphans of its own.

    Raises:
        EnvironmentFailedError: the program is missing or may not be run.
    """
    account = account or Account()
    parent = os.getpid()

    def prepare() -> None:
        die_with_parent(parent)
        if adopts:
            adopt_orphans()

    try:
        return subprocess.Popen(  # noqa: S603 - argv is the person's own Compose file
            list(argv),
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=inherit,
            start_new_session=True,
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.is_lent else None,
            preexec_fn=prepare,  # noqa: PLW1509 - two prctl calls, no locks
        )
    except OSError as error:
        raise EnvironmentFailedError(
            f"cannot start {argv[0]!r} in {directory}: {error.strerror}",
            hint="check the command and working_dir under x-harness.process",
        ) from error
