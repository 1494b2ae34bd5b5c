"""Why this exists: the contract of whatever puts data into a started environment, without knowing what that is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from harness.engine.environment import Environment


class Seeded(Protocol):
    """What was put into the stores."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind."""
        ...

    @property
    def digest(self) -> str:
        """What identifies the generated data: equal digests, equal data."""
        ...


class Seeder(Protocol):
    """Fills an environment once everything in it is ready."""

    async def seed(self, environment: "Environment") -> Seeded:
        """Put the data into the stores.

        Raises:
            HarnessError: it could not be done; the environment is torn down.
        """
        ...


@runtime_checkable
class CanPrepare(Protocol):
    """Ability: make data ready while the ecosystem is still starting."""

    async def prepare(self) -> None:
        """Generate what needs no running ecosystem. Called once, before `seed`."""
        ...
