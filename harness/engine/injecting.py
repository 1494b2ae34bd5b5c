"""Why this exists: every fault of an environment is stated when it begins and when it ends, and ends in any case."""

from collections.abc import Iterator

from harness.core.clock import Clock
from harness.core.errors import as_failure
from harness.engine.failures import first_failure
from harness.engine.ground import EngineGround
from harness.events.facts import FaultHealed, FaultInjected
from harness.events.log import Emit
from harness.faults import Fault, Heal
from harness.faults.form import describe

ENDING = "the environment ends"


class Injection:
    """One fault that is on."""

    def __init__(self, number: int, fault: Fault, heal: Heal, began: float) -> None:
        self.number = number
        self.fault = fault
        self.heal = heal
        self.began = began


class Injections:
    """The faults of one environment."""

    def __init__(self, ground: EngineGround, clock: Clock, emit: Emit) -> None:
        self._ground = ground
        self._clock = clock
        self._emit = emit
        self._count = 0
        self._on: dict[int, Injection] = {}

    def __iter__(self) -> Iterator[Injection]:
        return iter(self._on.values())

    async def inject(self, fault: Fault) -> int:
        """Make something go wrong; gives the number to heal it by.

        Raises:
            UsageError: this environment cannot do that; nothing has changed.
            EnvironmentFailedError: the environment broke by it.
        """
        heal = await fault.inject(self._ground)
        self._count += 1
        self._on[self._count] = Injection(self._count, fault, heal, self._clock.monotonic())
        self._emit(
            FaultInjected(
                at=self._clock.now(),
                number=self._count,
                fault=type(fault).__name__,
                components=fault.components,
                detail=describe(fault),
            )
        )
        return self._count

    async def heal(self, number: int, reason: str = "") -> None:
        """Undo one fault; returns when its components are as before. Nothing happens to one that is healed.

        Raises:
            HarnessError: it could not be undone; the environment is broken by that.
        """
        injection = self._on.get(number)
        if injection is None:
            return
        try:
            await injection.heal()
        except Exception as error:
            del self._on[number]
            failure = as_failure(error)
            self._ground.break_with(failure)
            raise failure from error
        del self._on[number]  # only now: what is broken off is left to the teardown
        self._emit(
            FaultHealed(
                at=self._clock.now(),
                number=number,
                fault=type(injection.fault).__name__,
                components=injection.fault.components,
                duration=self._clock.monotonic() - injection.began,
                reason=reason,
            )
        )

    async def aclose(self) -> None:
        """Heal all, the latest first, as far as a teardown needs it: what was killed stays dead.

        Raises the first failure, after the others have healed; further ones are notes of it.
        """
        self._ground.is_closing = True
        failures: list[Exception] = []
        for number in sorted(self._on, reverse=True):
            try:
                await self.heal(number, ENDING)
            except Exception as error:  # noqa: BLE001 - raised below; the others heal all the same
                failures.append(error)
        await self._ground.release_suspended()
        if failures:
            raise first_failure(ExceptionGroup("not healed", failures))
