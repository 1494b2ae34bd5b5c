"""Agents add what their roles know, and nothing is begun that cannot succeed."""

import pytest

from distilera.domain.agents import DEFAULT_RECIPE, MOST_AGENTS, ROLES, Agent, check, contribute
from distilera.domain.reactions import Recipe
from distilera.domain.rules import RuleError

TEAM = [Agent(role, role) for role in ROLES]


def test_each_role_contributes_its_own_part() -> None:
    """Elements, reaction, and the result checked once more."""
    parts = {agent.role: contribute(agent, DEFAULT_RECIPE) for agent in TEAM}
    assert parts["element_master"]["elements"] == ["earth", "fire", "water"]
    assert parts["reaction_controller"]["reaction_type"] == "fusion"
    assert parts["quality_assurance"] == {"result": "phoenix_essence", "is_as_asked": True}


def test_a_reaction_of_any_kind_is_named() -> None:
    """The controller finds out which kind makes the target."""
    recipe = Recipe(("fire", "water", "earth"), None, "phoenix_feather")
    assert contribute(Agent("a", "reaction_controller"), recipe)["reaction_type"] == "transmutation"


def test_a_team_of_known_roles_is_fine() -> None:
    """Also when two share a role."""
    check([*TEAM, Agent("second", "element_master")], DEFAULT_RECIPE)


@pytest.mark.parametrize(
    ("agents", "recipe", "code"),
    [
        ([], DEFAULT_RECIPE, "agent_count"),
        ([Agent(str(n), "element_master") for n in range(MOST_AGENTS + 1)], DEFAULT_RECIPE, "agent_count"),
        ([Agent("a", "element_master")] * 2, DEFAULT_RECIPE, "duplicate_agent"),
        ([Agent("a", "boss")], DEFAULT_RECIPE, "unknown_role"),
        (TEAM, Recipe(("fire",), None, "gold"), "unreachable_target"),
    ],
)
def test_what_cannot_succeed_is_refused(agents: list[Agent], recipe: Recipe, code: str) -> None:
    """Before any agent begins."""
    with pytest.raises(RuleError) as caught:
        check(agents, recipe)
    assert caught.value.code == code
