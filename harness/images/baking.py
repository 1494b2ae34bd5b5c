"""Why this exists: initdb takes most of a Postgres container's start; here it is done once, in an image."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images.building import Tell, build
from harness.images.context import pack
from harness.images.labels import CACHE, CONTENT, is_made_from

if TYPE_CHECKING:
    from docker import DockerClient

# Where such an image keeps its data unless PGDATA says otherwise: not in the volume of the image below.
DATA = "/var/lib/postgresql/baked"
_FOLDER = Path(__file__).parent / "baked"
_SETTINGS = ("POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS", "POSTGRES_HOST_AUTH_METHOD")


def bake(engine: "DockerClient", base: str, environment: Mapping[str, str], tell: Tell) -> str:
    """A postgres image like `base` whose data directory is made already; its reference.

    Every container sets the password that its own POSTGRES_PASSWORD says. One whose other POSTGRES_* are not those of
    `environment`, or that has init scripts, starts as `base` does.

    Args:
        engine: What builds.
        base: A postgres image that is there, official or standing in.
        environment: The variables of the component.
        tell: Told of each step.

    Raises:
        EnvironmentFailedError: it cannot be made from that image; `base` itself can still be used.
    """
    args = {name: environment[name] for name in _SETTINGS if environment.get(name)}
    context = pack({}, _FOLDER, ["Dockerfile", "entrypoint"])
    base_id = str(engine.images.get(base).id)
    parts = [context.digest, base_id, *(f"{name}={value}" for name, value in sorted(args.items()))]
    content = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    reference = reference_for(base, args)
    if is_made_from(engine, reference, content):
        return reference
    tell(f"{reference}: {base} with its data directory made already")
    try:
        labels = {CONTENT: content, CACHE: "baked"}
        build(engine, reference, context, labels=labels, tell=tell, args={"BASE": base, **args})
    except EnvironmentFailedError as error:
        error.add_note(f"without it, {base} makes its data directory in every start")
        raise
    return reference


def reference_for(base: str, settings: Mapping[str, str]) -> str:
    """A name apart from the base's, one for each combination of settings."""
    digest = hashlib.sha256(repr((base, sorted(settings.items()))).encode()).hexdigest()
    tag = base.rpartition("/")[2].replace(":", "-").replace("@", "-")[:60]
    return f"ecosystem-harness/baked:{tag}-{digest[:12]}"
