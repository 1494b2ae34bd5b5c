"""Why this exists: "the" port of a component with several is decided once, for probes, URLs and exports alike."""

from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.spec.model import Component


def primary_endpoint(component: Component, endpoints: Mapping[int, Endpoint]) -> Endpoint | None:
    """The endpoint meant when no port is named; None for a component that listens nowhere.

    It is the one of `x-harness.process.port`, else of the first port of the file that is reachable, else the first
    reachable one.
    """
    process = component.settings.process
    wanted = (process.port if process else None, *component.targets, *endpoints)
    return next((endpoints[port] for port in wanted if port in endpoints), None)
