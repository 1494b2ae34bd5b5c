"""Why this exists: a keeper process begins with what takes long, before it has its order.

It is `python -m harness.bootstrap.keeping.keep ID [PROJECT] [PROVIDER]`. ID names the environment to be, PROJECT stands
for the folder and files it is made from: what was imported for them the last time is begun before the keeper itself is
loaded. PROVIDER is where it will run. The last two may be empty.
"""

import gc
import socket
import sys
import time
from contextlib import closing, nullcontext, suppress
from importlib import import_module

from harness.bootstrap.cache import IMPORTS, cache_folder
from harness.providers.names import DOCKER
from harness.providers.process.forking.preloading import HeadStart
from harness.providers.process.tracking.marks import PRELOADER, marks
from harness.providers.process.tracking.orphans import live_under_reaper

# What a provider imports in its first moments, and what takes long.
_AHEAD = {DOCKER: ("testcontainers.core.docker_client", "harness.providers.docker.workshop")}


def main() -> None:
    """Begin to import, wait for the order, carry it out; in a child of this process, which adopts orphans."""
    live_under_reaper()
    began = time.time()
    gc.disable()  # until all is imported: modules are no garbage
    environment_id, project, provider = (*sys.argv[1:], "", "")[:3]
    with _head_start(environment_id, project) as head_start:
        from harness.bootstrap.keeping.spare import receive  # noqa: PLC0415 - as above
        from harness.bootstrap.keeping.wiring import carry_out  # noqa: PLC0415 - after the imports have begun
        from harness.keeper.folders import forget  # noqa: PLC0415 - as above

        if head_start is not None:  # what was begun are processes; the order would wait for this
            import harness.providers.process.provider  # noqa: F401, PLC0415 - as above
        for module in _AHEAD.get(provider, ()):
            # An extra that is not installed: whoever makes the provider tells that.
            with suppress(ImportError):
                import_module(module)

        gc.freeze()  # nor for those who fork from here
        gc.enable()
        received = receive(socket.socket(fileno=0))
        if received is not None:
            carry_out(*received, head_start, began)
        else:  # our client was killed: it may have made a folder for us already
            forget(environment_id)


def _head_start(environment_id: str, project: str) -> "closing[HeadStart] | nullcontext[None]":
    if not project:
        return nullcontext()
    return closing(HeadStart(cache_folder() / IMPORTS / f"{project}.json", marks(environment_id, PRELOADER)))


if __name__ == "__main__":
    main()
