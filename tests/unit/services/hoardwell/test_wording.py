"""How events read as messages, and who is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoardwell.wording import FORMS, LONGEST_CONTENT, Draft, direct, draft

TRANSFER = {
    "from_user": "a",
    "to_user": "b",
    "amount": "100.0000",
    "currency": "essence_coins",
    "transaction_type": "service_payment",
}
COLLABORATION = {"leader": "a", "participants": ["b", "c"]}

# One event of every type that the services tell each other, as they tell it.
PAYLOADS: dict[str, dict[str, Any]] = {
    "user.created": {"name": "Ada", "email": "ada@example.org", "role": "user"},
    "user.updated": {"email": "new@example.org", "name": "Ada L"},
    "simulation.started": {
        "elements": ["fire", "water"],
        "reaction_type": "fusion",
        "target_result": "phoenix_essence",
    },
    "simulation.completed": {"result": "phoenix_essence"},
    "simulation.failed": {"reason": "it fizzled"},
    "coordination.started": {"agents": [{"name": "x", "role": "element_master"}]},
    "agent.reported": {
        "coordination_id": "coord_1",
        "name": "x",
        "role": "element_master",
        "contribution": {"elements": ["fire", "earth"], "raw": True},
    },
    "coordination.completed": {"result": "phoenix_essence"},
    "collaboration.created": {**COLLABORATION, "simulation_type": "complex_fusion"},
    "collaboration.contributed": {"user_id": "b", "contribution": {"element": "fire"}},
    "collaboration.completed": {**COLLABORATION, "result": "phoenix_essence"},
    "distilera.error": {
        "operation": "create_simulation",
        "code": "unknown_element",
        "message": "No such element.",
    },
    "transaction.processed": TRANSFER,
    "transaction.failed": {**TRANSFER, "reason": "insufficient_funds"},
    "reward.paid": {"user_id": "b", "amount": "10.0000", "reason": "simulation completed sim_1"},
    "listing.created": {"item_type": "phoenix_essence", "quantity": 5, "price_per_unit": "50", "seller": "a"},
    "listing.closed": {},
    "component.deployed": {"component": "distilera", "replicas": 3},
    "component.ready": {"component": "distilera", "ready_replicas": 3},
    "component.scaled": {"component": "distilera", "from_replicas": 1, "to_replicas": 2, "reason": "cpu"},
    "replica.exited": {"component": "distilera", "pid": 7, "exit_code": -9},
    "alert.raised": {"type": "distilera_error", "component": "distilera", "message": "3 errors"},
}


def made(event_type: str, user_id: str | None = None, **changes: Any) -> Draft:
    """The message of an event about `rec_1`."""
    return draft(event_type, "rec_1", user_id, {**PAYLOADS[event_type], **changes})


def test_every_type_has_words() -> None:
    """The samples here and the forms there name the same types."""
    assert set(PAYLOADS) == set(FORMS)


@pytest.mark.parametrize("event_type", sorted(FORMS))
def test_a_message_begins_with_what_happened_to_what(event_type: str) -> None:
    """The type with underscores, then the subject: what readers look for."""
    content = made(event_type).content
    assert content.startswith(f"{event_type.replace('.', '_')} rec_1: ")
    assert not content.endswith(": ")


@pytest.mark.parametrize(
    ("event_type", "references"),
    [
        ("simulation.started", {"simulation_id": "rec_1"}),
        ("transaction.failed", {"transaction_id": "rec_1"}),
        ("reward.paid", {"transaction_id": "rec_1"}),
        ("coordination.started", {"coordination_id": "rec_1"}),
        ("agent.reported", {"coordination_id": "coord_1"}),
        ("collaboration.contributed", {"collaboration_id": "rec_1"}),
        ("distilera.error", {}),
    ],
)
def test_messages_are_found_by_what_they_refer_to(event_type: str, references: dict[str, str]) -> None:
    """An agent's report is found by its coordination, the others by their subject."""
    assert made(event_type).references == references


@pytest.mark.parametrize(
    ("event_type", "user_id", "recipients"),
    [
        ("transaction.processed", "a", ("a", "b")),
        ("transaction.failed", "a", ("a",)),
        ("collaboration.created", "a", ("a", "b", "c")),
        ("collaboration.contributed", "a", ("a", "b")),
        ("simulation.started", "a", ("a",)),
        ("simulation.started", None, ()),
        ("listing.created", None, ("a",)),
        ("component.scaled", None, ()),
    ],
)
def test_whoever_is_concerned_is_told_once(
    event_type: str, user_id: str | None, recipients: tuple[str, ...]
) -> None:
    """The event's user and everybody its payload names."""
    assert made(event_type, user_id).recipients == recipients


def test_the_treasury_has_no_inbox() -> None:
    """Accounts of the economy itself are told nothing."""
    assert made("transaction.processed", from_user="system:treasury").recipients == ("b",)


def test_a_payment_reads_as_a_sentence() -> None:
    """Who pays how much to whom, and what for."""
    assert made("transaction.processed").content == (
        "transaction_processed rec_1: a pays 100.0000 essence_coins to b (service_payment)"
    )


def test_a_contribution_reads_as_words() -> None:
    """Records are spelt out, whatever is in them; words stay as they are."""
    assert made("agent.reported").content.endswith("reports elements: fire, earth; raw: True")
    assert made("collaboration.contributed", contribution="some fire").content.endswith(
        "contributes some fire"
    )


def test_a_simulation_without_a_target_says_none() -> None:
    """What was not asked for is not spoken of."""
    content = made("simulation.started", reaction_type=None, target_result=None).content
    assert content == "simulation_started rec_1: reaction of fire, water"


def test_changes_of_a_profile_are_named_and_not_shown() -> None:
    """Values of a profile are nobody else's business."""
    content = made("user.updated").content
    assert content == "user_updated rec_1: changed email, name"


def test_a_payload_without_its_keys_is_an_error() -> None:
    """A message is never made from a guess."""
    with pytest.raises(KeyError):
        draft("transaction.processed", "txn_1", None, {})


@given(st.text(min_size=1), st.dictionaries(st.text(), st.integers()))
def test_a_type_nobody_knows_is_told_all_the_same(event_type: str, payload: dict[str, int]) -> None:
    """A newer service's events are messages too, within the length a message may have."""
    message = draft(f"future.{event_type}", "rec_1", None, payload)
    assert message.kind == "other"
    assert message.content.startswith("future_")
    assert len(message.content) <= LONGEST_CONTENT


def test_a_direct_message_keeps_its_words() -> None:
    """It is delivered to one user and begins with nothing."""
    message = direct("b", "hello")
    assert (message.kind, message.content, message.recipients) == ("direct", "hello", ("b",))
