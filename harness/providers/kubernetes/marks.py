"""Why this exists: every namespace says whose it is, so that nothing else is ever removed.

A label's value is a short word (RFC 1123), so labels are what namespaces are listed by, and annotations tell the rest.
"""

import os
from pathlib import Path

ENVIRONMENT = "harness.environment"
OWNER = "harness.owner"
RUNTIME = "harness.runtime"
KEEPER = "harness.keeper"


def labels(environment_id: str) -> dict[str, str]:
    """On everything of an environment."""
    return {ENVIRONMENT: environment_id, OWNER: str(os.geteuid())}


def annotations(runtime: Path, keeper: str) -> dict[str, str]:
    """On its namespace: its folder, and the process that keeps it, as `keepers.Keeper.label` writes it."""
    return {RUNTIME: str(runtime), KEEPER: keeper}


def namespace_of(environment_id: str) -> str:
    """Its name."""
    return f"harness-{environment_id}"
