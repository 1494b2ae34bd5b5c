"""Why this exists: before a container can be made its image has to be there: built, fetched, or baked for speed."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images.baking import bake
from harness.images.building import Tell
from harness.images.components import build_one
from harness.images.context import Contexts
from harness.images.needs import needed
from harness.images.obtaining import Source, obtain
from harness.readiness.protocols import protocol_of_image
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from docker import DockerClient

_POSTGRES = "/var/lib/postgresql"  # where its images keep data

Show = Callable[[str, str, bool], None]


class Images:
    """Makes sure of images, one component at a time; to be called in threads, several at once.

    Args:
        engine: Where they have to be.
        ecosystem: Whose they are.
        logs: What builds say goes to `<component>.build.log` there.
        show: Takes a component's name, a line about its image, and whether that is there now.
    """

    def __init__(self, engine: "DockerClient", ecosystem: Ecosystem, logs: Path, show: Show) -> None:
        self._engine = engine
        self._ecosystem = ecosystem
        self._logs = logs
        self._show = show
        self._contexts = Contexts()
        self._turns: dict[object, threading.Lock] = defaultdict(threading.Lock)

    def ensure(self, component: Component) -> str:
        """The name of the image that a container of `component` is made from, which is there afterwards.

        Raises:
            EnvironmentFailedError: it could not be built or fetched.
            UsageError: its Dockerfile is not there.
        """
        teller = _Teller(component.name, self._logs, self._show)
        image = self._obtained(component, teller)
        teller.end(image)
        return image

    def _obtained(self, component: Component, tell: Tell) -> str:
        obtain(self._engine, needed([component]), tell, Source.PULLED)
        if component.build is not None:
            # Of two with the same Dockerfile, the second finds what they share in the engine's cache.
            with self._turns[component.build.context, component.build.dockerfile]:
                return build_one(self._engine, self._ecosystem, component, tell, self._contexts)
        assert component.image is not None  # noqa: S101 - refusal.py
        is_to_be_baked = protocol_of_image(component.image) == "postgres" and not _is_on_tmpfs(component)
        return self._baked(component, component.image, tell) if is_to_be_baked else component.image

    def _baked(self, component: Component, image: str, tell: Tell) -> str:
        """The image with its data directory made already; as it is, where that cannot be."""
        try:
            with self._turns[image]:
                return bake(self._engine, image, component.environment, tell)
        except EnvironmentFailedError as error:
            tell(f"not baked: {error.message}")
            return image


def _is_on_tmpfs(component: Component) -> bool:
    """Whether the file puts the data on a tmpfs, where it usually is; a baked Postgres has it elsewhere."""
    return "PGDATA" not in component.environment and any(
        m.kind == "tmpfs" and m.target.startswith(_POSTGRES) for m in component.mounts
    )


class _Teller:
    """Shows progress, and writes it into a log, which is made by the first line."""

    def __init__(self, component: str, logs: Path, show: Show) -> None:
        self._component = component
        self._log = logs / f"{component}.build.log"
        self._show = show
        self._began = time.monotonic()
        self._has_told = False

    def __call__(self, line: str) -> None:
        self._tell(line, is_there=False)

    def end(self, image: str) -> None:
        """It is there; nothing is said of one that was there before."""
        if self._has_told:
            self._tell(f"{image}: there after {time.monotonic() - self._began:.1f} s", is_there=True)

    def _tell(self, line: str, *, is_there: bool) -> None:
        self._has_told = True
        with self._log.open("a") as log:
            log.write(f"{line}\n")
        self._show(self._component, line, is_there)
