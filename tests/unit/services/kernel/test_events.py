"""An event that goes over the stream arrives as it was."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.events import Event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=40)
@given(
    payload=st.dictionaries(st.text(), JSON),
    user_id=st.none() | st.text(),
    at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_a_round_trip_changes_nothing(payload: dict[str, object], user_id: str | None, at: datetime) -> None:
    """Whatever is in it."""
    event = Event("evt_1", "thing.made", "distilera", "thing_1", user_id, at, payload)
    assert Event.decode(event.encode()) == event


def test_amounts_keep_every_digit() -> None:
    """Decimals travel as text."""
    event = Event("e", "t", "s", "x", None, datetime.now(UTC), {"amount": Decimal("0.10")})
    assert Event.decode(event.encode()).payload["amount"] == "0.10"


@pytest.mark.parametrize(
    "form", [b"", b"junk", b"[]", b"{}", b'{"id": "e", "occurred_at": "yesterday"}', b"null"]
)
def test_what_is_no_event_is_refused(form: bytes) -> None:
    """The consumer makes a dead letter of it."""
    with pytest.raises(ValueError, match=r".+"):
        Event.decode(form)
