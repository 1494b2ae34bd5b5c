"""Why this exists: what is there of what is needed: official, standing in, outdated or missing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.images.labels import CONTENT, STAND_IN
from harness.images.needs import Need
from harness.images.recipes import recipe_for

if TYPE_CHECKING:
    from docker import DockerClient


class Kind(StrEnum):
    """What stands under an image's name on this machine."""

    OFFICIAL = "official"  # not made by us: pulled, or somebody's own
    STAND_IN = "stand-in"
    OUTDATED = "outdated stand-in"  # its recipe has changed since
    BUILT = "built"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Item:
    """One image; `size` in bytes, 0 when it is missing."""

    need: Need
    kind: Kind
    size: int = 0


def look(engine: "DockerClient", need: Need) -> Item:
    """What is there under the name that is needed."""
    from docker.errors import ImageNotFound  # noqa: PLC0415 - the package is an extra

    try:
        image = engine.images.get(need.reference)
    except ImageNotFound:
        return Item(need, Kind.MISSING)
    return Item(need, _kind(need.reference, dict(image.labels)), int(image.attrs.get("Size", 0)))


def _kind(reference: str, labels: dict[str, str]) -> Kind:
    # Labels are inherited: those built upon a stand-in have its label too.
    if labels.get(STAND_IN) != reference:
        return Kind.BUILT if CONTENT in labels else Kind.OFFICIAL
    recipe = recipe_for(reference)
    if recipe is not None and labels.get(CONTENT) != recipe.digest:
        return Kind.OUTDATED
    return Kind.STAND_IN
