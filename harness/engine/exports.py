"""Why this exists: tests find the ecosystem through variables whose values are known only once it runs."""

import re
from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.core.errors import SpecError
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Component

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = "{host}, {port}, {port:N}, {url} and {env.NAME}"


def render_exports(
    component: Component, endpoints: Mapping[int, Endpoint], environment: Mapping[str, str]
) -> dict[str, str]:
    """The variables that `x-harness.exports` of one component hands to tests.

    Args:
        component: Whose exports.
        endpoints: Where it listens, by container port.
        environment: The variables it was given.

    Raises:
        SpecError: a placeholder is unknown, or stands for something the component does not have.
    """

    def render(name: str, template: str) -> str:
        def value(found: re.Match[str]) -> str:
            known = _value(found[1], component, endpoints, environment)
            if known is None:
                raise _unknown(component, name, found[0])
            return known

        return _PLACEHOLDER.sub(value, template)

    return {name: render(name, template) for name, template in component.settings.exports.items()}


def _value(
    word: str, component: Component, endpoints: Mapping[int, Endpoint], environment: Mapping[str, str]
) -> str | None:
    """What stands for one placeholder; None when there is nothing."""
    if word.startswith("env."):
        return environment.get(word.removeprefix("env."))
    if word.startswith("port:"):
        target = word.removeprefix("port:")
        named = endpoints.get(int(target)) if target.isdigit() else None
        return str(named.port) if named else None
    primary = primary_endpoint(component, endpoints)
    if primary is None:
        return None
    return {"host": primary.host, "port": str(primary.port), "url": primary.http_url}.get(word)


def _unknown(component: Component, name: str, placeholder: str) -> SpecError:
    return SpecError(
        f"{component.location}: the export {name} of {component.name} holds {placeholder}, "
        "which stands for nothing here",
        hint=f"Known are {_KNOWN}, for ports and variables that {component.name} has.",
    )
