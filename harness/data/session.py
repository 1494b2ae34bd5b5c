"""Why this exists: factory_boy and Faker draw from process-wide generators; a session gives each seed its own.

Whatever ran before, and whatever runs in between, the same seed and stream give the same objects. (Faker's `unique`
remembers across sessions; make values unique through sequences or ids instead.)
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from harness.core.errors import UsageError

State = tuple[Any, ...]


class DataSession:
    """The objects of one seed. The libraries are imported by the first session, not by this module.

    Args:
        seed: What everything follows from.
        stream: Tells sessions of one seed apart: each stream has other objects, such as other ids.

    Raises:
        UsageError: the libraries are not installed.
    """

    def __init__(self, seed: int, stream: str = "") -> None:
        self._factory, faker = _libraries()
        start = int.from_bytes(hashlib.sha256(f"{seed}/{stream}".encode()).digest())
        self.random = random.Random(start)  # noqa: S311 - it must be repeatable
        self._generators: tuple[random.Random, ...] = (self._factory.random.randgen, faker.generator.random)
        state = random.Random(start).getstate()  # noqa: S311 - the same
        self._states: list[State] = [state for _ in self._generators]
        self._next: dict[Any, int] = {}
        self._turns: dict[Any, Any] = {}

    def build(self, factory: Any, **overrides: Any) -> Any:
        """One object of a factory_boy factory."""
        with self.active():
            return factory.build(**overrides)

    def build_batch(self, factory: Any, count: int, **overrides: Any) -> list[Any]:
        """`count` objects of a factory_boy factory."""
        with self.active():
            return list(factory.build_batch(count, **overrides))

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within the block, factories and Faker go on where this session last stopped; others are not disturbed."""
        outer = self._seen()
        self._enter(
            self._states,
            {factory: self._next.get(factory) for factory in outer[1]},
            {declaration: self._turns.get(declaration) for declaration in outer[2]},
        )
        try:
            yield
        finally:
            self._states, self._next, self._turns = self._seen()
            self._enter(*outer)

    def _seen(self) -> tuple[list[State], dict[Any, int], dict[Any, Any]]:
        """Where generators, sequences and iterators stand."""
        factories = list(_concrete(self._factory.Factory))
        return (
            [generator.getstate() for generator in self._generators],
            {factory: _next_of(factory) for factory in factories},
            {
                declaration: declaration.iterator
                for factory in factories
                for declaration in _iterators(factory)
            },
        )

    def _enter(
        self, states: list[State], next_of: dict[Any, int | None] | dict[Any, int], turns: dict[Any, Any]
    ) -> None:
        for generator, state in zip(self._generators, states, strict=True):
            generator.setstate(state)
        for factory, value in next_of.items():
            factory.reset_sequence(value, force=True)
        for declaration, iterator in turns.items():
            declaration.iterator = iterator


def _libraries() -> tuple[ModuleType, ModuleType]:
    try:
        import factory  # noqa: PLC0415 - 0.1 s of CPU that only those pay who make data
        import factory.random  # noqa: PLC0415 - as above
        import faker.generator  # noqa: PLC0415 - as above
    except ImportError as error:
        raise UsageError(
            f"test data needs factory_boy and Faker, but {error.name} is not installed",
            hint="pip install ecosystem-harness[data]",
        ) from error
    return factory, faker


def _concrete(base: Any) -> Iterator[Any]:
    """Every factory that makes something, with the sequence it counts by."""
    for factory in base.__subclasses__():
        if not factory._meta.abstract:  # noqa: SLF001 - how factory_boy names its public options
            yield factory
        yield from _concrete(factory)


def _next_of(factory: Any) -> int:
    """The number the factory's next object gets. Reading it takes it, so it is put back."""
    number = int(factory._meta.next_sequence())  # noqa: SLF001 - how factory_boy names its public options
    factory.reset_sequence(number, force=True)
    return number


def _iterators(factory: Any) -> Iterator[Any]:
    """The declarations of a factory, and of its traits, that go on where the last object was built."""
    meta = factory._meta  # noqa: SLF001 - how factory_boy names its public options
    traits = [getattr(parameter, "overrides", {}) for parameter in meta.parameters.values()]
    for declared in (meta.base_declarations, *traits):
        yield from (each for each in declared.values() if hasattr(each, "iterator_builder"))
