"""Why this exists: a command is run beside a component's process, as that runs, and its end is told as shells do."""

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.providers.base import Streams
from harness.readiness.execution import run_here

_MAY_NOT, _IS_NOT, _SIGNAL = 126, 127, 128
_CODES = {
    errno.ENOENT: _IS_NOT,
    errno.ENOTDIR: _IS_NOT,
    errno.EACCES: _MAY_NOT,
    errno.ENOEXEC: _MAY_NOT,
    errno.E2BIG: _MAY_NOT,
}


async def execute_beside(
    argv: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Streams
) -> int:
    """Run a command; gives its exit code, as shells tell it. One that is cancelled is killed with its group."""
    try:
        code = await run_here(argv, environment, directory, streams.out, streams.err, streams.file)
    except OSError as error:
        if error.errno not in _CODES:
            raise
        await streams.err(f"{argv[0]} cannot be run in {directory}: {error.strerror}\n".encode())
        return _CODES[error.errno]
    return code if code >= 0 else _SIGNAL - code
