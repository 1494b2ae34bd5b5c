"""Why this exists: the very first thing `harness up` and `harness test` do is start what takes longest to import.

Until then nothing is imported that takes a while itself, not even of the standard library.
"""

import sys

_INTERRUPTED = 130  # ExitCode.INTERRUPTED

try:
    import gc
    import os
    import signal
    import zlib
    from contextlib import nullcontext
    from itertools import pairwise

    from harness.bootstrap.keeping.spare import SpareKeeper
    from harness.core.ids import new_environment_id
    from harness.providers.names import DOCKER, EXISTING
except KeyboardInterrupt:  # as early as it can be told
    sys.exit(_INTERRUPTED)

_STARTING = {"up", "test"}
_UNMEASURED = {"up"}  # coverage has to know its folder before anything is imported
_ELSEWHERE = {DOCKER, EXISTING}  # where no process imports what Python applications did last time
_FILE_OPTIONS = {"-f", "--file"}


def main() -> None:
    """The `harness` command."""
    try:
        own, for_pytest = _split(sys.argv[1:])
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # who asks us to end is Ctrl-C to us
        gc.disable()  # until all is imported: modules are no garbage
        with _spare_keeper(own) as spare:
            from harness.cli.invocation import Invocation  # noqa: PLC0415 - after the keeper has begun to import
            from harness.cli.main import run  # noqa: PLC0415 - as above

            run(own, Invocation(tuple(for_pytest), spare))
    except KeyboardInterrupt:  # before the command had begun
        sys.exit(_INTERRUPTED)
    finally:
        gc.freeze()  # or Python would look for garbage among all modules once more, when everything has been said


def _spare_keeper(own: list[str]) -> "SpareKeeper | nullcontext[None]":
    if not own or own[0] not in _STARTING or "--help" in own:
        return nullcontext()
    provider = _provider(own)
    is_guessed = own[0] in _UNMEASURED and provider not in _ELSEWHERE
    return SpareKeeper(new_environment_id(), _project(own) if is_guessed else "", provider)


def _provider(own: list[str]) -> str:
    """Where it will run, if the command line says so."""
    words = " ".join(own).replace("=", " ").split()
    return next((after for option, after in pairwise(words) if option == "--provider"), "")


def _project(own: list[str]) -> str:
    """Stands for what is started: this folder, these files. Two that share one would begin with a wrong guess."""
    files = [after for option, after in pairwise(own) if option in _FILE_OPTIONS]
    words = "\0".join([os.getcwd(), *files])  # noqa: PTH109 - pathlib waits
    return f"{zlib.crc32(os.fsencode(words)):08x}"


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """What follows the first `--` is pytest's, where tests are run."""
    if argv[:1] != ["test"] or "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]
