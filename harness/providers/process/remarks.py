"""Why this exists: what of a component is not carried over when it runs as a process, told before anybody misses it."""

from collections.abc import Iterator
from dataclasses import fields

from harness.providers.process.embedded.base import other_major
from harness.providers.process.embedded.recipes import recipe_for
from harness.providers.process.storage.account import server_account
from harness.providers.remarks import general_remarks
from harness.spec.model import Component, ContainerSettings, Mount, Resources


def remarks(component: Component) -> tuple[str, ...]:
    """What the file says about a component that a process does without, a sentence each; empty when all holds."""
    return tuple(_remarks(component))


def stand_in(component: Component) -> str:
    """What runs in place of a component's image: `Postgres 16.14, embedded`; empty where nothing does."""
    recipe = recipe_for(component)
    return f"{recipe.server(component)}, embedded" if recipe is not None else ""


def uses_cache(component: Component) -> bool:
    """Whether a server that runs in place of its image reads anything from the cache.

    Raises:
        ProviderUnavailableError: we are root and the machine has no account to lend to servers.
    """
    recipe = recipe_for(component)
    return recipe is not None and recipe.uses_cache(server_account())


def _remarks(component: Component) -> Iterator[str]:
    recipe = recipe_for(component)
    if recipe is not None and other_major(recipe, component):
        yield f"as a process it is {recipe.server(component)}, embedded, and not {component.image}"
    if unused := [mount for mount in component.mounts if not _is_used(component, mount)]:
        shown = ", ".join(map(_mount, unused))
        yield f"as a process it does without what is mounted in a container: {shown}"
    if component.user is not None:
        yield f"as a process it does not run as user {component.user}, but as whoever started the harness"
    if component.resources != Resources():
        yield "as a process it has no limits of CPUs or memory"
    if names := _container_only(component.container):
        yield f"as a process it does without {', '.join(names)}"
    yield from general_remarks(component)


def _is_used(component: Component, mount: Mount) -> bool:
    recipe = recipe_for(component)
    return recipe is not None and recipe.uses(mount)


def _mount(mount: Mount) -> str:
    return f"{mount.source or mount.kind} at {mount.target}"


def _container_only(settings: ContainerSettings) -> list[str]:
    usual = ContainerSettings()
    return [f.name for f in fields(settings) if getattr(settings, f.name) != getattr(usual, f.name)]
