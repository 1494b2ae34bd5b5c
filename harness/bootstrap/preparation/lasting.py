"""Why this exists: what tests write to what ran before them stays there, and a person has to know that. Pure."""

from harness.bootstrap.preparation.preparing import Prepared
from harness.providers.names import EXISTING
from harness.spec.images import usual_port


def what_lasts(prepared: Prepared) -> str:
    """A line that says where it stays; empty where everything is started, and goes."""
    attached = prepared.request.attached
    ran = [s.component for s in prepared.plan.steps if prepared.kind.name == EXISTING or s.name in attached]
    stores = [component for component in ran if usual_port(component)] or ran
    names = ", ".join(component.name for component in stores)
    return f"what tests write to {names} stays there: what ran before is never reset" if names else ""
