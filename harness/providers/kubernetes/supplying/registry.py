"""Why this exists: a cluster that nobody can bring images to pulls them from a registry of the team's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.supplying.images import name_on_node, names_registry
from harness.spec.model import Component

if TYPE_CHECKING:
    from docker import DockerClient

REGISTRY = "HARNESS_KUBE_REGISTRY"
"""Where images are pushed to, and pulled from by nodes: `host[:port]/prefix`."""

_USUAL = ("docker.io/library/", "docker.io/")


class Registry(NamedTuple):
    """One that the engine here may push to, and nodes pull from.

    Args:
        prefix: What names in it begin with.
    """

    prefix: str

    def name_of(self, image: str) -> str:
        """What an image of the engine is called there, with its tag."""
        whole = name_on_node(image)
        for usual in _USUAL:
            whole = whole.removeprefix(usual)
        path, _, tag = whole.rpartition(":")
        return f"{self.prefix}/{path.replace(':', '-')}:{tag}"

    def push(self, engine: "DockerClient", image: str) -> str:
        """Its name there, once it is there; blocks. Nothing is sent that the registry has.

        Raises:
            EnvironmentFailedError: the registry, or the engine, refuses.
        """
        from docker.errors import APIError  # noqa: PLC0415 - an extra
        from requests import RequestException  # noqa: PLC0415 - as above

        name = self.name_of(image)
        repository, _, tag = name.rpartition(":")
        try:
            found = engine.images.get(image)
            is_ours = name not in found.tags
            found.tag(repository, tag)
            told = list(engine.api.push(repository, tag, stream=True, decode=True))
            if is_ours:
                engine.images.remove(name)
        except (APIError, RequestException) as error:
            raise _refused(name, str(error)) from error
        errors = [each["error"] for each in told if "error" in each]
        if errors:
            raise _refused(name, errors[0])
        return name


def registry_of(variables: Mapping[str, str]) -> Registry | None:
    """The one that is set."""
    prefix = variables.get(REGISTRY, "").strip("/")
    return Registry(prefix) if prefix else None


def is_pulled_from_elsewhere(component: Component) -> bool:
    """Whether the file itself says where its image comes from, or which bytes it has: that is not for us to change."""
    image = component.image
    return component.build is None and image is not None and (names_registry(image) or "@" in image)


def _refused(name: str, told: str) -> EnvironmentFailedError:
    return EnvironmentFailedError(
        f"{name} cannot be pushed: {told}",
        hint=f"the engine here has to be able to push to what {REGISTRY} names: `docker login`, or insecure-registries",
    )
