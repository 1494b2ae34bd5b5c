"""Why this exists: what `harness up` keeps already is shown when it is asked for again, not silently started twice."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.bootstrap.preparation.preparing import Prepared, addresses
from harness.bootstrap.reuse.asking import Asked, Compared, in_words
from harness.cli.environments import Life, end_of, look
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.providers.names import EXISTING

_COMPARING = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Kept:
    """An environment of the same Compose files on the same provider that stays until it is told to end.

    Args:
        about: What is known of it without asking it.
        since: When it was started, in seconds of the epoch.
        life: How it is, once it has started.
        description: What it offers.
    """

    about: folders.About
    since: float
    life: Life
    description: EnvironmentDescription

    def endpoints(self, component: str) -> tuple[Endpoint, ...]:
        """Where a component of it listens."""
        return tuple(self.description.endpoints.get(component, ()))

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.about.ecosystem} ({self.about.environment_id})"


def find_kept(prepared: Prepared) -> Kept | None:
    """The one that `up` would start again; waits for it while it starts.

    Raises:
        HarnessError: it does not start, or its keeper does not answer.
    """
    files = tuple(str(file) for file in prepared.ecosystem.files)
    for folder, about in folders.known():
        is_same = (about.files, about.provider) == (files, prepared.kind.name)
        if is_same and folders.is_kept(folder) and (kept := _kept(folder, about)) is not None:
            return kept
    return None


def _kept(folder: Path, about: folders.About) -> Kept | None:
    life = look(folder)
    if life is None or not life.is_kept or life.phase == "ending":
        return None
    socket = folders.socket_path(folder)
    try:
        since = socket.stat().st_mtime
    except FileNotFoundError:  # it has just ended
        return None
    with Lease.attach(socket, None, hold=False) as lease:
        description = lease.wait_started()
    started = look(folder)
    return Kept(about, since, started, description) if started is not None else None


def require_same(kept: Kept, prepared: Prepared) -> None:
    """It has to be what was asked for.

    Raises:
        EnvironmentFailedError: it is broken.
        UsageError: it runs without some of the components.
    """
    hint = (
        f"`harness down -e {kept.about.environment_id}` ends it; `harness up --new` starts another beside it"
    )
    if kept.life.phase == "broken":
        raise EnvironmentFailedError(f"{kept.name} runs already, but is broken", hint=hint)
    if absent := [step.name for step in prepared.plan.steps if step.name not in kept.life.states]:
        raise UsageError(f"{kept.name} runs already, but without {', '.join(absent)}", hint=hint)


def differences(kept: Kept, prepared: Prepared) -> Iterator[str]:
    """What would be otherwise if it were started now, in words. Raises as `addresses` does."""
    again = f"`{end_of(kept.about.environment_id, kept.about.files)}` and `harness up` take that over"
    if kept.description.seed != prepared.request.seed:
        yield f"its data is that of seed {kept.description.seed}, not {prepared.request.seed}"
    for name, told in addresses(prepared).items():
        then, now = ({endpoint.address for endpoint in ends} for ends in (kept.endpoints(name), told))
        if then != now:
            yield f"{name} is looked for at {_listed(then)}, and not at {_listed(now)} as is said now; {again}"
    changed = [file.name for file in prepared.ecosystem.files if file.stat().st_mtime > kept.since]
    if changed:
        yield f"{', '.join(changed)} has changed since it was started; {again}"


def unlike(kept: Kept, prepared: Prepared) -> Iterator[str]:
    """What its keeper says has changed that it is made from. Raises HarnessError when it does not answer."""
    if prepared.kind.name == EXISTING:
        return
    again = f"`{end_of(kept.about.environment_id, kept.about.files)}` and `harness up` take that over"
    folder = folders.runtime_root() / kept.about.environment_id
    with Lease.attach(folders.socket_path(folder), None, hold=False) as lease:
        asked = Asked.here(prepared.request).to_json()
        compared = Compared.from_json(lease.ask("compare", asked=asked, timeout=_COMPARING))
    for reason in compared.reasons:
        yield f"{reason}; {again}"
    for name, paths in compared.changed.items():
        yield f"{in_words(name, paths)}; the next `pytest` starts it anew, or {again}"


def _listed(addresses: set[str]) -> str:
    return ", ".join(sorted(addresses)) or "no address"


def age(seconds: float) -> str:
    """For people: `40 s`, `12 min`, `5 h`, `3 days`."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def clock_time(at: float) -> str:
    """An instant of today or of another day, in local time."""
    then, today = time.localtime(at), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)
