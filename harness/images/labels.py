"""Why this exists: images say by labels what they are, so that ours are told from official ones and known again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

STAND_IN = "ecosystem-harness.stand-in"  # the official image that this one stands in for
CONTENT = "ecosystem-harness.content"  # the digest of all that it was made from
CACHE = "ecosystem-harness.cache"  # the project whose image it is, or `baked`: a start makes it where it is missing


def labels_of(engine: "DockerClient", reference: str) -> dict[str, str] | None:
    """An image's labels; None when it is not there."""
    from docker.errors import ImageNotFound  # noqa: PLC0415 - the package is an extra

    try:
        return dict(engine.images.get(reference).labels)
    except ImageNotFound:
        return None


def is_made_from(engine: "DockerClient", reference: str, content: str) -> bool:
    """Whether that image is there and was made from exactly this."""
    return (labels_of(engine, reference) or {}).get(CONTENT) == content
