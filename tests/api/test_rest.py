"""Distilera's REST interface as any HTTP client sees it: records, refusals, limits."""

from typing import Any

import httpx2
import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from tests.people import Account, NewAccount, unique
from tests.refusals import fields_of, refusal

SERVICES = ("test-distilera", "test-hoardwell", "test-mercatrix", "test-jonar")


class TestAPIIntegration:
    """What the document asks of every API."""

    async def test_api_endpoint_structure(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str], account: Account
    ) -> None:
        """A list has data, meta with its pagination, and links."""
        response = await api_client.get("/api/v1/users/", headers=auth_headers)
        assert response.status_code == 200

        data = response.json()
        assert "data" in data
        assert "meta" in data
        assert "links" in data

        assert "pagination" in data["meta"]
        assert "current_page" in data["meta"]["pagination"]
        assert "total_pages" in data["meta"]["pagination"]
        assert [user["id"] for user in data["data"]] == [account.id]

    async def test_api_error_handling(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str]
    ) -> None:
        """What is not there is 404, what makes no sense is 400, both in the envelope."""
        response = await api_client.get("/api/v1/users/999999/", headers=auth_headers)
        assert response.status_code == 404

        error_data = response.json()
        assert "error" in error_data
        assert "message" in error_data["error"]
        assert "code" in error_data["error"]
        refusal(response, 404, "user_not_found")

        invalid_data = {"email": "invalid_email"}
        response = await api_client.post("/api/v1/users/", json=invalid_data, headers=auth_headers)
        assert response.status_code == 400
        assert fields_of(refusal(response, 400, "validation_failed")) == {"name", "email"}

    async def test_api_rate_limiting(
        self,
        api_client: httpx2.AsyncClient,
        auth_headers: dict[str, str],
        stranger: Account,
        hoardwell_client: HoardwellClient,
        account: Account,
    ) -> None:
        """A hundred requests in a row are too many for one user; nobody else and no other service is closed by it."""
        responses = []
        for _ in range(100):
            response = await api_client.get("/api/v1/users/", headers=auth_headers)
            responses.append(response)

        rate_limited = any(r.status_code == 429 for r in responses)
        assert rate_limited, "Rate limiting should be enforced"
        assert all(r.status_code == 200 for r in responses[:60])
        refused = [r for r in responses if r.status_code != 200]
        refusal(refused[0], 429, "rate_limited")
        assert {r.status_code for r in refused} == {429}
        assert int(refused[0].headers["retry-after"]) >= 1
        assert (await api_client.get("/api/v1/users/", headers=stranger.headers)).status_code == 200
        await hoardwell_client.as_user(account.token).get_inbox(account.id)  # or it raises


class TestRefusals:
    """Every way to be refused has its status, its code and its one shape."""

    @pytest.mark.parametrize("component", SERVICES)
    async def test_without_a_token(self, ecosystem: EcosystemHandle, component: str) -> None:
        """Whoever sends no token, or another scheme, learns that a bearer token is asked for."""
        url = f"{ecosystem.url(component)}/api/v1/anything/"
        async with httpx2.AsyncClient(verify=False) as client:
            nobody = await client.get(url)
            other = await client.get(url, headers={"Authorization": "Basic dXNlcjpwYXNz"})
        for response in (nobody, other):
            refusal(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"

    async def test_duplicate(self, api_client: httpx2.AsyncClient, distilera_client: DistileraClient) -> None:
        """A second user with the same e-mail address, in whatever case, is a conflict that names the field."""
        headers = {"Authorization": f"Bearer {await distilera_client.token()}"}
        name = unique("twin")
        first = {"name": name, "email": f"{name}@test.example"}
        assert (await api_client.post("/api/v1/users/", json=first, headers=headers)).status_code == 201

        second = {"name": name, "email": f"{name.upper()}@TEST.example"}
        response = await api_client.post("/api/v1/users/", json=second, headers=headers)

        assert fields_of(refusal(response, 409, "email_taken")) == {"email"}

    async def test_not_allowed(self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str]) -> None:
        """A user creates no users."""
        body = {"name": "A friend", "email": f"{unique('friend')}@test.example"}
        response = await api_client.post("/api/v1/users/", json=body, headers=auth_headers)
        refusal(response, 403, "forbidden")

    @pytest.mark.parametrize(
        ("recipe", "code"),
        [
            ({"elements": ["void"]}, "unknown_element"),
            ({"elements": []}, "no_elements"),
            ({"elements": ["fire"], "target_result": "phoenix_essence"}, "unreachable_target"),
        ],
    )
    async def test_against_the_rules(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str], recipe: dict[str, Any], code: str
    ) -> None:
        """A simulation that is well formed but impossible is 422 with the rule that forbids it."""
        response = await api_client.post("/api/v1/simulations/", json=recipe, headers=auth_headers)
        refusal(response, 422, code)

    async def test_wrong_state(
        self, api_client: httpx2.AsyncClient, distilera_client: DistileraClient, auth_headers: dict[str, str]
    ) -> None:
        """What has failed cannot be completed."""
        simulation = await distilera_client.create_simulation(elements=["fire"])
        await distilera_client.fail_simulation(simulation, "enough")
        headers = auth_headers | {"Authorization": f"Bearer {await distilera_client.token()}"}
        response = await api_client.post(f"/api/v1/simulations/{simulation}/complete/", headers=headers)
        refusal(response, 409, "invalid_transition")

    @pytest.mark.parametrize("body", ["{", "[]", '"text"', ""])
    async def test_unreadable_body(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str], body: str
    ) -> None:
        """A body that is no JSON object is 400."""
        response = await api_client.post("/api/v1/simulations/", content=body, headers=auth_headers)
        refusal(response, 400, "validation_failed")

    async def test_unknown_path_and_method(
        self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str]
    ) -> None:
        """Also what no route answers is refused in the envelope."""
        refusal(await api_client.get("/api/v1/potions/", headers=auth_headers), 404, "not_found")
        refusal(await api_client.delete("/api/v1/users/", headers=auth_headers), 405, "method_not_allowed")

    async def test_request_id(self, api_client: httpx2.AsyncClient, auth_headers: dict[str, str]) -> None:
        """A request's own id comes back, in the header and in the envelope."""
        given = unique("request")
        response = await api_client.get(
            "/api/v1/users/999999/", headers={**auth_headers, "x-request-id": given}
        )
        assert refusal(response, 404, "user_not_found")["request_id"] == given


class TestSimulations:
    """A simulation's states."""

    async def test_states(self, distilera_client: DistileraClient) -> None:
        """A simulation waits until it is started, runs until it is completed, and each step may be asked for twice."""
        simulation = await distilera_client.create_simulation(elements=["earth", "air"], start=False)
        assert (simulation.status, simulation.started_at) == ("pending", None)
        for _ in range(2):
            assert (await distilera_client.start_simulation(simulation)).status == "running"
        for _ in range(2):
            completed = await distilera_client.complete_simulation(simulation)
            assert (completed.status, completed.result) == ("completed", "dust_rune")
        assert simulation in await distilera_client.list_simulations(status="completed")
        assert simulation not in await distilera_client.list_simulations(status="running")


class TestUsers:
    """A user's record from its creation to its changes."""

    async def test_create_read_change(
        self, api_client: httpx2.AsyncClient, distilera_client: DistileraClient, new_account: NewAccount
    ) -> None:
        """What was created is read again; a change touches what it names and nothing else."""
        profile = {"avatar": "https://test.example/a.png", "bio": "Distils."}
        account = await new_account(profile=profile)
        path = f"/api/v1/users/{account.id}/"

        read = (await api_client.get(path, headers=account.headers)).json()["data"]
        assert (read["role"], read["is_active"], read["profile"]) == ("user", True, profile)

        response = await api_client.patch(path, json={"name": "Renamed"}, headers=account.headers)
        assert response.status_code == 200
        changed = response.json()["data"]
        assert changed == {**read, "name": "Renamed", "updated_at": changed["updated_at"]}
        assert changed["updated_at"] > read["updated_at"]
        assert (await distilera_client.get_user(account.id)).name == "Renamed"

    async def test_sign_in(self, distilera_client: DistileraClient, new_account: NewAccount) -> None:
        """The right password gives a token for its user, a wrong one does not."""
        password = unique("open sesame")
        account = await new_account(password=password)
        token = await distilera_client.sign_in(account.user.email, password)
        assert (await distilera_client.authenticate(token)).user_id == account.id
        answer = await distilera_client.http.send(
            "POST",
            "/api/v1/tokens",
            json={"grant_type": "password", "email": account.user.email, "password": "wrong"},
        )
        refusal(answer, 401, "invalid_credentials")
