"""Why this exists: the GraphQL schema: users under the same rules as over REST."""

import logging
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError
from pydantic import ValidationError
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter

from distilera import accounts
from distilera.domain.users import NewUser
from distilera.store.errors import DuplicateError, UnknownRecordError
from kernel.errors import ApiError, plain_message
from kernel.service import Service
from kernel.tokens import Principal

log = logging.getLogger("distilera.schema")

DEEPEST = 8
MOST_TOKENS = 1_000
MOST_ALIASES = 15


@dataclass(frozen=True, slots=True)
class Context:
    """On whose behalf a query runs."""

    service: Service
    principal: Principal


Info = strawberry.Info[Context, None]


@strawberry.type(description="What a user shows of itself.")
class Profile:
    """What a user shows of itself."""

    avatar: str | None
    bio: str | None


@strawberry.type(description="A user.")
class User:
    """A user."""

    id: strawberry.ID
    name: str
    email: str
    role: str
    is_active: bool
    profile: Profile

    @classmethod
    def of(cls, row: dict[str, Any]) -> "User":
        """The user of a row as REST shows it."""
        fields = {name: row[name] for name in ("id", "name", "email", "role", "is_active")}
        return cls(**fields, profile=Profile(**row["profile"]))


@strawberry.type(description="What is wrong with one field of the input.")
class InputFault:
    """What is wrong with one field of the input."""

    field: str
    message: str


@strawberry.input(description="A user to be created.")
class CreateUserInput:
    """A user to be created."""

    name: str
    email: str
    avatar: str | None = None
    bio: str | None = None


@strawberry.type(description="The user that was created, or why none was.")
class CreateUserPayload:
    """The user that was created, or why none was."""

    user: User | None
    errors: list[InputFault]


def _refused(error: ApiError) -> GraphQLError:
    return GraphQLError(error.message, extensions={"code": error.code})


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field(description="One user; null where there is none.")  # type: ignore[untyped-decorator]  # strawberry tells no types
    async def user(self, info: Info, id: strawberry.ID) -> User | None:  # noqa: A002 - the schema's word
        """One user."""
        try:
            return User.of(await accounts.read(info.context.service, info.context.principal, str(id)))
        except UnknownRecordError:
            return None
        except ApiError as error:
            raise _refused(error) from error


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation(description="Create a user (admins and services); faults of the input are data.")  # type: ignore[untyped-decorator]  # strawberry tells no types
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:  # noqa: A002 - the schema's word
        """Create a user."""
        try:
            wanted = _new_user(input)
            row = await accounts.create(info.context.service, info.context.principal, wanted)
        except ValidationError as error:
            return CreateUserPayload(user=None, errors=_faults(error))
        except DuplicateError as error:
            return CreateUserPayload(user=None, errors=[InputFault(field=error.field, message=str(error))])
        except ApiError as error:
            raise _refused(error) from error
        return CreateUserPayload(user=User.of(row), errors=[])


def _new_user(wanted: CreateUserInput) -> NewUser:
    profile = {"avatar": wanted.avatar, "bio": wanted.bio}
    return NewUser.model_validate({"name": wanted.name, "email": wanted.email, "profile": profile})


def _faults(error: ValidationError) -> list[InputFault]:
    """Faults by the input's own field names; it has no `profile` level."""
    return [
        InputFault(field=str(fault["loc"][-1]), message=plain_message(fault["msg"]))
        for fault in error.errors()
    ]


class _Schema(strawberry.Schema):
    """Only what nobody foresaw goes to the log."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:  # noqa: ARG002 - strawberry's signature
        """Log unexpected failures."""
        for error in filter(_is_unexpected, errors):
            log.error("a GraphQL field failed: %s", error, exc_info=error.original_error)


def _is_unexpected(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


schema = _Schema(
    Query,
    Mutation,
    extensions=[
        lambda: QueryDepthLimiter(DEEPEST),
        lambda: MaxTokensLimiter(MOST_TOKENS),
        lambda: MaxAliasesLimiter(MOST_ALIASES),
        lambda: MaskErrors(_is_unexpected, "The service failed; see its log."),
    ],
)
