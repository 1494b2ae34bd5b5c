"""Why this exists: users are created and changed under the same rules by REST and GraphQL."""

from distilera.domain.users import NewUser, UserChange, columns_of, needs_privilege
from distilera.passwords import hash_password
from distilera.store import users
from distilera.store.errors import UnknownRecordError
from kernel.errors import ApiError
from kernel.service import Service
from kernel.tokens import Principal


async def read(service: Service, principal: Principal, user_id: str) -> users.User:
    """A user that `principal` may see: itself, or anyone for an admin or a service.

    Raises:
        UnknownRecordError, ApiError 403: there is none, or it is another.
    """
    user = await users.by_id(service.pool, user_id)
    if user is None:
        raise UnknownRecordError("user", user_id)
    principal.ensure_may_act_for(user_id)
    return user


async def create(service: Service, principal: Principal, user: NewUser) -> users.User:
    """Create a user, which only admins and services may.

    Raises:
        ApiError 403, DuplicateError.
    """
    if not principal.is_privileged:
        raise ApiError(403, "forbidden", "Only an admin or a service creates users.")
    password_hash = await hash_password(user.password) if user.password else None
    async with service.pool.acquire() as connection, connection.transaction():
        return await users.create(connection, user, password_hash)


async def change(service: Service, principal: Principal, user_id: str, wanted: UserChange) -> users.User:
    """Change a user: everyone itself, admins and services anyone; role and activity only the latter.

    Raises:
        ApiError 403, UnknownRecordError, DuplicateError.
    """
    if needs_privilege(wanted) and not principal.is_privileged:
        raise ApiError(403, "forbidden", "Only an admin or a service changes role or activity.")
    current = await read(service, principal, user_id)
    columns = columns_of(wanted)
    if wanted.password:
        columns["password_hash"] = await hash_password(wanted.password)
    if not columns:
        return current
    async with service.pool.acquire() as connection, connection.transaction():
        changed = await users.update(connection, user_id, columns)
    if changed is None:
        raise UnknownRecordError("user", user_id)
    return changed
