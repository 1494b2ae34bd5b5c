"""Why this exists: what a client may know about a running environment, in one value with one JSON form."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.core.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class EnvironmentDescription:
    """A running environment, as its clients see it.

    Args:
        environment_id: Its name on this machine.
        ecosystem: The ecosystem's name.
        provider: Where it runs.
        seed: What its data was generated from.
        variables: What the tests are given (TEST_DB_HOST …); holds credentials, so never print it whole.
        endpoints: Where each component listens, the one meant by default first.
        results: The folder of the run, with its log of events.
        isolation: What a test starts from: `none` or `reset`.
        world: Which world of the environment this is; empty for the environment itself.
        stores: Where Postgres and Redis are, as URLs without passwords, by component.
    """

    environment_id: str
    ecosystem: str
    provider: str
    seed: int
    variables: Mapping[str, str]
    endpoints: Mapping[str, tuple[Endpoint, ...]]
    results: str
    isolation: str = "none"
    world: str = ""
    stores: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Only str, int, list and dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "EnvironmentDescription":
        """The inverse of `to_json`."""
        endpoints = {
            name: tuple(Endpoint(**endpoint) for endpoint in listed)
            for name, listed in form["endpoints"].items()
        }
        return cls(**{**form, "endpoints": endpoints})
