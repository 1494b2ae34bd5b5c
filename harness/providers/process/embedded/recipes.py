"""Why this exists: which server of a wheel runs in place of a component's image."""

from harness.providers.process.embedded.base import Recipe
from harness.providers.process.embedded.postgres import Postgres
from harness.providers.process.embedded.redis import Redis
from harness.spec.model import Component

RECIPES: dict[str, Recipe] = {"postgres": Postgres(), "redis": Redis()}


def recipe_for(component: Component) -> Recipe | None:
    """The recipe its `x-harness.process.embedded` names, else the one its image matches, else None."""
    process = component.settings.process
    if process is not None:
        return RECIPES.get(process.embedded or "")
    return next((recipe for recipe in RECIPES.values() if recipe.matches(component)), None)
