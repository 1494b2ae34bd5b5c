"""Why this exists: what a person asked for, the same value whichever front end they asked."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.bootstrap.preparation.stay import Keep
from harness.keeper.stay import Stay
from harness.plan.model import Selection
from harness.providers.names import AUTO
from harness.spec.model import Isolation

DEFAULT_FILE = Path("docker-compose.test.yml")
DEFAULT_RESULTS = Path("results")
DEFAULT_SEED = 20_240_320


class Warm(StrEnum):
    """Whether tests take an environment of `harness up` that runs already."""

    NEVER = "never"
    IF_CLEAN = "if clean"  # one that can be reset
    ALWAYS = "always"  # and none of their own


@dataclass(frozen=True, slots=True)
class Request:
    """One environment to start.

    Args:
        files: The Compose files, merged in this order.
        provider: `auto`, or a provider's name.
        selection: Which components; empty for the default.
        seed: What data is generated from.
        results: The folder that run folders go into.
        stay: How long the environment stays when nobody holds it.
        keep: Whether it outlives the tests that it is started for.
        is_measured: Whether coverage of the components is wanted.
        context: For the kubernetes provider: which context of the kubeconfig; empty for its current one.
        allows_context: Whether that one is for tests, whatever its name is.
        attached: Components not to start: they run already, where the variables of their exports say.
        base_url: For the existing provider: where everything listens; empty to take it from the variables.
        seeds_existing: Whether stores of the existing provider are seeded as well; they are somebody else's.
        workers: How many processes run tests side by side; 0 for none but the one that starts it.
        isolation: What a test starts from; None for what the Compose file says.
        proves_isolation: Whether every reset is to be compared with what was kept.
        warm: Whether one of `harness up` will do.
        is_fresh: Whether all is to be migrated and seeded anew, also where that was done before.
    """

    files: tuple[Path, ...] = (DEFAULT_FILE,)
    provider: str = AUTO
    selection: Selection = field(default_factory=Selection)
    seed: int = DEFAULT_SEED
    results: Path = DEFAULT_RESULTS
    stay: Stay = field(default_factory=Stay)
    keep: Keep = Keep.NEVER
    is_measured: bool = False
    base_url: str = ""
    context: str = ""
    allows_context: bool = False
    attached: tuple[str, ...] = ()
    seeds_existing: bool = False
    workers: int = 0
    isolation: Isolation | None = None
    proves_isolation: bool = False
    warm: Warm = Warm.NEVER
    is_fresh: bool = False
