"""Why this exists: how an event of any service reads as a message, and who is told. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Payload = Mapping[str, Any]

# Accounts of the economy itself (`system:treasury`) have no inbox.
SYSTEM_PREFIX = "system:"
LONGEST_CONTENT = 4000


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is not stored yet.

    Args:
        kind: What it is about, as the table's `kind` lists them.
        content: Event type with `_` for `.`, the subject's id, a colon and a sentence.
        subject_id: The record it is about, None for a direct message.
        references: Columns such as `simulation_id` to the id they hold.
        user_id: Whom it concerns first, None for nobody in particular.
        recipients: Everybody it is delivered to, once each and sorted.
    """

    kind: str
    content: str
    subject_id: str | None
    references: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """How events of one type become messages.

    Args:
        kind: The message's kind.
        sentence: The words, from the payload.
        reference: The column that holds the reference, empty for none.
        reference_key: The payload key the reference is read from, empty for the event's subject.
        people: Payload keys that name users (one id or a list of ids).
    """

    kind: str
    sentence: Callable[[Payload], str]
    reference: str = ""
    reference_key: str = ""
    people: tuple[str, ...] = ()


def _listed(words: Iterable[Any]) -> str:
    return ", ".join(str(word) for word in words)


def _names(payload: Payload) -> str:
    """The payload's keys only: values of a profile are nobody else's business."""
    return _listed(sorted(payload))


def _started(payload: Payload) -> str:
    target = f" towards {payload['target_result']}" if payload["target_result"] else ""
    return f"{payload['reaction_type'] or 'reaction'} of {_listed(payload['elements'])}{target}"


def _contribution(payload: Payload) -> str:
    """What was contributed: words as they are, a record as `element: fire`."""
    given = payload["contribution"]
    if not isinstance(given, Mapping):
        return str(given)
    return "; ".join(
        f"{key}: {_listed(value) if isinstance(value, list) else value}" for key, value in given.items()
    )


def _reported(payload: Payload) -> str:
    return f"{payload['name']} ({payload['role']}) reports {_contribution(payload)}"


def _contributed(payload: Payload) -> str:
    return f"{payload['user_id']} contributes {_contribution(payload)}"


def _paid(payload: Payload) -> str:
    return (
        f"{payload['from_user']} pays {payload['amount']} {payload['currency']} to {payload['to_user']}"
        f" ({payload['transaction_type']})"
    )


def _agents(payload: Payload) -> str:
    return _listed(f"{agent['name']} ({agent['role']})" for agent in payload["agents"])


def _scaled(payload: Payload) -> str:
    return (
        f"{payload['component']} from {payload['from_replicas']} to {payload['to_replicas']} replicas:"
        f" {payload['reason']}"
    )


def _offered(payload: Payload) -> str:
    return f"{payload['seller']} offers {payload['quantity']} {payload['item_type']} at {payload['price_per_unit']}"


def _saying(template: str) -> Callable[[Payload], str]:
    """Words with the payload's values filled in."""
    return template.format_map


def _simulation(sentence: Callable[[Payload], str]) -> Form:
    return Form("simulation", sentence, "simulation_id")


def _collaboration(sentence: Callable[[Payload], str], *people: str) -> Form:
    return Form("collaboration", sentence, "collaboration_id", people=people)


def _component(sentence: Callable[[Payload], str]) -> Form:
    return Form("component", sentence)


FORMS: Mapping[str, Form] = {
    "user.created": Form("user", _saying("welcome, {name}")),
    "user.updated": Form("user", lambda payload: f"changed {_names(payload)}"),
    "simulation.started": _simulation(_started),
    "simulation.completed": _simulation(_saying("the result is {result}")),
    "simulation.failed": _simulation(_saying("{reason}")),
    "coordination.started": Form("agent", _agents, "coordination_id"),
    "agent.reported": Form("agent", _reported, "coordination_id", "coordination_id"),
    "coordination.completed": Form("agent", _saying("the result is {result}"), "coordination_id"),
    "collaboration.created": _collaboration(
        _saying("{leader} begins {simulation_type}"), "leader", "participants"
    ),
    "collaboration.contributed": _collaboration(_contributed, "user_id"),
    "collaboration.completed": _collaboration(_saying("the result is {result}"), "leader", "participants"),
    "distilera.error": Form("error", _saying("{operation} failed with {code}: {message}")),
    "transaction.processed": Form("transaction", _paid, "transaction_id", people=("from_user", "to_user")),
    "transaction.failed": Form(
        "transaction", lambda payload: f"{_paid(payload)} failed: {payload['reason']}", "transaction_id"
    ),
    "reward.paid": Form(
        "transaction", _saying("{amount} to {user_id} for {reason}"), "transaction_id", people=("user_id",)
    ),
    "listing.created": Form("listing", _offered, people=("seller",)),
    "listing.closed": Form("listing", _saying("the offer has ended")),
    "component.deployed": _component(_saying("{component} with {replicas} replicas")),
    "component.ready": _component(_saying("{component} has {ready_replicas} ready replicas")),
    "component.scaled": _component(_scaled),
    "replica.exited": _component(_saying("{component}: process {pid} ended with {exit_code}")),
    "alert.raised": _component(_saying("{type} of {component}: {message}")),
}


def draft(event_type: str, subject: str, user_id: str | None, payload: Payload) -> Draft:
    """The message that an event makes. A type that is not known here is told in its own words.

    Raises:
        KeyError: the payload lacks what a message of this type says.
    """
    form = FORMS.get(event_type) or Form("other", _names)
    content = f"{event_type.replace('.', '_')} {subject}: {form.sentence(payload)}"
    return Draft(
        kind=form.kind,
        content=content[:LONGEST_CONTENT],
        subject_id=subject,
        references=_references(form, subject, payload),
        user_id=user_id,
        recipients=_recipients(form, user_id, payload),
    )


def direct(to_user: str, content: str) -> Draft:
    """A message from one user to another, in the sender's own words."""
    return Draft("direct", content, subject_id=None, user_id=to_user, recipients=(to_user,))


def _references(form: Form, subject: str, payload: Payload) -> Mapping[str, str]:
    if not form.reference:
        return {}
    return {form.reference: payload[form.reference_key] if form.reference_key else subject}


def _recipients(form: Form, user_id: str | None, payload: Payload) -> tuple[str, ...]:
    named = {user_id} if user_id else set()
    for key in form.people:
        value = payload[key]
        named |= {value} if isinstance(value, str) else set(value)
    return tuple(sorted(person for person in named if not person.startswith(SYSTEM_PREFIX)))
