"""Why this exists: what cannot run as a pod of a namespace of its own is told while planning."""

import re
from collections.abc import Iterator

from harness.providers.remarks import general_remarks
from harness.spec.model import Component

# RFC 1035 label, which the name of a Kubernetes Service has to be: others reach a component by its own name.
_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_NUMBERS = re.compile(r"\d+(:\d+)?")


def refusal(component: Component) -> str | None:
    """Why a component cannot run in a cluster; None when it can."""
    return next(_refusals(component), None)


def _refusals(component: Component) -> Iterator[str]:
    settings = component.container
    if component.image is None and component.build is None:
        yield "it has neither image nor build"
    if component.build is not None and component.build.url is not None:
        yield f"its build context {component.build.url} is not on this machine: check it out, and name the folder"
    for name in (component.name, *component.aliases):
        if not is_label(name):
            yield f"{name!r} is no name for a Service: small letters, digits and hyphens, a letter first"
    for name, value in (
        ("network_mode", settings.network_mode),
        ("pid", settings.pid),
        ("ipc", settings.ipc),
    ):
        if value not in (None, "bridge", "private", "shareable"):
            yield f"{name} {value} would take it out of its pod"
    if settings.devices:
        yield f"a pod is given no devices: {', '.join(settings.devices)}"
    if component.user and not _NUMBERS.fullmatch(component.user):
        yield f"its user {component.user!r} has to be a number: a cluster does not look into the image for a name"


def is_label(name: str) -> bool:
    """Whether a Service can have the name."""
    return _LABEL.fullmatch(name) is not None


def remarks(component: Component) -> tuple[str, ...]:
    """What the file says about a component that is not carried over, a sentence each."""
    return tuple(_remarks(component))


def _remarks(component: Component) -> Iterator[str]:
    if udp := [port.target for port in component.ports if port.protocol != "tcp"]:
        yield f"ports other than TCP are not forwarded: {', '.join(map(str, udp))}"
    if binds := [f"{mount.source} at {mount.target}" for mount in component.mounts if mount.kind == "bind"]:
        yield f"in a cluster it does without what is mounted from this machine: {', '.join(binds)}"
    left_out = [name for name in _LEFT_OUT if getattr(component.container, name)]
    if left_out:
        yield f"in a cluster it does without {', '.join(left_out)}"
    yield from general_remarks(component)


_LEFT_OUT = ("platform", "runtime", "security_opt", "group_add", "sysctls", "ulimits")
