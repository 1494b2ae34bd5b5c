"""Why this exists: which images an ecosystem needs that it does not build itself, and what for."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.errors import UsageError
from harness.images.dockerfile import bases
from harness.spec.model import Build, Component


@dataclass(frozen=True, slots=True)
class Need:
    """An image that has to be there before anything is built or started."""

    reference: str
    used_by: tuple[str, ...]


def needed(components: Iterable[Component]) -> tuple[Need, ...]:
    """The images that components run as they are, and those that builds start from; in the file's order.

    Raises:
        UsageError: a Dockerfile is not there.
    """
    users: dict[str, list[str]] = {}
    for component in components:
        for reference in _references(component):
            users.setdefault(reference, []).append(component.name)
    return tuple(Need(reference, tuple(names)) for reference, names in users.items())


def _references(component: Component) -> tuple[str, ...]:
    if component.build is not None:
        return bases_of(component.build, component.name)
    return (component.image,) if component.image else ()


def bases_of(build: Build, component: str) -> tuple[str, ...]:
    """What a component's Dockerfile builds on; unknown, hence nothing, when the context is not on this machine.

    Raises:
        UsageError: the Dockerfile is not there.
    """
    if build.url is not None:
        return ()
    return bases(dockerfile_text(build, component), build.args, build.target)


def dockerfile_text(build: Build, component: str) -> str:
    """The Dockerfile, from the Compose file or from the context.

    Raises:
        UsageError: it is not there.
    """
    if build.dockerfile_inline is not None:
        return build.dockerfile_inline
    path = build.context / build.dockerfile
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{component}: its Dockerfile cannot be read: {path}: {error.strerror}",
            hint="`build` in the Compose file says where it is: context, dockerfile",
        ) from error
