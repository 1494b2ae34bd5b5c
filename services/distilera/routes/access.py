"""Why this exists: checks on requests that several resources share."""

from collections.abc import Sequence

from distilera.domain.rules import RuleError
from distilera.store import users
from kernel.changes import Connection
from kernel.errors import ApiError
from kernel.tokens import Principal


def ensure_own_id(principal: Principal, record_id: str | None) -> None:
    """Raise ApiError 403 where a user chooses a record's id, which is for admins and services."""
    if record_id is not None and not principal.is_privileged:
        raise ApiError(
            403, "forbidden", "Only an admin or a service chooses ids.", fields=[("id", "not yours")]
        )


async def ensure_known(
    connection: Connection, principal: Principal, field: str, user_ids: Sequence[str]
) -> None:
    """Raise RuleError `unknown_user` unless all are users; whoever asks is known by its token."""
    others = [user_id for user_id in user_ids if user_id != principal.user_id]
    missing = await users.unknown(connection, others) if others else []
    if missing:
        raise RuleError("unknown_user", f"There is no user {', '.join(missing)}.", field)
