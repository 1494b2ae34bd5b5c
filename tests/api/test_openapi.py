"""Each service describes itself, says that it lives, and says whether it is ready."""

import httpx2
import pytest

from harness.pytest_plugin.handle import EcosystemHandle

SERVICES = {
    "distilera": {"/api/v1/users/", "/api/v1/tokens", "/api/v1/simulations/{simulation_id}/", "/graphql/"},
    "hoardwell": {"/api/v1/messages/", "/api/v1/inbox/{user_id}/"},
    "mercatrix": {"/api/v1/transactions/", "/api/v1/listings/{listing_id}/", "/api/v1/ledger/total"},
    "jonar": {"/api/v1/deployments/", "/api/v1/components/{component}/scaling-events/"},
}


@pytest.mark.parametrize("service", SERVICES)
class TestOperations:
    """What every service answers without a token."""

    async def test_description(self, ecosystem: EcosystemHandle, service: str) -> None:
        """The OpenAPI document names the service's paths, how to authenticate, and how it refuses."""
        document = (await self._get(ecosystem, service, "/openapi.json")).json()
        assert set(document["paths"]) >= SERVICES[service]
        [scheme] = document["components"]["securitySchemes"].values()
        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
        for operations in document["paths"].values():
            for operation in operations.values():
                assert operation["responses"], operation

    async def test_health(self, ecosystem: EcosystemHandle, service: str) -> None:
        """It lives, and says who it is."""
        assert (await self._get(ecosystem, service, "/health")).json()["service"] == service

    async def test_readiness(self, ecosystem: EcosystemHandle, service: str) -> None:
        """Its stores answer and its schema is there."""
        answer = (await self._get(ecosystem, service, "/ready")).json()
        assert (answer["status"], answer["service"]) == ("ready", service)

    async def test_metrics(self, ecosystem: EcosystemHandle, service: str) -> None:
        """It counts the requests it answers."""
        before = await self._count(ecosystem, service)
        await self._get(ecosystem, service, "/health")
        assert await self._count(ecosystem, service) > before

    async def _count(self, ecosystem: EcosystemHandle, service: str) -> float:
        text = (await self._get(ecosystem, service, "/metrics")).text
        [line] = [line for line in text.splitlines() if line.startswith("request_seconds_count")]
        return float(line.split()[-1])

    async def _get(self, ecosystem: EcosystemHandle, service: str, path: str) -> httpx2.Response:
        async with httpx2.AsyncClient(verify=False) as client:
            response = await client.get(f"{ecosystem.url(f'test-{service}')}{path}")
        assert response.status_code == 200, response.text
        return response
