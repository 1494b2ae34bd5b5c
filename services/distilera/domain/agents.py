"""Why this exists: what each agent adds to a coordinated simulation, and what their work comes to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distilera.domain.reactions import ELEMENTS, REACTIONS, Recipe, react
from distilera.domain.rules import RuleError

DEFAULT_RECIPE = Recipe(("fire", "water", "earth"), "fusion", "phoenix_essence")
MOST_AGENTS = 50

Contribution = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agent:
    """One of the agents of a coordination."""

    name: str
    role: str


def _select_elements(recipe: Recipe) -> Contribution:
    """An element master: which elements go in, and which of them are raw."""
    elements = sorted(set(recipe.elements))
    return {"elements": elements, "raw": [element for element in elements if element in ELEMENTS]}


def _control_reaction(recipe: Recipe) -> Contribution:
    """A reaction controller: the reaction that makes the result."""
    result = react(recipe)
    kinds = [reaction.kind for reaction in REACTIONS if reaction.result == result]
    return {"reaction_type": recipe.reaction_type or kinds[0], "steps": kinds}


def _assure_quality(recipe: Recipe) -> Contribution:
    """Quality assurance: the result, worked out once more."""
    result = react(recipe)
    return {"result": result, "is_as_asked": recipe.target_result in (None, result)}


ROLES: dict[str, Callable[[Recipe], Contribution]] = {
    "element_master": _select_elements,
    "reaction_controller": _control_reaction,
    "quality_assurance": _assure_quality,
}


def check(agents: Sequence[Agent], recipe: Recipe) -> None:
    """Refuse a coordination that cannot succeed.

    Raises:
        RuleError: no or too many agents, two of one name, an unknown role, or nothing comes of the recipe.
    """
    if not 1 <= len(agents) <= MOST_AGENTS:
        raise RuleError("agent_count", f"A coordination has 1 to {MOST_AGENTS} agents.", "agents")
    names = [agent.name for agent in agents]
    if len(set(names)) < len(names):
        raise RuleError("duplicate_agent", "Two agents have the same name.", "agents")
    for agent in agents:
        if agent.role not in ROLES:
            known = ", ".join(sorted(ROLES))
            raise RuleError(
                "unknown_role", f"Nobody knows the role {agent.role!r}; there are {known}.", "agents"
            )
    react(recipe)


def contribute(agent: Agent, recipe: Recipe) -> Contribution:
    """What `agent` adds; its role must be known."""
    return ROLES[agent.role](recipe)
