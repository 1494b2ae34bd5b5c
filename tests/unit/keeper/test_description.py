"""What clients know of an environment survives the wire."""

import json

from harness.core.endpoint import Endpoint
from harness.keeper.description import EnvironmentDescription


def test_a_description_comes_back() -> None:
    """Endpoints as endpoints, in their order."""
    description = EnvironmentDescription(
        environment_id="0123456789",
        ecosystem="example",
        provider="process",
        seed=7,
        variables={"TEST_URL": "http://127.0.0.1:1"},
        endpoints={"web": (Endpoint("127.0.0.1", 1, 80), Endpoint("::1", 2, 443, "https")), "job": ()},
        results="/p/results/run",
    )
    assert EnvironmentDescription.from_json(json.loads(json.dumps(description.to_json()))) == description
