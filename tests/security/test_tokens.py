"""A token is worth the same to all four services: honoured while it is valid, and never when it is not."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from distilera.client import DistileraClient
from kernel.client import ServiceClient
from tests.people import Account, NewAccount, unique
from tests.refusals import refused

Environment = dict[str, Any]
READS = {
    "distilera": "/api/v1/simulations/",
    "hoardwell": "/api/v1/messages/",
    "mercatrix": "/api/v1/transactions/",
    "jonar": "/api/v1/deployments/",
}


def altered(token: str, **claims: Any) -> str:
    """`token` with other claims under its old signature."""
    head, payload, signature = token.split(".")
    padded = payload + "=" * (-len(payload) % 4)
    said = json.loads(base64.urlsafe_b64decode(padded)) | claims
    return ".".join((head, encoded(said), signature))


def encoded(part: dict[str, Any]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(token: str) -> str:
    """`token` as if nobody needed to sign: `alg` none, no signature."""
    return ".".join((encoded({"alg": "none", "typ": "JWT"}), token.split(".")[1], ""))


def tampered(token: str) -> str:
    """`token` with one character in the middle of its signature changed."""
    head, payload, signature = token.split(".")
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    return ".".join((head, payload, signature[:middle] + other + signature[middle + 1 :]))


def foreign(token: str) -> str:
    """The same claims, signed with a key of our own."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    key = OctKey.import_key(b"a key that no service ever had, 32")
    return jwt.encode({"alg": "HS256"}, claims, key, ["HS256"])


class TestSecurityIntegration:
    """What the document asks of authentication."""

    async def test_authentication_integration(self, test_environment: Environment) -> None:
        """A token of one service is valid in all of them, anything else in none."""
        env = test_environment

        # Test valid authentication
        valid_token = await env["distilera"].create_auth_token("test_user")

        # Verify token works across all components
        for component in env.values():
            auth_result = await component.authenticate(valid_token)
            assert auth_result.is_valid
            assert auth_result.user_id == "test_user"

        # Test invalid authentication
        invalid_token = "invalid_token"

        for component in env.values():
            auth_result = await component.authenticate(invalid_token)
            assert not auth_result.is_valid


@pytest.mark.parametrize("service", READS)
class TestTokens:
    """Every service judges tokens alike: asked about one, and acting on one."""

    async def test_valid(self, test_environment: Environment, account: Account, service: str) -> None:
        """A valid token is honoured and opens the service."""
        client = test_environment[service]
        assert (await client.authenticate(account.token)).is_valid
        assert (await client.as_user(account.token).request("GET", READS[service])).status_code == 200

    @pytest.mark.parametrize("forge", [tampered, unsigned, foreign])
    async def test_forged(
        self, test_environment: Environment, account: Account, service: str, forge: Any
    ) -> None:
        """A token whose signature is another, none, or made with another key is worth nothing."""
        await self._ensure_worthless(test_environment[service], service, forge(account.token))

    async def test_promoted(self, test_environment: Environment, account: Account, service: str) -> None:
        """A user cannot make itself an admin, or somebody else, by rewriting its token."""
        for claims in ({"roles": ["admin"]}, {"sub": "test_user"}, {"exp": 9_999_999_999}):
            forged = altered(account.token, **claims)
            await self._ensure_worthless(test_environment[service], service, forged)

    async def test_expired(
        self, test_environment: Environment, distilera_client: DistileraClient, service: str
    ) -> None:
        """A token is worth nothing once its time is over."""
        token = await distilera_client.create_auth_token(unique("user"), ttl=0.001)
        client = test_environment[service]
        assert not (await client.authenticate(token)).is_valid
        with refused(401, "unauthorized") as caught:
            await client.as_user(token).request("GET", READS[service])
        assert "expired" in caught.value.message

    async def test_revoked(
        self,
        test_environment: Environment,
        distilera_client: DistileraClient,
        account: Account,
        service: str,
    ) -> None:
        """A token that Distilera revokes is worth nothing anywhere; another of the same user still is."""
        client = test_environment[service]
        other = await distilera_client.create_auth_token(account.id)
        assert (await client.authenticate(account.token)).is_valid
        await distilera_client.revoke_token(account.token)

        assert not (await client.authenticate(account.token)).is_valid
        assert not await client.check_permission(account.token, "own_access")
        with refused(401, "unauthorized") as caught:
            await client.as_user(account.token).request("GET", READS[service])
        assert "revoked" in caught.value.message
        assert (await client.authenticate(other)).is_valid

    async def _ensure_worthless(self, client: ServiceClient, service: str, token: str) -> None:
        assert not (await client.authenticate(token)).is_valid
        assert not await client.check_permission(token, "own_access")
        with refused(401, "unauthorized"):
            await client.as_user(token).request("GET", READS[service])


class TestIssuing:
    """Who gets which token."""

    async def test_users_issue_none_for_others(
        self, distilera_client: DistileraClient, account: Account, stranger: Account
    ) -> None:
        """A user gets no token for another, and revokes none of another's."""
        mine = distilera_client.as_user(account.token)
        with refused(403, "forbidden"):
            await mine.create_auth_token(stranger.id)
        with refused(403, "forbidden"):
            await mine.revoke_token(stranger.token)
        assert (await distilera_client.authenticate(stranger.token)).is_valid

    async def test_inactive_user(self, distilera_client: DistileraClient, new_account: NewAccount) -> None:
        """Who is deactivated gets no new token."""
        account = await new_account()
        await distilera_client.update_user(account.id, is_active=False)
        with refused(422, "user_inactive"):
            await distilera_client.create_auth_token(account.id)

    async def test_wrong_client_secret(self, distilera_client: DistileraClient) -> None:
        """A client without the secret gets nothing."""
        grant = {"grant_type": "client_credentials", "client_id": "test", "client_secret": "guess"}
        answer = await distilera_client.http.send("POST", "/api/v1/tokens", json=grant)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_client")

    @pytest.mark.parametrize("ttl", [0, -1, 86_401])
    async def test_impossible_lifetime(self, distilera_client: DistileraClient, ttl: float) -> None:
        """A token lasts longer than nothing and a day at most."""
        with refused(400, "validation_failed"):
            await distilera_client.create_auth_token("test_user", ttl=ttl)
