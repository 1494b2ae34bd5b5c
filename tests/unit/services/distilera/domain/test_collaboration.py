"""Members contribute until a collaboration ends; something always comes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilera.domain.collaboration import (
    MOST_PARTICIPANTS,
    Party,
    check_contribution,
    outcome,
    party_of,
)
from distilera.domain.lifecycle import State
from distilera.domain.reactions import SUBSTANCES
from distilera.domain.rules import RuleError

PARTY = Party("ada", ("bob", "cleo"))


def test_everyone_is_a_member_once() -> None:
    """Also who is named twice, or leads and takes part."""
    assert party_of("ada", ["bob", "ada", "cleo", "bob"]) == PARTY
    assert PARTY.members == ("ada", "bob", "cleo")


@pytest.mark.parametrize("participants", [[], ["ada"], [f"user_{n}" for n in range(MOST_PARTICIPANTS + 1)]])
def test_a_party_has_a_sensible_size(participants: list[str]) -> None:
    """Nobody collaborates alone."""
    with pytest.raises(RuleError) as caught:
        party_of("ada", participants)
    assert caught.value.code == "participant_count"


@pytest.mark.parametrize("member", PARTY.members)
def test_every_member_may_contribute(member: str) -> None:
    """The leader like the others; an element is not necessary."""
    check_contribution(PARTY, State.RUNNING, member, {"element": "fire"})
    check_contribution(PARTY, State.RUNNING, member, {"idea": "more fire"})


@pytest.mark.parametrize(
    ("user", "state", "contribution", "code"),
    [
        ("dan", State.RUNNING, {"element": "fire"}, "not_a_member"),
        ("bob", State.COMPLETED, {"element": "fire"}, "collaboration_ended"),
        ("bob", State.FAILED, {"element": "fire"}, "collaboration_ended"),
        ("bob", State.RUNNING, {}, "empty_contribution"),
        ("bob", State.RUNNING, {"element": "void"}, "unknown_element"),
    ],
)
def test_what_is_no_contribution_is_refused(
    user: str, state: State, contribution: dict[str, str], code: str
) -> None:
    """Each for its own reason."""
    with pytest.raises(RuleError) as caught:
        check_contribution(PARTY, state, user, contribution)
    assert caught.value.code == code


def test_elements_come_together() -> None:
    """What members bring reacts."""
    assert (
        outcome("complex_fusion", [{"element": e} for e in ("fire", "water", "earth")]) == "phoenix_essence"
    )
    assert outcome("complex_fusion", [{"element": "fire"}] * 3) == "ember_salt"


@given(elements=st.lists(st.sampled_from([None, *sorted(SUBSTANCES)]), min_size=1, max_size=6))
def test_something_comes_of_any_contributions(elements: list[str | None]) -> None:
    """A collaboration with contributions can always be completed."""
    result = outcome("complex_fusion", [{"element": element} for element in elements])
    assert result in SUBSTANCES | {"complex_fusion_essence"}


def test_nothing_comes_of_nothing() -> None:
    """Somebody has to contribute first."""
    with pytest.raises(RuleError) as caught:
        outcome("complex_fusion", [])
    assert caught.value.code == "no_contributions"
