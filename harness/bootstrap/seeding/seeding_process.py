"""Why this exists: the process that runs an ecosystem's own seeding code, seen from within.

It is forked from the keeper before that does anything, and keeps nothing of it but what is imported, the outputs and
one channel. Lines of JSON on the channel:

to the keeper    {"value": null}                            imported and prepared
to the process   {"variables": {…}, "urls": {component: …}}  all is ready: seed
to the keeper    {"value": {"counts": {…}, "digest": …}}     done; or, for either: {"error": …} as clients get it
"""

import asyncio
import importlib
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NoReturn

from harness.core.errors import HarnessError, SpecError, UsageError, as_failure
from harness.core.parent import die_with_parent
from harness.keeper.protocol import encode_line, error_form
from harness.providers.process.tracking.marks import marks


@dataclass(frozen=True, slots=True)
class SeededEnvironment:
    """What a seed function is given.

    Args:
        variables: What `exports` hand out; holds credentials.
        seed: What the data is to be generated from.
        progress: Is told the table, the rows written so far and the rows there are altogether.
    """

    variables: Mapping[str, str]
    seed: int
    _urls: Mapping[str, str]
    progress: Callable[[str, int, int], None] = lambda _table, _done, _rows: None

    def url(self, component: str) -> str:
        """The base URL of a component, without a trailing slash.

        Raises:
            UsageError: there is no such component, or it does not listen.
        """
        if component not in self._urls:
            known = ", ".join(self._urls) or "none"
            raise UsageError(f"no component {component!r} listens", hint=f"those that do: {known}")
        return self._urls[component]


@dataclass(frozen=True, slots=True)
class Seeding:
    """What the process has to do.

    Args:
        entry: The function, as "package.module:function".
        paths: Where its module may be, before all else.
        seed: What the data is generated from.
    """

    entry: str
    paths: tuple[str, ...]
    seed: int

    def serve(self, channel: socket.socket) -> None:
        """Prepare, then seed as soon as that is asked for; returns when the keeper has gone."""
        with channel.makefile("rwb") as talk:
            for work in (self._prepare, lambda: self._seed(json.loads(talk.readline()))):
                answer = self._tried(work)
                sys.stdout.flush()  # what it wrote counts, also when the answer is the last thing it does
                talk.write(encode_line(answer))
                talk.flush()
            talk.readline()

    def _tried(self, work: Callable[[], object]) -> dict[str, Any]:
        try:
            return {"value": work()}
        except HarnessError as error:
            return {"error": error_form(error)}
        except Exception as error:  # noqa: BLE001 - told with where it was raised: its author needs that
            return {"error": error_form(as_failure(error, f"x-harness.seed {self.entry!r} raised"))}

    def _prepare(self) -> None:
        module = import_seed(self.entry, self.paths)
        if prepare := getattr(module, "prepare", None):
            prepare(self.seed)

    def _seed(self, told: Mapping[str, Any]) -> dict[str, Any]:
        name, _, function = self.entry.partition(":")
        environment = SeededEnvironment(told["variables"], self.seed, told["urls"])
        seeded = asyncio.run(getattr(sys.modules[name], function)(environment))
        return {"counts": dict(seeded.counts), "digest": seeded.digest}


def import_seed(entry: str, paths: Sequence[str]) -> ModuleType:
    """The module of `x-harness.seed`, imported.

    Args:
        entry: The function, as "package.module:function".
        paths: Where the module may be, before all else.

    Raises:
        SpecError: it cannot be imported, or has no such function.
    """
    sys.path[:0] = [path for path in paths if path not in sys.path]
    name, _, function = entry.partition(":")
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise _wrong(entry, f"cannot import {name}: {error}") from error
    if not hasattr(module, function):
        raise _wrong(entry, f"{name} has no {function!r}")
    return module


def _wrong(entry: str, what: str) -> SpecError:
    return SpecError(
        f"x-harness.seed {entry!r}: {what}",
        hint="write package.module:function, importable from the project directory or x-harness.pythonpath",
    )


def fork(seeding: Seeding, environment_id: str) -> tuple[int, socket.socket]:
    """Begin in a process of its own; its id, and our end of the channel."""
    ours, theirs = socket.socketpair()
    run = partial(seeding.serve, theirs)
    sys.stdout.flush()  # or both of us would write it
    keeper = os.getpid()
    pid = os.fork()
    if not pid:
        _live(run, keeper, theirs.fileno(), environment_id)
    theirs.close()
    return pid, ours


def _live(run: Callable[[], None], keeper: int, channel: int, environment_id: str) -> NoReturn:
    """The whole life of the fork: none of the keeper's own code may go on in it."""
    code = 1
    try:
        os.setsid()
        die_with_parent(keeper)
        if os.getppid() == keeper:  # else it had ended before the kernel was asked
            _forget_keeper(channel)
            os.environ.update(marks(environment_id, "seed"))
            run()
            code = 0
    except BaseException:  # noqa: BLE001 - SystemExit among them; for the keeper's log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _forget_keeper(channel: int) -> None:
    """Close what is the keeper's: clients would wait for the end of a socket that we have, too."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - plain numbers
        if descriptor > 2 and descriptor != channel:  # noqa: PLR2004 - the outputs
            try:
                os.close(descriptor)
            except OSError:  # it was the listing's own
                continue
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
