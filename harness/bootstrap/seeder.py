"""Why this exists: the ecosystem's own seeding code, named in its Compose file, run by the engine.

The module named by `x-harness.seed` ("package.module:function") has an async `function(environment)` that returns
counts and a digest, and may have `prepare(seed)`, a plain function that generates data while components start.
"""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from harness.core.errors import HarnessError, SpecError, as_failure
from harness.engine.environment import Environment
from harness.engine.seeding import Seeded, Seeder
from harness.spec.model import Ecosystem


class ModuleSeeder:
    """Imports and prepares in a thread, so that probes go on meanwhile."""

    def __init__(self, ecosystem: Ecosystem, entry: str, seed: int) -> None:
        self._paths = [str(ecosystem.directory), *map(str, ecosystem.settings.pythonpath)]
        self._entry = entry
        self._seed = seed

    async def prepare(self) -> None:
        """Import the module and generate what needs no running ecosystem."""
        await asyncio.to_thread(self._prepare)

    async def seed(self, environment: Environment) -> Seeded:
        """Put the data into the stores."""
        module, function = self._load()
        with self._its_own_code():
            seeded: Seeded = await getattr(module, function)(environment)
        return seeded

    def _prepare(self) -> None:
        module, _ = self._load()
        if prepare := getattr(module, "prepare", None):
            with self._its_own_code():
                prepare(self._seed)

    def _load(self) -> tuple[ModuleType, str]:
        sys.path[:0] = [path for path in self._paths if path not in sys.path]
        name, _, function = self._entry.partition(":")
        with self._its_own_code():
            try:
                module = importlib.import_module(name)
            except ImportError as error:
                raise self._wrong(f"cannot import {name}: {error}") from error
        if not hasattr(module, function):
            raise self._wrong(f"{name} has no {function!r}")
        return module, function

    @contextmanager
    def _its_own_code(self) -> Iterator[None]:
        """An error of the module's own code: where it was raised is what its author needs."""
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:
            raise as_failure(error, f"x-harness.seed {self._entry!r} raised") from error

    def _wrong(self, what: str) -> SpecError:
        return SpecError(
            f"x-harness.seed {self._entry!r}: {what}",
            hint="write package.module:function, importable from the project directory or x-harness.pythonpath",
        )


def seeder_of(ecosystem: Ecosystem, seed: int) -> Seeder | None:
    """What the Compose file names; None when it names nothing."""
    entry = ecosystem.settings.seed
    return ModuleSeeder(ecosystem, entry, seed) if entry else None
