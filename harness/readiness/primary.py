"""Why this exists: "the" port of a component with several is decided once, for probes, URLs and exports."""

from collections.abc import Mapping

from harness.core.endpoint import Endpoint
from harness.spec.model import Component


def primary_endpoint(component: Component, endpoints: Mapping[int, Endpoint]) -> Endpoint | None:
    """The endpoint meant when no port is named; None for a component that listens nowhere.

    It is the one of `x-harness.process.port`, else of the first port of the file that is reachable, else the
    first reachable one.
    """
    process = component.settings.process
    first = (process.port,) if process and process.port else ()
    wanted = (*first, *component.targets, *endpoints)
    return next((endpoints[port] for port in wanted if port in endpoints), None)
