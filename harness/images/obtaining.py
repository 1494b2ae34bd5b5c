"""Why this exists: every image that is needed gets here the best way there is: pulled, else made."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images import debian
from harness.images.building import Tell
from harness.images.inventory import Item, Kind, look
from harness.images.names import repository_and_tag
from harness.images.needs import Need
from harness.images.recipes import Recipe, make, recipe_for, way_to

if TYPE_CHECKING:
    from docker import DockerClient

_AT_ONCE = 4


class Source(Enum):
    """Where images come from."""

    AUTO = "what is there stays; the rest is pulled, or made where no registry answers"
    REGISTRY = "everything is pulled anew, stand-ins are replaced"
    PULLED = "what is there stays; the rest is pulled, and nothing made"
    HERE = "what is there stays; the rest is made, and no registry is asked"


def obtain(
    engine: "DockerClient", needs: Sequence[Need], tell: Tell, source: Source = Source.AUTO
) -> tuple[Item, ...]:
    """Get every image that is needed; what is there afterwards, in the order of `needs`.

    Raises:
        EnvironmentFailedError: one could neither be pulled nor made; it says which and why.
    """
    obtaining = _Obtaining(engine, tell, source)
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="images") as pool:
        return tuple(pool.map(obtaining.one, needs))


class _Obtaining:
    """One call of `obtain`: the base that stand-ins share is made once, whoever of them comes first."""

    def __init__(self, engine: "DockerClient", tell: Tell, source: Source) -> None:
        self._engine = engine
        self._tell = tell
        self._source = source
        self._base = threading.Lock()

    def one(self, need: Need) -> Item:
        item = look(self._engine, need)
        if self._source is Source.REGISTRY:
            self._pull(need)
        elif item.kind is Kind.OUTDATED and self._source is not Source.PULLED:
            self._make(need, f"its recipe has changed: {need.reference} is made anew")
        elif item.kind is Kind.MISSING:
            self._fetch(need)
        else:
            return item
        return look(self._engine, need)

    def _fetch(self, need: Need) -> None:
        if self._source is Source.HERE:
            self._make(need, "no registry is asked, as you wish")
            return
        try:
            self._pull(need)
        except EnvironmentFailedError as refusal:
            if self._source is Source.PULLED or recipe_for(need.reference) is None:
                raise
            self._make(need, refusal.message)

    def _pull(self, need: Need) -> None:
        """Pull it, over a stand-in as well.

        Raises:
            EnvironmentFailedError: the registry did not answer, or does not give it.
        """
        from docker.errors import APIError  # noqa: PLC0415 - the package is an extra

        self._tell(f"{need.reference}: asking the registry")
        try:
            self._engine.images.pull(*repository_and_tag(need.reference))
        except APIError as error:
            raise EnvironmentFailedError(
                f"the image {need.reference} cannot be pulled: {error.explanation or error}",
                evidence=[f"needed by {', '.join(need.used_by)}"],
                hint=way_to(need.reference),
            ) from error
        self._tell(f"{need.reference}: pulled")

    def _make(self, need: Need, reason: str) -> None:
        recipe = self._recipe(need)
        self._tell(f"{need.reference}: {reason}")
        with self._base:
            base = debian.ensure(self._engine, self._tell)
        make(self._engine, need.reference, recipe, base, self._tell)
        self._tell(f"{need.reference}: a stand-in from Debian {debian.SUITE} packages is there")

    def _recipe(self, need: Need) -> Recipe:
        recipe = recipe_for(need.reference)
        if recipe is None:
            raise EnvironmentFailedError(
                f"the image {need.reference} is missing, and there is no recipe to make it here",
                evidence=[f"needed by {', '.join(need.used_by)}"],
                hint=way_to(need.reference),
            )
        return recipe
