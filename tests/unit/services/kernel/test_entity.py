"""A record is also its own id."""

import copy
import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest

from kernel.entity import Entity, EntityError


class Owner(Entity):
    """A record inside another."""

    name: str


class Thing(Entity):
    """A record with every kind of field."""

    status: str
    amount: Decimal = Decimal(0)
    made_at: datetime | None = None
    owner: Owner | None = None
    parts: list[Owner] = []  # noqa: RUF012 - a default of the declaration, never the record's own list


FORM = {
    "id": "thing_1",
    "status": "running",
    "amount": "1.50",
    "made_at": "2026-11-21T10:00:00Z",
    "owner": {"id": "user_1", "name": "Ada"},
    "parts": [{"id": "p1", "name": "a"}],
    "nobody_declared": True,
}


def test_fields_are_read_by_their_annotations() -> None:
    """Text becomes what the annotation says."""
    thing = Thing.of(FORM)
    assert thing.status == "running"
    assert thing.amount == Decimal("1.50")
    assert thing.made_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert thing.owner == "user_1"
    assert thing.owner is not None
    assert thing.owner.name == "Ada"
    assert [part.id for part in thing.parts] == ["p1"]
    assert not hasattr(thing, "nobody_declared")


def test_a_record_is_its_id_wherever_text_is_expected() -> None:
    """It compares, hashes, formats and serialises as the id."""
    thing = Thing.of(FORM)
    assert thing == "thing_1"
    assert thing.id == "thing_1"
    assert type(thing.id) is str
    assert hash(thing) == hash("thing_1")
    assert f"/things/{thing}/" == "/things/thing_1/"
    assert json.dumps([thing]) == '["thing_1"]'
    assert orjson.dumps({"id": thing}) == b'{"id":"thing_1"}'


def test_the_repr_shows_the_fields() -> None:
    """A failing assertion shows the record, not only its id."""
    assert repr(Owner.of({"id": "user_1", "name": "Ada"})) == "Owner('user_1', name='Ada')"


def test_missing_optional_fields_take_their_defaults() -> None:
    """A default list is each record's own."""
    first, second = Thing.of({"id": "1", "status": "x"}), Thing.of({"id": "2", "status": "x"})
    assert first.amount == 0
    assert first.parts == []
    assert first.parts is not second.parts


@pytest.mark.parametrize(
    ("form", "blamed"),
    [({"id": "thing_1"}, "status"), ({"status": "x"}, "id"), ({**FORM, "amount": "many"}, "amount")],
)
def test_what_is_no_such_record_is_refused_by_field(form: dict[str, object], blamed: str) -> None:
    """The message names the kind and the field."""
    with pytest.raises(EntityError, match=f"not a Thing.*{blamed}"):
        Thing.of(form)


def test_a_record_cannot_be_changed() -> None:
    """It is what a service said, not a place to write."""
    with pytest.raises(AttributeError, match="thing_1 cannot be changed"):
        Thing.of(FORM).status = "completed"


def test_copies_keep_everything() -> None:
    """Test runners send records between processes."""
    thing = Thing.of(FORM)
    for other in (copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):  # noqa: S301 - our own bytes
        assert other == thing
        assert other.amount == thing.amount
