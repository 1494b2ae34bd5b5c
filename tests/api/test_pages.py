"""Lists come in pages that lead to each other, and records say where they are; the same in all four services."""

from itertools import pairwise
from typing import Any

import httpx2
import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from tests.people import Account, unique
from tests.refusals import fields_of, refusal


class TestPagination:
    """Whoever follows the links sees everything once, in one order."""

    async def test_following_links(
        self, api_client: httpx2.AsyncClient, distilera_client: DistileraClient, account: Account
    ) -> None:
        """Five records in pages of two: three pages forwards, the same three backwards."""
        mine = distilera_client.as_user(account.token)
        created = [await mine.create_simulation(elements=["fire"]) for _ in range(5)]

        forwards = await self._walk(api_client, account, "/api/v1/simulations/?per_page=2", "next")
        backwards = await self._walk(api_client, account, forwards[0]["links"]["last"], "prev")

        seen = [row["id"] for page in forwards for row in page["data"]]
        assert sorted(seen) == sorted(created)
        assert [len(page["data"]) for page in forwards] == [2, 2, 1]
        assert [page["data"] for page in reversed(backwards)] == [page["data"] for page in forwards]
        newest_first = [row["created_at"] for page in forwards for row in page["data"]]
        assert all(earlier >= later for earlier, later in pairwise(newest_first))
        for number, page in enumerate(forwards, 1):
            expected = {"current_page": number, "total_pages": 3, "per_page": 2, "total": 5}
            assert page["meta"]["pagination"] == expected

    async def test_past_the_end(self, api_client: httpx2.AsyncClient, account: Account) -> None:
        """A page after the last is empty and leads back."""
        path = "/api/v1/simulations/?page=7"
        page = (await api_client.get(path, headers=account.headers)).json()
        assert page["data"] == []
        assert page["links"]["next"] is None
        assert httpx2.URL(page["links"]["prev"]).params["page"] == "1"

    @pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=101"])
    async def test_impossible_page(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str], query: str
    ) -> None:
        """Pages start at 1 and hold 1 to 100 records; anything else names the parameter."""
        response = await api_client.get(f"/api/v1/users/?{query}", headers=auth_headers)
        [field] = fields_of(refusal(response, 400, "validation_failed"))
        assert field.endswith(query.partition("=")[0])

    async def _walk(
        self, client: httpx2.AsyncClient, account: Account, path: str, direction: str
    ) -> list[dict[str, Any]]:
        pages = []
        next_path: str | None = path
        while next_path:
            response = await client.get(next_path, headers=account.headers)
            assert response.status_code == 200, response.text
            pages.append(response.json())
            next_path = pages[-1]["links"][direction]
        return pages


LISTS = {
    "test-distilera": (
        "/api/v1/users/",
        "/api/v1/simulations/",
        "/api/v1/collaborations/",
        "/api/v1/marketplace/items/",
    ),
    "test-hoardwell": ("/api/v1/messages/", "/api/v1/inbox/{id}/"),
    "test-mercatrix": ("/api/v1/transactions/", "/api/v1/listings/"),
    "test-jonar": (
        "/api/v1/deployments/",
        "/api/v1/components/distilera/events/",
        "/api/v1/components/distilera/scaling-events/",
        "/api/v1/system/alerts/",
    ),
}


class TestShapes:
    """Lists and records look alike in all four services."""

    @pytest.mark.parametrize("component", LISTS)
    async def test_lists(self, ecosystem: EcosystemHandle, account: Account, component: str) -> None:
        """Every list of a service is a page with its pagination, and with links to its neighbours."""
        async with httpx2.AsyncClient(base_url=ecosystem.url(component), verify=False) as client:
            for path in LISTS[component]:
                url = f"{path.format(id=account.id)}?per_page=3"
                response = await client.get(url, headers=account.headers)
                assert response.status_code == 200, response.text
                page = response.json()
                assert set(page) == {"data", "meta", "links"}, url
                pagination = page["meta"]["pagination"]
                assert len(page["data"]) == min(3, pagination["total"]), url
                assert pagination["total_pages"] == max(1, -(-pagination["total"] // 3)), url
                assert set(page["links"]) == {"self", "first", "prev", "next", "last"}, url

    async def test_records(self, test_environment: dict[str, Any], account: Account) -> None:
        """What was created says where it is found, and is found there."""
        env = {name: client.as_user(account.token) for name, client in test_environment.items()}
        partner = await test_environment["distilera"].create_user(
            name="P", email=f"{unique('p')}@test.example"
        )
        await test_environment["mercatrix"].pay_reward(account.id, 10, "savings")
        made = [
            ("distilera", "simulations/", {"elements": ["fire"]}),
            ("distilera", "coordinations/", {"agents": [{"name": "a", "role": "element_master"}]}),
            (
                "distilera",
                "collaborations/",
                {"leader": account.id, "participants": [partner.id], "simulation_type": "complex_fusion"},
            ),
            ("hoardwell", "messages/", {"to_user": partner.id, "content": "hello"}),
            ("mercatrix", "transactions/", {"from_user": account.id, "to_user": partner.id, "amount": 1}),
            ("mercatrix", "listings/", {"item_type": "gold", "quantity": 1, "price_per_unit": 2}),
        ]
        for service, path, body in made:
            created = await env[service].json(
                "POST", f"/api/v1/{path}", body, wait=5 * (service == "mercatrix")
            )
            found = await env[service].json("GET", created["links"]["self"])
            assert found["data"]["id"] == created["data"]["id"]
            assert found["links"]["self"] == created["links"]["self"]
