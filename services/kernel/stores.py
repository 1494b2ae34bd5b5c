"""Why this exists: how Postgres and Redis are reached, decided once for all services."""

import asyncpg
import redis.exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# What is raised when Postgres or Redis cannot be reached or goes away: worth another try, unlike everything else.
OUTAGES = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InvalidCatalogNameError,  # the database is being made anew
    asyncpg.InternalClientError,  # a connection that the server is just ending
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)

POOL_SIZE = 8
CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 30.0
REDIS_TIMEOUT = 10.0


class PooledConnection(asyncpg.Connection):
    """A connection that is handed back without a round trip to the server.

    Nothing here leaves session state behind (no LISTEN, SET or advisory session locks on pooled connections),
    so the reset that asyncpg sends on every release would only double the cost of a query.
    """

    def get_reset_query(self) -> str:
        """No query at all."""
        return ""


async def open_pool(database_url: str, service: str) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool that connects when first used, so that a service is alive before its database is."""
    pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=POOL_SIZE,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        connection_class=PooledConnection,
        server_settings={"application_name": service, "jit": "off"},
    )
    return pool


def open_redis(redis_url: str) -> Redis:
    """A client that connects when first used; one retry covers a connection that the server had closed."""
    return Redis.from_url(
        redis_url,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )


def is_outage(error: BaseException) -> bool:
    """Whether a store is to blame, rather than what was asked of it (asyncpg has one kind of error for both)."""
    return isinstance(error, OUTAGES) and not isinstance(error, ValueError)
