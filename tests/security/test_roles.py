"""Who may do what, service by service: the matrix as it is asked, and as it is acted on."""

from typing import Any

import httpx2
import pytest

from harness.pytest_plugin.handle import EcosystemHandle
from tests.people import Account, NewAccount, unique
from tests.refusals import refusal, refused

Environment = dict[str, Any]

GRANTS = {
    "user": {"own_access": True, "admin_access": False, "service_access": False},
    "admin": {"own_access": True, "admin_access": True, "service_access": False},
    "service": {"own_access": True, "admin_access": True, "service_access": True},
}
SERVICES = ("distilera", "hoardwell", "mercatrix", "jonar")

# What only admins and services do: service, method, path, body.
PRIVILEGED: list[tuple[str, str, str, dict[str, Any] | None]] = [
    ("distilera", "POST", "/api/v1/users/", {"name": "x", "email": "x@test.example"}),
    ("distilera", "POST", "/api/v1/sensitive-data/rotate/", None),
    ("distilera", "POST", "/api/v1/simulations/", {"elements": ["fire"], "id": "sim_mine"}),
    ("hoardwell", "POST", "/api/v1/messages/", {"to_user": "x", "content": "x", "id": "msg_mine"}),
    ("mercatrix", "POST", "/api/v1/rewards/", {"user_id": "x", "amount": 1, "reason": "x"}),
    ("mercatrix", "POST", "/api/v1/accounts/", {"user_id": "x"}),
    ("mercatrix", "GET", "/api/v1/ledger/total", None),
    ("mercatrix", "GET", "/api/v1/ledger/check", None),
    ("jonar", "POST", "/api/v1/deployments/", {"component": "hoardwell"}),
    ("jonar", "PATCH", "/api/v1/deployments/dep_x/", {"replicas": 1}),
    ("jonar", "DELETE", "/api/v1/deployments/dep_x/", None),
    ("jonar", "POST", "/api/v1/components/hoardwell/load/", {"load_factor": 1}),
]
OPEN = {
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("post", "/api/v1/tokens"),
}


class TestSecurityIntegration:
    """What the document asks of authorization."""

    async def test_authorization_integration(self, test_environment: Environment) -> None:
        """An admin has admin_access everywhere, a user nowhere."""
        env = test_environment

        # Create test users with different roles
        admin_user = await env["distilera"].create_user(
            {"name": "Admin User", "email": f"{unique('admin')}@test.com", "role": "admin"}
        )
        regular_user = await env["distilera"].create_user(
            {"name": "Regular User", "email": f"{unique('user')}@test.com", "role": "user"}
        )

        # Admin should have access to all components
        admin_token = await env["distilera"].create_auth_token(admin_user.id)
        for component in env.values():
            has_access = await component.check_permission(admin_token, "admin_access")
            assert has_access

        # Regular user should have limited access
        user_token = await env["distilera"].create_auth_token(regular_user.id)
        for component in env.values():
            has_admin_access = await component.check_permission(user_token, "admin_access")
            assert not has_admin_access


class TestRoles:
    """Roles against permissions and against what is really asked."""

    @pytest.mark.parametrize("role", GRANTS)
    async def test_matrix(self, test_environment: Environment, new_account: NewAccount, role: str) -> None:
        """Each role has its permissions and no others, the same ones in all four services."""
        if role == "service":
            token = str(await test_environment["distilera"].token())
        else:
            token = (await new_account(role=role)).token
        for service, client in test_environment.items():
            assert (await client.authenticate(token)).roles == (role,), service
            allowed = {name: await client.check_permission(token, name) for name in GRANTS[role]}
            assert allowed == GRANTS[role], service
            assert not await client.check_permission(token, "world_domination"), service

    @pytest.mark.parametrize(("service", "method", "path", "body"), PRIVILEGED)
    async def test_users_are_refused(
        self,
        test_environment: Environment,
        account: Account,
        service: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
    ) -> None:
        """A user is refused what is for admins and services."""
        with refused(403, "forbidden"):
            await test_environment[service].as_user(account.token).request(method, path, body)

    async def test_admins_are_not(self, test_environment: Environment, new_account: NewAccount) -> None:
        """An admin does, in each service, something that users may not."""
        env, admin = test_environment, await new_account(role="admin")
        user = (
            await env["distilera"]
            .as_user(admin.token)
            .create_user(name="Made by an admin", email=f"{unique('made')}@test.example")
        )
        assert (await env["mercatrix"].as_user(admin.token).pay_reward(user.id, 1, "welcome")).to_user == user
        sent = (
            await env["hoardwell"]
            .as_user(admin.token)
            .send_message({"from_user": user.id, "to_user": admin.id, "content": "thank you"})
        )
        assert sent.sender_id == user
        with refused(422, "unknown_component"):  # and not 403
            await env["jonar"].as_user(admin.token).deploy_component(component="cauldron")

    async def test_nobody_promotes_itself(self, test_environment: Environment, account: Account) -> None:
        """A user changes neither its role nor whether it is active."""
        mine = test_environment["distilera"].as_user(account.token)
        for change in ({"role": "admin"}, {"is_active": False}):
            with refused(403, "forbidden"):
                await mine.update_user(account.id, change)
        assert (await mine.get_user(account.id)).role == "user"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_door_is_closed(ecosystem: EcosystemHandle, service: str) -> None:
    """Of all that a service's document offers nothing is done for a token that is not valid, but what is open."""
    url = ecosystem.url(f"test-{service}")
    async with httpx2.AsyncClient(base_url=url, verify=False, timeout=30) as client:
        document = (await client.get("/openapi.json")).json()
        doors = {(method, path) for path, operations in document["paths"].items() for method in operations}
        assert len(doors - OPEN) >= 6
        for method, path in sorted(doors - OPEN):
            answer = await client.request(method, path, headers={"Authorization": "Bearer invalid_token"})
            refusal(answer, 401, "unauthorized")
