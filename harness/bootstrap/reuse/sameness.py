"""Why this exists: a keeper knows whether what it keeps is what would be started now, and what would make it so.

It is asked, and not the client, because it has read everything before: it answers in a fraction of the time.
"""

import ast
import asyncio
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import harness
from harness.bootstrap.preparation.clusters import context_of
from harness.bootstrap.preparation.order import Order
from harness.bootstrap.preparation.preparing import Prepared, prepare
from harness.bootstrap.preparation.providers import kind_of
from harness.bootstrap.reuse.asking import Asked, Compared, python
from harness.bootstrap.reuse.code import Code, Files, Reading, TooManyFilesError
from harness.bootstrap.reuse.fingerprint import Fingerprint, changed, digest_of, given_by, reasons
from harness.core.errors import EnvironmentFailedError, HarnessError
from harness.core.tasks import cancel_and_wait
from harness.plan.model import Plan
from harness.spec.loader import load
from harness.spec.model import Ecosystem
from harness.suites.secrets import secret_exports

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Looked:
    """The code of components at an instant, in seconds of the epoch."""

    at: float
    components: Mapping[str, Files]

    def require_readable(self, components: Collection[str]) -> None:
        """What cannot run is not started: what runs stays, for the time after the next edit.

        Raises:
            EnvironmentFailedError: a Python file is no Python.
        """
        for path in {path for name in components for path in self.components[name].digests}:
            if path.endswith(".py"):
                _require_python(Path(path))


class Sameness:
    """Of one environment.

    Args:
        order: What was started.
        began: Since when its code may have been read, in seconds of the epoch.
    """

    def __init__(self, order: Order, began: float) -> None:
        self._order = order
        self._began = began
        self._reading = Reading()
        self._turn = asyncio.Lock()
        self._noting: asyncio.Task[Fingerprint] | None = None
        self._renewed: dict[str, Files] = {}
        self._started: dict[str, float] = {}
        self._is_grown = False

    def note_after(self, start: asyncio.Event) -> None:
        """Look at everything once nobody waits for the start any more; what is written meanwhile will be noticed."""
        self._noting = asyncio.create_task(self._note(start), name="fingerprint")

    async def aclose(self) -> None:
        """Stop looking."""
        if self._noting is not None:
            await cancel_and_wait(self._noting)

    async def compare(self, asked: Mapping[str, Any], overlaid: Collection[str]) -> dict[str, Any]:
        """What differs from what a client asks for, as `Compared` has it.

        Args:
            asked: As `Asked` has it.
            overlaid: Components that run with other variables than their own.

        Raises:
            HarnessError: that cannot be started at all.
        """
        if self._noting is None:
            return Compared(("it was started for tests",)).to_json()
        try:
            then = await asyncio.shield(self._noting)
            return (await self._in_turn(self._compared, then, Asked.from_json(asked), overlaid)).to_json()
        except TooManyFilesError as error:
            return Compared((str(error),)).to_json()

    async def look(self) -> Looked:
        """The code of the components as it is now."""
        order, at = self._order, time.time()
        code = Code(order.ecosystem, order.plan, order.provider, self._reading)
        return Looked(at, await self._in_turn(code.of_components))

    def take_over(self, looked: Looked, components: Sequence[str]) -> None:
        """These have been started anew since that look."""
        for name in components:
            self._renewed[name] = looked.components[name]
            self._started[name] = looked.at

    def has_grown(self) -> None:
        """More was seeded than a start does."""
        self._is_grown = True

    async def _note(self, start: asyncio.Event) -> Fingerprint:
        await start.wait()
        order = self._order
        with suppress(HarnessError):  # read once, it is read faster when somebody asks
            await self._in_turn(load, order.ecosystem.files, os.environ)
        given = await self._in_turn(circumstances, order)
        return (await self._in_turn(self._taken, order.ecosystem, order.plan, given)).settled(self._began)

    def _taken(self, ecosystem: Ecosystem, plan: Plan, given: Mapping[str, str]) -> Fingerprint:
        code = Code(ecosystem, plan, self._order.provider, self._reading)
        return Fingerprint(given, code.run_once(), code.of_components())

    def _compared(self, then: Fingerprint, asked: Asked, overlaid: Collection[str]) -> Compared:
        prepared = prepare(asked.request, asked.variables)
        request, kind = prepared.request, prepared.kind.name
        given = _given(prepared.ecosystem, prepared.plan, kind, request.seed, request.attached)
        given |= _where(
            context_of(kind, request.context, asked.variables, is_for_tests=request.allows_context)
        )
        given |= _versions(asked.python)
        now = self._taken(prepared.ecosystem, prepared.plan, given)
        then = Fingerprint(then.given, then.run_once, {**then.components, **self._renewed})
        started = dict.fromkeys(now.components, self._began) | self._started
        anew = {**dict.fromkeys(overlaid, ()), **changed(then, now, started)}
        return replace(_answer(prepared, tuple(reasons(then, now)), anew), is_grown=self._is_grown)

    async def _in_turn(self, work: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Done in a thread, as it takes a while; one at a time, as they share what was read."""
        async with self._turn:
            return await asyncio.to_thread(work, *arguments, **more)


def _answer(prepared: Prepared, told: tuple[str, ...], anew: Mapping[str, tuple[str, ...]]) -> Compared:
    made = prepared.plan_made(0.0)
    return Compared(told, anew, made.levels, made.skipped, secret_exports(prepared.ecosystem))


def _given(
    ecosystem: Ecosystem, plan: Plan, provider: str, seed: int, attached: Sequence[str]
) -> dict[str, str]:
    beside = {what: digest_of(told) for what, told in kind_of(provider).beside(ecosystem).items()}
    return {
        **given_by(ecosystem, plan),
        **beside,
        "the provider": provider,
        "its data": f"that of seed {seed}",
        "what it is attached to": ", ".join(attached) or "nothing",
    }


def circumstances(order: Order) -> dict[str, str]:
    """What was asked for and with what, part by part: all but the code of components, one-shots and the seed."""
    given = _given(order.ecosystem, order.plan, order.provider, order.seed, order.attached)
    return given | _where(order.context) | _versions(python())


def _where(context: str) -> dict[str, str]:
    return {"its cluster": context} if context else {}


def _versions(interpreter: str) -> dict[str, str]:
    return {"Python": interpreter, "the harness": _harness(), "the installed packages": _packages()}


def _harness() -> str:
    """What identifies the harness that is installed: also one that is being worked on."""
    told = []
    for folder, _, names in os.walk(Path(str(harness.__file__)).parent):
        seen = [os.stat(os.path.join(folder, name)) for name in names if name.endswith((".py", ".sql"))]  # noqa: PTH116, PTH118 - hundreds of them in a row
        told += [(each.st_size, each.st_mtime_ns) for each in seen]
    return digest_of(sorted(told))


def _packages() -> str:
    """What identifies the packages that are installed: their metadata's folders have the versions in their names."""
    folders = [Path(entry) for entry in sys.path if Path(entry).is_dir()]
    return digest_of(sorted(path.name for folder in folders for path in folder.glob("*.dist-info")))


def _require_python(path: Path) -> None:
    try:
        ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise EnvironmentFailedError(
            f"the code has changed, and {path} cannot be loaded: {error}",
            hint="nothing was started anew; mend it, and run the tests again",
        ) from error
