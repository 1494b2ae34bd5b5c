"""Why this exists: a well-known image says more than its name: files that write no port mean the one it is known by."""

import re

from harness.spec.model import Component

_PORTS = {
    "cassandra": 9042,
    "elasticsearch": 9200,
    "kafka": 9092,
    "keydb": 6379,
    "mariadb": 3306,
    "memcached": 11211,
    "mongo": 27017,
    "mysql": 3306,
    "nats": 4222,
    "pgvector": 5432,
    "postgis": 5432,
    "postgres": 5432,
    "postgresql": 5432,
    "rabbitmq": 5672,
    "redis": 6379,
    "redis-stack": 6379,
    "redis-stack-server": 6379,
    "timescaledb": 5432,
    "timescaledb-ha": 5432,
    "valkey": 6379,
}


_ALPHANUMERIC = "[a-z0-9]+"
_SEGMENT = rf"{_ALPHANUMERIC}(?:(?:[._]|__|-+){_ALPHANUMERIC})*"
_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?{_SEGMENT}(?:/{_SEGMENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@{_DIGEST})?"
)


def is_image(reference: str) -> bool:
    """Whether an image can have this name: `[registry/][project/]image[:tag][@digest]`, as engines read it."""
    return _REFERENCE.fullmatch(reference) is not None


def image_name(component: Component) -> tuple[str, str]:
    """The last part of an image's repository, and its tag: `docker.io/library/redis:7` → `redis`, `7`."""
    reference = (component.image or "").partition("@")[0]
    repository, _, tag = reference.rpartition("/")[2].partition(":")
    return repository, tag


def usual_port(component: Component) -> int | None:
    """The container port of a well-known store or broker; None for anything else, and for what runs in its place."""
    process = component.settings.process
    return _PORTS.get(image_name(component)[0] if process is None else process.embedded or "")
