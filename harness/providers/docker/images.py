"""Why this exists: before a container can be made its image has to be there: built, fetched, or baked for speed."""

import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images.baking import bake
from harness.images.components import build_one
from harness.images.context import Contexts
from harness.images.needs import needed
from harness.images.obtaining import Source, obtain
from harness.readiness.choose import speaks_postgres
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from docker import DockerClient

_POSTGRES = "/var/lib/postgresql"  # where its images keep data


class Images:
    """Makes sure of images, one component at a time; to be called in threads, several at once.

    Args:
        engine: Where they have to be.
        ecosystem: Whose they are.
        logs: What builds say goes to `<component>.build.log` there.
    """

    def __init__(self, engine: "DockerClient", ecosystem: Ecosystem, logs: Path) -> None:
        self._engine = engine
        self._ecosystem = ecosystem
        self._logs = logs
        self._contexts = Contexts()
        self._turns: dict[object, threading.Lock] = defaultdict(threading.Lock)

    def ensure(self, component: Component) -> str:
        """The name of the image that a container of `component` is made from, which is there afterwards.

        Raises:
            EnvironmentFailedError: it could not be built or fetched.
            UsageError: its Dockerfile is not there.
        """
        obtain(self._engine, needed([component]), self._teller(component), Source.PULLED)
        if component.build is not None:
            # Of two with the same Dockerfile, the second finds what they share in the engine's cache.
            with self._turns[component.build.context, component.build.dockerfile]:
                return build_one(
                    self._engine, self._ecosystem, component, self._teller(component), self._contexts
                )
        assert component.image is not None  # noqa: S101 - refusal.py
        is_to_be_baked = speaks_postgres(component.image) and not _is_on_tmpfs(component)
        return self._baked(component, component.image) if is_to_be_baked else component.image

    def _baked(self, component: Component, image: str) -> str:
        """The image with its data directory made already; as it is, where that cannot be."""
        try:
            with self._turns[image]:
                return bake(self._engine, image, component.environment, self._teller(component))
        except EnvironmentFailedError as error:
            self._teller(component)(f"not baked: {error.message}")
            return image

    def _teller(self, component: Component) -> "_Teller":
        return _Teller(self._logs / f"{component.name}.build.log")


def _is_on_tmpfs(component: Component) -> bool:
    """Whether the file puts the data on a tmpfs, where it usually is; a baked Postgres has it elsewhere."""
    return "PGDATA" not in component.environment and any(
        m.kind == "tmpfs" and m.target.startswith(_POSTGRES) for m in component.mounts
    )


class _Teller:
    """Writes progress into a log, which is made by the first line."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def __call__(self, line: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{line}\n")
