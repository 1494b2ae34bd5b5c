"""Why this exists: a fault lasts as long as the client that asked for it is connected, and never longer."""

from collections.abc import Mapping
from typing import Any, Protocol

from harness.core.errors import UsageError

ASKED = "its owner asked"
LEFT = "its owner has left"


class Faulty(Protocol):
    """An environment that faults can be injected into."""

    async def inject(self, form: Mapping[str, Any]) -> int:
        """Make something go wrong, as `harness.faults.form` describes it; gives the number to heal it by."""
        ...

    async def heal(self, number: int, reason: str) -> None:
        """Undo it."""
        ...


class Owner(Protocol):
    """The keeper's end of a client's connection."""

    def is_closing(self) -> bool:
        """Whether the client has left."""
        ...


class OwnedFaults:
    """Whose faults are on."""

    def __init__(self) -> None:
        self._owners: dict[int, Owner] = {}

    def owns_any(self, owner: Owner) -> bool:
        """Whether a client has something to be healed when it leaves."""
        return owner in self._owners.values()

    async def inject(self, environment: Faulty, message: Mapping[str, Any], owner: Owner) -> int:
        """Inject what `message["fault"]` describes. A client that has left meanwhile has it healed at once.

        Raises:
            UsageError: the message describes none, or this environment cannot do it.
        """
        form = message.get("fault")
        if not isinstance(form, dict):
            raise UsageError("fault takes an object that describes one")
        number = await environment.inject(form)
        self._owners[number] = owner
        if owner.is_closing():
            await self.heal_left(environment, owner)
        return number

    async def heal(self, environment: Faulty, message: Mapping[str, Any], owner: Owner) -> None:
        """Undo the fault `message["number"]`, which has to be the client's own."""
        number = message.get("number")
        if not isinstance(number, int) or self._owners.get(number) is not owner:
            raise UsageError(f"you have injected no fault {number!r} that is still on")
        del self._owners[number]
        await environment.heal(number, ASKED)

    async def heal_left(self, environment: Faulty, owner: Owner) -> None:
        """Undo all that a client has left behind, the latest first."""
        left = [number for number, its in self._owners.items() if its is owner]
        for number in reversed(left):
            del self._owners[number]
            await environment.heal(number, LEFT)
