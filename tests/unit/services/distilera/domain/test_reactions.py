"""What comes of elements follows one table, whatever order they are named in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilera.domain.reactions import ELEMENTS, REACTIONS, SUBSTANCES, Reaction, Recipe, react
from distilera.domain.rules import RuleError

SOME = st.lists(st.sampled_from(sorted(SUBSTANCES)), min_size=1, max_size=6)


def code_of(recipe: Recipe) -> str:
    """Why nothing comes of a recipe."""
    with pytest.raises(RuleError) as caught:
        react(recipe)
    return caught.value.code


def test_fire_water_and_earth_fuse_to_phoenix_essence() -> None:
    """The reaction everybody learns first."""
    assert react(Recipe(("fire", "water", "earth"), "fusion", "phoenix_essence")) == "phoenix_essence"
    assert react(Recipe(("fire", "water", "earth"))) == "phoenix_essence"


@pytest.mark.parametrize("reaction", REACTIONS, ids=lambda reaction: reaction.result)
def test_every_line_of_the_table_can_happen(reaction: Reaction) -> None:
    """From its ingredients, by its kind and by any."""
    ingredients = tuple(reaction.ingredients)
    assert react(Recipe(ingredients, reaction.kind, reaction.result)) == reaction.result
    assert react(Recipe(ingredients)) == reaction.result


def test_every_result_can_be_reached_from_the_elements_alone() -> None:
    """No line needs what nothing makes."""
    for reaction in REACTIONS:
        assert react(Recipe(tuple(ELEMENTS), target_result=reaction.result)) == reaction.result


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        (Recipe(()), "no_elements"),
        (Recipe(("void",)), "unknown_element"),
        (Recipe(("fire",), "wishing"), "unknown_reaction"),
        (Recipe(("fire",), None, "happiness"), "unknown_result"),
        (Recipe(("fire",), "fusion"), "no_reaction"),
        (Recipe(("fire", "water"), None, "phoenix_essence"), "unreachable_target"),
        (Recipe(("fire", "water", "earth"), "distillation", "phoenix_essence"), "unreachable_target"),
        (Recipe(("fire",), None, "fire"), "unreachable_target"),
    ],
)
def test_a_recipe_of_which_nothing_comes_is_refused(recipe: Recipe, code: str) -> None:
    """Each for its own reason."""
    assert code_of(recipe) == code


def result_or_code(elements: list[str]) -> str:
    """What comes of elements, or why nothing does."""
    try:
        return react(Recipe(tuple(elements)))
    except RuleError as error:
        return error.code


@given(elements=SOME, data=st.data())
def test_order_and_repetition_mean_nothing(elements: list[str], data: st.DataObject) -> None:
    """The same substances give the same result."""
    shuffled = data.draw(st.permutations(elements * 2))
    assert result_or_code(shuffled) == result_or_code(elements)


@given(reaction=st.sampled_from(REACTIONS), more=SOME, is_any_kind=st.booleans())
def test_adding_a_substance_never_makes_a_target_unreachable(
    reaction: Reaction, more: list[str], is_any_kind: bool
) -> None:
    """Nothing is used up."""
    kind = None if is_any_kind else reaction.kind
    recipe = Recipe((*more, *reaction.ingredients), kind, reaction.result)
    assert react(recipe) == reaction.result
