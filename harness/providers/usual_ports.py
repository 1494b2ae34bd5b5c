"""Why this exists: files that publish nothing of an official image still mean the port everybody knows it by."""

from harness.providers.process.embedded import recipe_for
from harness.providers.process.embedded.base import image_name
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


def usual_port(component: Component) -> int | None:
    """The container port of a well-known store or broker; None for anything else."""
    recipe = recipe_for(component)
    return recipe.port if recipe is not None else _PORTS.get(image_name(component)[0])
