"""Why this exists: what comes of bringing elements together, as one table that people can read.

Substances are the four elements and whatever reactions make of them. A reaction applies where all its ingredients are
present; what it makes may react further with what is there. Nothing is used up and order does not matter, so adding a
substance never makes anything unreachable.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from distilera.domain.rules import RuleError

ELEMENTS = frozenset({"fire", "water", "earth", "air"})


@dataclass(frozen=True, slots=True)
class Reaction:
    """One line of the table: `kind` of `ingredients` makes `result`."""

    kind: str
    ingredients: frozenset[str]
    result: str


def _reaction(kind: str, ingredients: str, result: str) -> Reaction:
    return Reaction(kind, frozenset(ingredients.split()), result)


REACTIONS = (
    _reaction("distillation", "fire", "ember_salt"),
    _reaction("distillation", "water", "moon_dew"),
    _reaction("distillation", "earth", "iron_dust"),
    _reaction("distillation", "air", "sky_breath"),
    _reaction("fusion", "fire water earth", "phoenix_essence"),
    _reaction("fusion", "fire earth", "dragon_scale"),
    _reaction("fusion", "water earth", "crystal_shard"),
    _reaction("fusion", "fire water", "steam_spirit"),
    _reaction("fusion", "fire air", "ember_wind"),
    _reaction("fusion", "water air", "mist_veil"),
    _reaction("fusion", "earth air", "dust_rune"),
    _reaction("fusion", "fire water air", "storm_heart"),
    _reaction("fusion", "fire earth air", "meteor_iron"),
    _reaction("fusion", "water earth air", "living_clay"),
    _reaction("fusion", "fire water earth air", "philosophers_stone"),
    _reaction("transmutation", "dragon_scale sky_breath", "winged_scale"),
    _reaction("transmutation", "crystal_shard moon_dew", "scrying_lens"),
    _reaction("transmutation", "phoenix_essence ember_salt", "phoenix_feather"),
    _reaction("transmutation", "philosophers_stone iron_dust", "gold"),
)
KINDS = frozenset(reaction.kind for reaction in REACTIONS)
SUBSTANCES = ELEMENTS | frozenset(reaction.result for reaction in REACTIONS)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be brought together.

    Args:
        elements: Substances; order and repetition mean nothing.
        reaction_type: The kind of reaction that has to make the result; None for any kind.
        target_result: What is to come of it; None for whatever does.
    """

    elements: tuple[str, ...]
    reaction_type: str | None = None
    target_result: str | None = None


def react(recipe: Recipe) -> str:
    """What comes of a recipe: its target, or without one the result of the reaction that takes most in.

    Raises:
        RuleError: it names unknown things (`no_elements`, `unknown_element`, `unknown_reaction`,
            `unknown_result`), nothing comes of it (`no_reaction`) or not its target (`unreachable_target`).
    """
    _check_words(recipe)
    possible = _possible(frozenset(recipe.elements), recipe.reaction_type)
    if recipe.target_result is not None:
        return _target(recipe, [reaction.result for reaction in possible])
    made = strongest(recipe.elements, possible)
    if made is None:
        raise RuleError("no_reaction", f"Nothing comes of {_listed(recipe.elements)}.", "elements")
    return made


def strongest(elements: Iterable[str], reactions: Iterable[Reaction] = REACTIONS) -> str | None:
    """The result of the reaction that takes most of `elements` in; None where there is none."""
    direct = [reaction for reaction in reactions if reaction.ingredients <= set(elements)]
    return max(direct, key=lambda reaction: len(reaction.ingredients)).result if direct else None


def _check_words(recipe: Recipe) -> None:
    if not recipe.elements:
        raise RuleError("no_elements", "A reaction needs at least one element.", "elements")
    unknown = [element for element in recipe.elements if element not in SUBSTANCES]
    if unknown:
        known = _listed(ELEMENTS)
        raise RuleError(
            "unknown_element", f"Nobody knows {_listed(unknown)}; elements are {known}.", "elements"
        )
    if recipe.reaction_type not in {None, *KINDS}:
        message = f"Nobody knows the reaction {recipe.reaction_type!r}; there are {_listed(KINDS)}."
        raise RuleError("unknown_reaction", message, "reaction_type")
    if recipe.target_result not in {None, *SUBSTANCES}:
        message = f"No reaction makes {recipe.target_result!r}."
        raise RuleError("unknown_result", message, "target_result")


def _possible(substances: frozenset[str], kind: str | None) -> list[Reaction]:
    """The reactions of a kind that can happen, ingredients being made by any kind where need be."""
    present = substances
    while True:
        happening = [reaction for reaction in REACTIONS if reaction.ingredients <= present]
        grown = present | {reaction.result for reaction in happening}
        if grown == present:
            return [reaction for reaction in happening if kind in (None, reaction.kind)]
        present = grown


def _target(recipe: Recipe, results: list[str]) -> str:
    target = recipe.target_result
    if target not in results:
        how = f"by {recipe.reaction_type}" if recipe.reaction_type else "by any reaction"
        message = f"{target} does not come of {_listed(recipe.elements)} {how}."
        raise RuleError("unreachable_target", message, "target_result")
    return str(target)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words)))
