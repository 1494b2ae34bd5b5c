"""Why this exists: `harness reset`: a running environment back to its seeded state, without starting it anew."""

import sys
import time

from harness.cli.environments import attached
from harness.cli.options import EnvironmentName
from harness.cli.screen import people


def reset(environment: EnvironmentName = None) -> None:
    """Put the stores of a running ecosystem back to the seeded state; prints what had changed.

    For ecosystems whose Compose file says `x-harness: {isolation: reset}`.
    """
    with attached(environment) as (lease, description):
        began = time.monotonic()
        changed = lease.ask("reset")
    for component, what in changed.items():
        sys.stdout.write(f"{component}  {', '.join(what)}\n")
    took = f"{(time.monotonic() - began) * 1000:.0f} ms"
    told = "is as it was seeded" if changed else "was as it was seeded already"
    people.print(f"{description.ecosystem} {told} ({took})")
