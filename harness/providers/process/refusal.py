"""Why this exists: what cannot run as a process is told while planning, with what to write instead."""

import sys

from harness.core.errors import ProviderUnavailableError
from harness.providers.process.children.stop_signal import polite_signal
from harness.providers.process.embedded.recipes import recipe_for
from harness.spec.model import Component


def missing() -> ProviderUnavailableError | None:
    """What this machine lacks to run processes at all; None when nothing."""
    if sys.platform != "linux":
        return ProviderUnavailableError(f"it needs Linux (pidfd, /proc), this is {sys.platform}")
    return None


def refusal(component: Component) -> str | None:
    """Why a component cannot run as a process; None when it can."""
    process, recipe = component.settings.process, recipe_for(component)
    if component.replicas > 1:
        return f"it asks for {component.replicas} replicas, and every process is the only one of its name"
    if recipe is not None:
        return recipe.refusal(component)
    if process is not None:
        return _unknown_signal(component)
    what = f"image {component.image}" if component.image else "its build"
    return (
        f"{what} needs a container; x-harness.process (app, call or command) says how to run it without one"
    )


def _unknown_signal(component: Component) -> str | None:
    try:
        polite_signal(component)
    except ValueError as error:
        return f"its stop_signal {error}"
    return None
