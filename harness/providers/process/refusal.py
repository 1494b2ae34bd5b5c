"""Why this exists: what cannot run as a process is told while planning, with what to write instead."""

import sys

from harness.providers.process.embedded import recipe_for
from harness.spec.model import Component


def missing() -> str | None:
    """What this machine lacks to run processes at all; None when nothing."""
    if sys.platform != "linux":
        return f"it needs Linux (pidfd, /proc), this is {sys.platform}"
    return None


def refusal(component: Component) -> str | None:
    """Why a component cannot run as a process; None when it can."""
    process = component.settings.process
    if process is not None and process.embedded is None:
        return None
    recipe = recipe_for(component)
    if recipe is not None:
        return recipe.refusal(component)
    what = f"image {component.image}" if component.image else "its build"
    return (
        f"{what} needs a container; x-harness.process (app, call or command) says how to run it without one"
    )
