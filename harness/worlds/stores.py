"""Why this exists: which components hold state that can be put back, and how they are reached."""

from collections.abc import Awaitable, Iterable, Mapping
from importlib import import_module

from harness.core.endpoint import Endpoint
from harness.readiness.primary import primary_endpoint
from harness.readiness.protocols import postgres_login, protocol_of, redis_password
from harness.spec.model import Component
from harness.worlds.base import IsComponents, Store, nobodys
from harness.worlds.postgres import Database, PostgresStore
from harness.worlds.redis import RedisStore


def load_clients(components: Iterable[Component]) -> None:
    """Import what speaks to the stores among these; it takes as long as keeping them does."""
    protocols = {protocol_of(component) for component in components}
    for protocol, module in (("postgres", "asyncpg"), ("redis", "redis.asyncio")):
        if protocol in protocols:
            import_module(module)


Endpoints = Mapping[int, Endpoint]
Opening = Awaitable[Store] | None


def open_store(
    component: Component,
    endpoints: Endpoints,
    environment: Mapping[str, str],
    is_components: IsComponents = nobodys,
) -> Opening:
    """The store that a component is, once awaited; None for one that is no Postgres and no Redis.

    Args:
        component: As the Compose file has it.
        endpoints: Where it is reachable, by container port.
        environment: The variables it was given, secrets included.
        is_components: Tells components' connections to it from others.
    """
    protocol, endpoint = protocol_of(component), primary_endpoint(component, endpoints)
    if endpoint is None:
        return None
    if protocol == "postgres":
        return PostgresStore.open(component.name, _database(endpoint, environment, is_components))
    if protocol == "redis":
        return RedisStore.open(component.name, endpoint, redis_password(component, environment))
    return None


def join_store(
    component: Component,
    endpoints: Endpoints,
    environment: Mapping[str, str],
    is_components: IsComponents = nobodys,
) -> Opening:
    """`open_store` for one that runs on a copy of a store whose seeded state is kept, and is to have just that."""
    endpoint = primary_endpoint(component, endpoints)
    if endpoint is None or protocol_of(component) != "postgres":
        return open_store(component, endpoints, environment, is_components)
    return PostgresStore.join(component.name, _database(endpoint, environment, is_components))


def _database(endpoint: Endpoint, environment: Mapping[str, str], is_components: IsComponents) -> Database:
    user, name = postgres_login(environment)
    return Database(endpoint, user, name, environment.get("POSTGRES_PASSWORD"), is_components)
