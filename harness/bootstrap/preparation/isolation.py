"""Why this exists: a clean state for every test that cannot be had is told before anything is started."""

from harness.bootstrap.preparation.providers import ProviderKind
from harness.bootstrap.preparation.request import Request
from harness.core.errors import UsageError
from harness.providers.names import EXISTING
from harness.readiness.protocols import protocol_of
from harness.spec.model import Ecosystem, Isolation


def require_own_state(request: Request, ecosystem: Ecosystem, kind: ProviderKind) -> None:
    """Only what is all ours, and nobody else's at the same time, can be put back between two tests.

    Raises:
        UsageError: it is to be put back, and is not so.
    """
    if ecosystem.settings.isolation is Isolation.NONE or kind.name == EXISTING:  # that is left alone
        return
    if request.workers > 1 and not kind.has_worlds:
        raise UsageError(
            f"the {kind.name} provider has no world for each of {request.workers} workers: "
            "they cannot all start their tests from the seeded state",
            hint="leave out -n, or say --isolation none: workers then share what they write",
        )
    if request.workers > 1 and request.attached:
        raise UsageError(
            f"{', '.join(request.attached)} runs already, and once: it cannot be part of {request.workers} worlds",
            hint="leave out -n, or say --isolation none: workers then share what they write",
        )
    if stores := [name for name in request.attached if protocol_of(ecosystem.components[name])]:
        raise UsageError(
            f"every test would reset {', '.join(stores)}, and what is attached is somebody else's",
            hint="with --isolation none nothing is reset",
        )


def require_provable(request: Request, ecosystem: Ecosystem) -> None:
    """Raises UsageError: isolation is to be proved where there is none."""
    if request.proves_isolation and ecosystem.settings.isolation is Isolation.NONE:
        raise UsageError(
            "there is no isolation to be proved: nothing is reset here",
            hint="write `x-harness: {isolation: reset}`; what runs already is never reset",
        )
