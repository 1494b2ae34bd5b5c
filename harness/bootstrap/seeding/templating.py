"""Why this exists: when an environment begins with a template, and when it leaves one for the next."""

import asyncio
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from harness.bootstrap.cache import cache_folder
from harness.bootstrap.preparation.order import Order
from harness.bootstrap.preparation.providers import kind_of
from harness.bootstrap.reuse.code import TooManyFilesError
from harness.bootstrap.seeding.seeder import ReportedSeed, seeder_of
from harness.bootstrap.seeding.template_inputs import Inputs, key_of
from harness.bootstrap.seeding.templates import NewTemplate, Template, find, new_template
from harness.core.errors import HarnessError
from harness.core.tasks import cancel_and_wait, run_to_end
from harness.engine.environment import Environment
from harness.engine.seeding import Seeder
from harness.providers.base import CanSetAside, SetAside
from harness.readiness.protocols import protocol_of
from harness.spec.model import Isolation


class Templating:
    """The template of one environment: what it begins with, or what it leaves.

    Args:
        order: What is started.
        began: Since when code may have been read, in seconds of the epoch.
    """

    def __init__(self, order: Order, began: float) -> None:
        self._order = order
        self._began = began
        self._key = key_of(order) if _has_template(order) else ""
        self._making: asyncio.Task[None] | None = None
        self._is_copied, self._is_saved = asyncio.Event(), asyncio.Event()
        is_taken = self._key and order.takes_template
        is_whole = kind_of(order.provider).has_kept
        self.template = find(cache_folder(), self._key, is_whole) if is_taken else None

    @contextmanager
    def seeder(self) -> Iterator[Seeder | None]:
        """What puts data in, begun at once; to be entered before any thread runs."""
        if self.template is not None:
            yield _Remembered.of(self.template)
            return
        order = self._order
        with seeder_of(order.ecosystem, order.seed, order.environment_id) as seeder:
            yield seeder

    async def keep(self, environment: Environment, provider: object) -> None:
        """Copy the data of an environment that has just been seeded; the rest is done while it is used.

        A template that cannot be made, as where the disk is full, is none: the environment goes on.
        """
        if not self._key or self.template is not None or not isinstance(provider, CanSetAside):
            return
        self._making = asyncio.create_task(self._make(environment, provider), name="template")
        await self._done_or(self._is_copied)

    async def wait_saved(self, *, in_a_hurry: bool) -> None:
        """Return when the data of the environment is not needed any more; in a hurry it is given up."""
        if in_a_hurry:
            await self.aclose(in_a_hurry=True)
        await self._done_or(self._is_saved)

    async def _done_or(self, event: asyncio.Event) -> None:
        """Wait for a step of the making, or for its end."""
        if self._making is not None:
            waiting = asyncio.create_task(event.wait())
            await asyncio.wait({self._making, waiting}, return_when=asyncio.FIRST_COMPLETED)
            await cancel_and_wait(waiting)

    async def aclose(self, *, in_a_hurry: bool) -> None:
        """Finish what is not done, which takes some tenths of a second, or give it up. Idempotent."""
        if self._making is not None and not in_a_hurry:
            await asyncio.wait({self._making})
        elif self._making is not None:
            await cancel_and_wait(self._making)

    async def _make(self, environment: Environment, provider: CanSetAside) -> None:
        with _told(), new_template(cache_folder(), self._key) as made:
            await environment.state.reset()  # as Postgres will be, whatever was written since it was kept
            aside = await provider.set_aside(await environment.state.write_down())
            try:
                self._is_copied.set()
                await run_to_end(asyncio.to_thread(aside.save, made.data))
                self._is_saved.set()
                inputs = await asyncio.to_thread(Inputs.of, self._order, self._began)
                if inputs is not None:
                    made.describe(inputs, self._described(made, environment, aside))
            finally:
                if not made.name:
                    await run_to_end(asyncio.to_thread(aside.discard))

    def _described(self, made: NewTemplate, environment: Environment, aside: SetAside) -> Template:
        seeded = environment.seeded
        return Template(
            data=made.data,
            made=time.time(),
            counts=dict(seeded.counts) if seeded else None,
            digest=seeded.digest if seeded else "",
            secrets=self._secrets(environment, aside.credentials),
        )

    def _secrets(self, environment: Environment, bound: Collection[str]) -> dict[str, dict[str, str]]:
        """The random variables of all but stores: how one logs in there is no part of the data of most."""
        components = [step.component for step in self._order.plan.steps]
        return {
            component.name: {name: environment.environment_of(component.name)[name] for name in random}
            for component in components
            if (random := component.settings.random)
            and (component.name in bound or not protocol_of(component))
        }


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong is for the keeper's own log: the environment is none the worse for it."""
    try:
        yield
    except (HarnessError, OSError, TooManyFilesError) as error:
        sys.stderr.write(f"no template is left for later runs: {error}\n")


def _has_template(order: Order) -> bool:
    """Whether all data is that of known stores, as far as can be told, and nobody wants to see how it came about."""
    is_reset = order.ecosystem.settings.isolation is Isolation.RESET
    is_wanted = is_reset and order.leaves_template and not order.attached
    return is_wanted and kind_of(order.provider).leaves_templates(order.plan)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A seed whose data is there already."""

    seeded: ReportedSeed

    @classmethod
    def of(cls, template: Template) -> "_Remembered | None":
        """None where there was no seed."""
        counts: Mapping[str, int] | None = template.counts
        return None if counts is None else cls(ReportedSeed(counts, template.digest))

    async def seed(self, _environment: Environment) -> ReportedSeed:
        """What it was."""
        return self.seeded
