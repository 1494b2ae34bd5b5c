"""Why this exists: what no environment carries over from a Compose file, told in the same words by whatever runs it."""

from collections.abc import Iterator

from harness.spec.model import Component


def general_remarks(component: Component) -> Iterator[str]:
    """What the file says about a component that makes no difference in a test environment, a sentence each."""
    if len(component.networks) > 1:
        yield "all components share one network, so being in several makes no difference"
    if component.restart not in ("no", ""):
        yield f"restart: {component.restart} is not applied: in a test environment a component that ends is a finding"
