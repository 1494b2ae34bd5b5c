"""Why this exists: what a user is and which addresses are e-mail addresses, for REST and GraphQL alike."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s.,;<>\"()]+(\.[^@\s.,;<>\"()]+)+")
LONGEST_EMAIL = 254

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:@-]{1,128}$")]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128)]


def checked_email(text: str) -> str:
    """`text` without surrounding space.

    Raises:
        ValueError: it is no e-mail address.
    """
    address = text.strip()
    if len(address) > LONGEST_EMAIL or not EMAIL.fullmatch(address):
        raise ValueError("not an e-mail address")
    return address


Email = Annotated[str, AfterValidator(checked_email)]
Role = Annotated[str, StringConstraints(pattern="^(user|admin)$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Profile(_Body):
    """What a user shows of itself. `avatar` is a URL."""

    avatar: str | None = Field(None, max_length=2000)
    bio: str | None = Field(None, max_length=2000)


class NewUser(_Body):
    """A user to be created; the id is made unless it is given."""

    id: RecordId | None = None
    name: Name
    email: Email
    role: Role = "user"
    is_active: bool = True
    profile: Profile = Profile()
    password: Password | None = None


class UserChange(_Body):
    """What is to change; fields left out stay as they are."""

    name: Name | None = None
    email: Email | None = None
    role: Role | None = None
    is_active: bool | None = None
    profile: Profile | None = None
    password: Password | None = None


PRIVILEGED_FIELDS = frozenset({"role", "is_active"})


def needs_privilege(change: UserChange) -> bool:
    """Whether a change is not a user's own to make."""
    return bool(PRIVILEGED_FIELDS & change.model_fields_set)


def columns_of(change: UserChange) -> dict[str, Any]:
    """The table's columns to set, except for the password; what was given as null is left out, but in a profile."""
    given = change.model_dump(exclude_unset=True, exclude={"password"})
    profile = given.pop("profile", None) or {}
    return {name: value for name, value in given.items() if value is not None} | profile


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is checked against."""

    user_id: str
    role: str
    is_active: bool
    password_hash: str | None
