"""The GraphQL schema says what the API's users rely on, and refuses what is too large."""

from typing import Any

from distilera.schema import MOST_ALIASES, Context, schema
from kernel.tokens import Principal

NOBODY: Any = None
USER = Context(NOBODY, Principal("user_1", frozenset({"user"}), "tok_1", 0.0))
SERVICE = Context(NOBODY, Principal("client:x", frozenset({"service"}), "tok_2", 0.0))

CREATE = """
    mutation CreateUser($input: CreateUserInput!) {
        createUser(input: $input) { user { id name email } errors { field message } }
    }
"""


async def run(query: str, context: Context = SERVICE, **variables: Any) -> Any:
    """The result of a query that reaches no store."""
    return await schema.execute(query, variable_values=variables, context_value=context)


async def test_faults_of_the_input_are_data() -> None:
    """By field, all of them."""
    result = await run(CREATE, input={"name": " ", "email": "invalid_email"})
    assert result.errors is None
    assert result.data["createUser"]["user"] is None
    assert [fault["field"] for fault in result.data["createUser"]["errors"]] == ["name", "email"]
    assert result.data["createUser"]["errors"][1]["message"] == "not an e-mail address"


async def test_users_create_no_users() -> None:
    """As over REST."""
    result = await run(CREATE, USER, input={"name": "Ada", "email": "ada@example.com"})
    assert result.errors[0].extensions == {"code": "forbidden"}


async def test_what_nobody_foresaw_is_not_described_to_clients() -> None:
    """Without a service, looking a user up fails in a way only our log should tell."""
    result = await run("{ user(id: 1) { id } }")
    assert [error.message for error in result.errors] == ["The service failed; see its log."]


async def test_mistakes_in_the_query_are_described() -> None:
    """They are the client's to mend."""
    result = await run("{ user(id: 1) { shoe_size } }")
    assert "shoe_size" in result.errors[0].message


async def test_a_query_has_limits() -> None:
    """In aliases, in tokens."""
    many = " ".join(f"a{number}: __typename" for number in range(MOST_ALIASES + 1))
    assert "aliases" in (await run(f"{{ {many} }}")).errors[0].message
    assert "tokens" in (await run("{ __typename }" + " # x\n" + "{ a }" * 1000)).errors[0].message


def test_the_schema_offers_what_clients_ask_for() -> None:
    """The types of the documented query and mutation."""
    printed = schema.as_str()
    assert "user(id: ID!): User" in printed
    assert "createUser(input: CreateUserInput!): CreateUserPayload!" in printed
    assert "profile: Profile!" in printed
