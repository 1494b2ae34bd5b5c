"""Why this exists: what the Compose file asks of this provider for one component: ports, servers, forks. Pure."""

from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.providers.process.embedded.base import Recipe
from harness.providers.process.embedded.recipes import recipe_for
from harness.spec.model import Component, Mount, ProcessSettings

_DEFAULT_APP_PORT = 8000


def targets(component: Component) -> tuple[int, ...]:
    """The ports to reserve: those of the file, x-harness.process.port first, 8000 for an application without any."""
    process = component.settings.process
    named = (process.port,) if process and process.port else ()
    listed = tuple(dict.fromkeys(named + component.targets))
    if listed:
        return listed
    recipe = recipe_for(component)
    if recipe is not None:
        return (recipe.port,)
    return (_DEFAULT_APP_PORT,) if process and process.app else ()


def endpoint_of_server(component: Component, recipe: Recipe, own: Mapping[int, Endpoint]) -> Endpoint:
    """Where an embedded server listens: at x-harness.process.port, at its usual port, or at the first there is."""
    process = component.settings.process
    asked = process.port if process else None
    return own.get(asked or recipe.port) or next(iter(own.values()))


def bounds(component: Component) -> list[Mount]:
    """The tmpfs with a size that the Compose file puts an embedded server's data on; empty when it does not."""
    recipe = recipe_for(component)
    return [m for m in component.mounts if m.kind == "tmpfs" and m.size and recipe and recipe.uses(m)]


def is_forked(component: Component) -> bool:
    """Whether it is Python that the preloader has imported: an application or a call."""
    process = component.settings.process
    return process is not None and (process.app is not None or process.call is not None)


def process_of(component: Component) -> ProcessSettings:
    """How it runs as a process. Raises EnvironmentFailedError: nothing says so."""
    process = component.settings.process
    if process is None:
        raise EnvironmentFailedError(
            f"{component.name} cannot run as a process: the plan should have skipped it"
        )
    return process
