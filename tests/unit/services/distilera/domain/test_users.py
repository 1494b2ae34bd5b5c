"""Users have names and e-mail addresses; what they may change of themselves is limited."""

import pytest
from pydantic import ValidationError

from distilera.domain.users import NewUser, UserChange, checked_email, columns_of, needs_privilege


@pytest.mark.parametrize(
    "text", ["a@b.de", " ada.lovelace+x@mail.example.com ", "ä@münchen.de", "o'neil@x.io"]
)
def test_ordinary_addresses_are_taken(text: str) -> None:
    """Without the space around them."""
    assert checked_email(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "invalid_email",
        "a@",
        "@b.de",
        "a@b",
        "a b@c.de",
        "a@b..de",
        "a@.de",
        "a@b.de,c@d.de",
        "x" * 250 + "@b.de",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Each is one that somebody has typed into a form."""
    with pytest.raises(ValueError, match="not an e-mail address"):
        checked_email(text)


@pytest.mark.parametrize(
    ("form", "blamed"),
    [
        ({"email": "invalid_email"}, {"name", "email"}),
        ({"name": "  ", "email": "a@b.de"}, {"name"}),
        ({"name": "Ada", "email": "a@b.de", "role": "service"}, {"role"}),
        ({"name": "Ada", "email": "a@b.de", "id": "../x"}, {"id"}),
        ({"name": "Ada", "email": "a@b.de", "password": "short"}, {"password"}),
        ({"name": "Ada", "email": "a@b.de", "isadmin": True}, {"isadmin"}),
    ],
)
def test_every_fault_of_a_new_user_is_found(form: dict[str, object], blamed: set[str]) -> None:
    """All at once; nobody becomes a service, and unknown fields are mistakes."""
    with pytest.raises(ValidationError) as caught:
        NewUser.model_validate(form)
    assert {str(fault["loc"][0]) for fault in caught.value.errors()} == blamed


@pytest.mark.parametrize(
    ("form", "expected"),
    [({"name": "Ada"}, False), ({"role": "admin"}, True), ({"is_active": False}, True), ({}, False)],
)
def test_role_and_activity_are_not_a_users_own_to_change(form: dict[str, object], expected: bool) -> None:
    """Whatever else is changed with them."""
    assert needs_privilege(UserChange.model_validate(form)) is expected
    assert needs_privilege(UserChange.model_validate({**form, "name": "Ada"})) is expected


def test_only_what_was_given_is_changed() -> None:
    """A profile's field can be emptied, a name cannot; the password is no column."""
    change = UserChange.model_validate({"name": None, "profile": {"bio": None}, "password": "long enough"})
    assert columns_of(change) == {"bio": None}
    assert columns_of(UserChange.model_validate({"email": " a@b.de "})) == {"email": "a@b.de"}
