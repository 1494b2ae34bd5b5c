"""Why this exists: testcontainers' client of the engine, whose absence is told in our words.

It knows what the plain SDK does not: at which address containers are reached, also from within a container.
"""

from typing import TYPE_CHECKING

from harness.containers import engine
from harness.core.errors import ProviderUnavailableError

if TYPE_CHECKING:
    from testcontainers.core.docker_client import DockerClient

_TIMEOUT = 600  # seconds for one answer: building and fetching are calls like others


def connect() -> "DockerClient":
    """A client of the engine that `harness.containers.engine` finds.

    Raises:
        ProviderUnavailableError: there is none that we can use, or testcontainers is not installed.
    """
    if (error := engine.lacking()) is not None:
        raise error
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        raise ProviderUnavailableError(
            "the Python package testcontainers is not installed",
            hint="pip install 'ecosystem-harness[docker]'",
        ) from None
    return DockerClient(environment=engine.engine_variables(), timeout=_TIMEOUT)
