"""Why this exists: which components are known stores, and how one logs in there.

Pure, and light to import: commands that only plan need it too.
"""

import re
from collections.abc import Mapping
from itertools import pairwise

from harness.core.endpoint import Endpoint
from harness.readiness.healthcheck import expand
from harness.spec.model import Component

_IMAGES = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgis": "postgres",
    "pgvector": "postgres",
    "timescaledb": "postgres",
    "timescaledb-ha": "postgres",
    "redis": "redis",
    "redis-stack": "redis",
    "redis-stack-server": "redis",
    "valkey": "redis",
    "keydb": "redis",
}


def protocol_of(component: Component) -> str | None:
    """`postgres` or `redis`, where the file says so or the image is known for it; None otherwise."""
    process = component.settings.process
    if process is not None and process.embedded is not None:
        return process.embedded
    return protocol_of_image(component.image) if component.image else None


def protocol_of_image(image: str) -> str | None:
    """`postgres` or `redis`, where an image is known to hold such a server; None otherwise."""
    return _IMAGES.get(re.split(r"[:@]", image.rpartition("/")[2], maxsplit=1)[0])


def postgres_login(environment: Mapping[str, str], user: str | None = None) -> tuple[str, str]:
    """The user, unless it is given, and the database that a Postgres was told to make."""
    given = environment
    user = user or given.get("POSTGRES_USER") or given.get("POSTGRESQL_USERNAME") or "postgres"
    return user, given.get("POSTGRES_DB") or given.get("POSTGRESQL_DATABASE") or user


def store_url(component: Component, endpoint: Endpoint, environment: Mapping[str, str]) -> str | None:
    """Where a store is, as a URL without its password, which is for nobody to see; None for what is no known store.

    Args:
        component: As the Compose file has it.
        endpoint: Where it listens.
        environment: The variables it was given.
    """
    protocol = protocol_of(component)
    if protocol == "postgres":
        user, name = postgres_login(environment)
        return f"postgresql://{user}@{endpoint.address}/{name}"
    return f"redis://{endpoint.address}" if protocol == "redis" else None


def redis_password(component: Component, environment: Mapping[str, str]) -> str | None:
    """The password a Redis was told to require: by `--requirepass` of its command, else by REDIS_PASSWORD."""
    words = (*(component.entrypoint or ()), *(component.command or ()))
    for option, value in pairwise(words):
        if option.lower() == "--requirepass":
            return expand(value, environment) or None
    found = re.search(r"--requirepass[ =]+[\"']?([^\s\"']+)", " ".join(words), re.IGNORECASE)
    told = expand(found[1], environment) if found else environment.get("REDIS_PASSWORD")
    return told or None
