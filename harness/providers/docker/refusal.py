"""Why this exists: what cannot run as a container of an environment of its own is told while planning."""

from collections.abc import Iterator

from harness.providers.remarks import general_remarks
from harness.spec.images import is_image
from harness.spec.model import Component, Diagnostic


def refusal(component: Component) -> str | None:
    """Why a component cannot run as a container here; None when it can."""
    mode = component.container.network_mode
    if component.image is None and component.build is None:
        return "it has neither image nor build"
    if component.build is not None and component.build.url is not None:
        return f"its build context {component.build.url} is not on this machine: check it out, and name the folder"
    if mode not in (None, "bridge"):
        return f"network_mode {mode} would take it out of the environment's own network"
    if component.replicas > 1:
        return f"it asks for {component.replicas} replicas, and each component has one container"
    return None


def lacks(component: Component) -> tuple[Diagnostic, ...]:
    """What the file names for an image and no engine takes for one, and what it names for a build and is not there."""
    return tuple(_lacks(component))


def _lacks(component: Component) -> Iterator[Diagnostic]:
    if component.image is not None and not is_image(component.image):
        remedy = "write [registry/]name[:tag], in small letters"
        message = f"{component.name}: {component.image!r} is not the name of an image"
        yield Diagnostic(component.location, message, remedy)
    build = component.build
    if build is None or build.url is not None:
        return
    if not build.context.is_dir():
        missing = f"its build context {build.context}"
    elif build.dockerfile_inline is None and not (build.context / build.dockerfile).is_file():
        missing = f"its Dockerfile {build.context / build.dockerfile}"
    else:
        return
    remedy = "`build` says where it is: context, and dockerfile below that"
    yield Diagnostic(component.location, f"{component.name}: {missing} is not there", remedy)


def remarks(component: Component) -> tuple[str, ...]:
    """What the file says about a component that is not carried over, a sentence each."""
    return tuple(_remarks(component))


def _remarks(component: Component) -> Iterator[str]:
    if udp := [port.target for port in component.ports if port.protocol != "tcp"]:
        yield f"ports other than TCP are not published: {', '.join(map(str, udp))}"
    yield from general_remarks(component)
