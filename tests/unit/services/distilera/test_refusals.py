"""Each failure of the domain is one HTTP status."""

import pytest

from distilera.domain.lifecycle import State, TransitionError
from distilera.domain.rules import RuleError
from distilera.domain.vault import VaultError
from distilera.refusals import REFUSALS, Refusal, api_error
from distilera.store.errors import DuplicateError, UnknownRecordError

EXAMPLES: list[tuple[Refusal, int, str, list[str]]] = [
    (RuleError("no_elements", "None.", "elements"), 422, "no_elements", ["elements"]),
    (RuleError("no_contributions", "None."), 422, "no_contributions", []),
    (DuplicateError("user", "email"), 409, "email_taken", ["email"]),
    (TransitionError("it", State.FAILED, State.RUNNING), 409, "invalid_transition", []),
    (UnknownRecordError("user", "user_1"), 404, "user_not_found", []),
    (VaultError("sens_1.ssn is under a key that is gone"), 500, "sensitive_data_unreadable", []),
]


@pytest.mark.parametrize(
    ("refusal", "status", "code", "fields"), EXAMPLES, ids=lambda value: type(value).__name__
)
def test_a_failure_of_the_domain_has_its_status(
    refusal: Refusal, status: int, code: str, fields: list[str]
) -> None:
    """And says which field is to blame where one is."""
    error = api_error(refusal)
    assert (error.status, error.code) == (status, code)
    assert [fault.field for fault in error.fields] == fields


def test_every_kind_has_an_example() -> None:
    """A new kind of failure has to be thought about here."""
    assert {type(refusal) for refusal, *_ in EXAMPLES} == set(REFUSALS)


def test_what_cannot_be_read_is_not_described_to_clients() -> None:
    """Ids of keys and records are for the log."""
    assert "ssn" not in api_error(VaultError("sens_1.ssn is under a key that is gone")).message
