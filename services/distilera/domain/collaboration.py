"""Why this exists: who may take part in a collaboration, what counts as a contribution, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distilera.domain.lifecycle import FINISHED, State
from distilera.domain.reactions import SUBSTANCES, strongest
from distilera.domain.rules import RuleError

MOST_PARTICIPANTS = 100


@dataclass(frozen=True, slots=True)
class Party:
    """Who takes part: the leader, and the participants in the order they were named."""

    leader: str
    participants: tuple[str, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """Everyone, the leader first."""
        return (self.leader, *self.participants)


def party_of(leader: str, participants: Sequence[str]) -> Party:
    """The party of a leader and participants, each named once.

    Raises:
        RuleError: nobody but the leader takes part, or too many do.
    """
    others = tuple(dict.fromkeys(user for user in participants if user != leader))
    if not 1 <= len(others) <= MOST_PARTICIPANTS:
        message = f"A collaboration has 1 to {MOST_PARTICIPANTS} participants beside its leader."
        raise RuleError("participant_count", message, "participants")
    return Party(leader, others)


def check_contribution(party: Party, state: State, user_id: str, contribution: Mapping[str, Any]) -> None:
    """Refuse what is no contribution to this collaboration.

    Raises:
        RuleError: `user_id` is no member, it has ended, or the contribution is empty or of an unknown element.
    """
    if user_id not in party.members:
        raise RuleError("not_a_member", f"{user_id} does not take part in this collaboration.", "user_id")
    if state in FINISHED:
        raise RuleError("collaboration_ended", f"The collaboration is {state}.")
    if not contribution:
        raise RuleError("empty_contribution", "The contribution is empty.", "contribution")
    element = contribution.get("element")
    if element is not None and element not in SUBSTANCES:
        raise RuleError("unknown_element", f"Nobody knows {element!r}.", "contribution.element")


def outcome(simulation_type: str, contributions: Sequence[Mapping[str, Any]]) -> str:
    """What comes of the contributions: what their elements make, otherwise an essence named after the simulation.

    Raises:
        RuleError: nobody has contributed.
    """
    if not contributions:
        raise RuleError("no_contributions", "Nobody has contributed yet.")
    elements = [str(c["element"]) for c in contributions if c.get("element") is not None]
    return strongest(elements) or f"{simulation_type}_essence"
