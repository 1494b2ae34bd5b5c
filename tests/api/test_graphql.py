"""Distilera's GraphQL interface: queries, mutations, faults as data, refusals as errors."""

from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError, TransportServerError

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from tests.ecosystem import graphql
from tests.people import Account, unique

USER = gql("""
    query GetUser($id: ID!) {
        user(id: $id) {
            id
            name
            email
            profile {
                avatar
                bio
            }
        }
    }
""")

CREATE_USER = gql("""
    mutation CreateUser($input: CreateUserInput!) {
        createUser(input: $input) {
            user {
                id
                name
                email
            }
            errors {
                field
                message
            }
        }
    }
""")


async def ask(client: Client, document: GraphQLRequest, **variables: Any) -> dict[str, Any]:
    """What the service answers to `document` with `variables`."""
    return dict(await client.execute_async(GraphQLRequest(document, variable_values=variables)))


class TestGraphQLIntegration:
    """What the document asks of GraphQL, and what happens when things go wrong."""

    async def test_graphql_query(self, graphql_client: Client, distilera_client: DistileraClient) -> None:
        """A user is found by its id, with the fields that were asked for and as REST shows them."""
        variables = {"id": "user_123"}  # of the seed data
        result = await ask(graphql_client, USER, **variables)

        assert "user" in result
        assert result["user"]["id"] == "user_123"
        assert "name" in result["user"]
        assert "email" in result["user"]
        user = await distilera_client.get_user("user_123")
        assert (result["user"]["name"], result["user"]["email"]) == (user.name, user.email)
        assert result["user"]["profile"] == user.profile.model_dump()

    async def test_graphql_mutation(self, graphql_client: Client, distilera_client: DistileraClient) -> None:
        """A user that GraphQL creates is the one that REST reads."""
        email = f"{unique('test')}@example.com"
        variables = {"input": {"name": "Test User", "email": email}}

        result = await ask(graphql_client, CREATE_USER, **variables)

        assert "createUser" in result
        assert result["createUser"]["user"]["name"] == "Test User"
        assert len(result["createUser"]["errors"]) == 0
        user = await distilera_client.get_user(result["createUser"]["user"]["id"])
        assert (user.name, user.email) == ("Test User", email)

    @pytest.mark.parametrize(
        ("name", "email", "fields"),
        [("Test User", "no address", ["email"]), ("", "no address", ["name", "email"])],
    )
    async def test_field_errors(
        self, graphql_client: Client, name: str, email: str, fields: list[str]
    ) -> None:
        """Faults of the input are data: one for each field, and no user."""
        variables = {"input": {"name": name, "email": email}}
        created = (await ask(graphql_client, CREATE_USER, **variables))["createUser"]
        assert created["user"] is None
        assert [error["field"] for error in created["errors"]] == fields
        assert all(error["message"] for error in created["errors"])

    async def test_duplicate_is_a_field_error(self, graphql_client: Client, account: Account) -> None:
        """An e-mail address that is taken is a fault of that field."""
        variables = {"input": {"name": "Twin", "email": account.user.email}}
        created = (await ask(graphql_client, CREATE_USER, **variables))["createUser"]
        assert created["user"] is None
        assert [error["field"] for error in created["errors"]] == ["email"]

    async def test_unknown_user(self, graphql_client: Client) -> None:
        """A user that is not there is null and no error."""
        result = await ask(graphql_client, USER, id=unique("user"))
        assert result == {"user": None}

    async def test_another_user(
        self, ecosystem: EcosystemHandle, account: Account, stranger: Account
    ) -> None:
        """Who asks for somebody else's record, or creates users without being allowed to, is refused by name."""
        client = graphql(ecosystem, account.token)
        with pytest.raises(TransportQueryError) as refused:
            await ask(client, USER, id=stranger.id)
        assert refused.value.errors is not None
        assert refused.value.errors[0]["extensions"]["code"] == "forbidden"

        variables = {"input": {"name": "Mine", "email": f"{unique('mine')}@test.example"}}
        with pytest.raises(TransportQueryError, match="Only an admin or a service creates users"):
            await ask(client, CREATE_USER, **variables)

    async def test_unauthenticated(self, ecosystem: EcosystemHandle) -> None:
        """Without a valid token there is no answer at all."""
        with pytest.raises(TransportServerError) as refused:
            await ask(graphql(ecosystem, "invalid_token"), USER, id="x")
        assert refused.value.code == 401

    async def test_unknown_field(self, ecosystem: EcosystemHandle, account: Account) -> None:
        """A query that does not fit the schema is refused by the service, which says why."""
        client = graphql(ecosystem, account.token)
        client.fetch_schema_from_transport = False  # or the client itself would refuse it
        query = gql("query ($id: ID!) { user(id: $id) { passwordHash } }")
        with pytest.raises(TransportQueryError, match="passwordHash"):
            await ask(client, query, id=account.id)
