"""Why this exists: which official images can be made here, and from what."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images import debian
from harness.images.building import Tell, build
from harness.images.context import Context, pack
from harness.images.labels import CONTENT, STAND_IN

if TYPE_CHECKING:
    from docker import DockerClient

_FOLDER = Path(__file__).parent / "standins"
_OFFICIAL = re.compile(r"^(?:docker\.io/)?(?:library/)?([a-z0-9._-]+)(?::([\w.-]+))?$")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one official image is made from Debian packages.

    Args:
        name: The official image's name, also that of `<name>.Dockerfile`.
        version: What Debian's package has.
        tags: A regular expression for the official tags that this version can stand in for.
        files: What the Dockerfile copies.
    """

    name: str
    version: str
    tags: str
    files: tuple[str, ...] = ()

    @property
    def dockerfile(self) -> str:
        """The Dockerfile's text."""
        return (_FOLDER / f"{self.name}.Dockerfile").read_text(encoding="utf-8")

    @property
    def context(self) -> Context:
        """What is sent to the build."""
        return pack({"Dockerfile": self.dockerfile.encode()}, _FOLDER, list(self.files))

    @property
    def digest(self) -> str:
        """What a stand-in is made from, the base below it included."""
        return hashlib.sha256(f"{debian.digest()} {self.context.digest}".encode()).hexdigest()


# What Debian bookworm has. Another minor version than the official image's: the major one is what people rely on.
RECIPES = (
    Recipe("postgres", "15", r"15(-bookworm)?", ("postgres-entrypoint",)),
    Recipe("redis", "7.0", r"7(\.0)?(-bookworm)?", ("redis-entrypoint", "redis-server")),
    Recipe("python", "3.11", r"3\.11(-slim)?(-bookworm)?"),
)


def recipe_for(reference: str) -> Recipe | None:
    """How `reference` can be made here; None when it cannot."""
    parts = _OFFICIAL.match(reference)
    if parts is None:
        return None
    name, tag = parts[1], parts[2] or "latest"
    fitting = (recipe for recipe in RECIPES if recipe.name == name and re.fullmatch(recipe.tags, tag))
    return next(fitting, None)


def way_to(reference: str) -> str:
    """How to get an image where no registry answers, for messages."""
    if recipe_for(reference) is not None:
        return "`harness images` makes one that stands in for it here, from Debian packages"
    return (
        f"where a registry answers, `docker pull {reference}` and `docker save -o image.tar {reference}`; "
        "then here, `docker load -i image.tar`"
    )


def make(engine: "DockerClient", reference: str, recipe: Recipe, base: str, tell: Tell) -> None:
    """Build the stand-in and give it the official name.

    Raises:
        EnvironmentFailedError: the build failed.
    """
    try:
        build(
            engine,
            reference,
            recipe.context,
            labels={STAND_IN: reference, CONTENT: recipe.digest},
            tell=tell,
            args={"BASE": base},
        )
    except EnvironmentFailedError as error:
        error.add_note(f"it was made from Debian {debian.SUITE} packages, to stand in for the official image")
        raise
