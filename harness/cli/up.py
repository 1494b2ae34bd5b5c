"""Why this exists: `harness up`: a seeded ecosystem for local development, which stays until `harness down`."""

import sys
import time
from typing import Annotated

import typer
from rich.markup import escape

from harness.bootstrap.keeping.spare import SpareKeeper
from harness.bootstrap.preparation.preparing import Prepared, prepare
from harness.bootstrap.preparation.request import DEFAULT_FILE, DEFAULT_RESULTS, DEFAULT_SEED, Request
from harness.bootstrap.preparation.stay import duration
from harness.cli.environments import end_of
from harness.cli.invocation import invocation_of
from harness.cli.kept import Kept, age, clock_time, differences, find_kept, require_same, unlike
from harness.cli.options import (
    AllowsContext,
    Attach,
    BaseUrl,
    Components,
    Context,
    Files,
    IsolationName,
    Profiles,
    Results,
    Seed,
    Ttl,
)
from harness.cli.patience import patiently
from harness.cli.progress import Progress
from harness.cli.provider_option import ProviderName
from harness.cli.screen import people, warn
from harness.cli.starting import accepted, begin_run, ending_stated, start
from harness.cli.stay_view import until
from harness.core.errors import EnvironmentFailedError
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import error_of
from harness.keeper.stay import Stay
from harness.plan.model import Selection
from harness.providers.names import AUTO


def up(  # noqa: PLR0913, PLR0917 - the parameters are the command line
    context: typer.Context,
    components: Components = None,
    file: Files = None,
    provider: ProviderName = AUTO,
    results: Results = DEFAULT_RESULTS,
    seed: Seed = DEFAULT_SEED,
    profile: Profiles = None,
    base_url: BaseUrl = "",
    kube: Context = "",
    allow_context: AllowsContext = False,
    attach: Attach = None,
    isolation: IsolationName = None,
    ttl: Ttl = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Migrate and seed also where the last start did just the same.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Start another one beside one that runs already.")
    ] = False,
) -> None:
    """Start the ecosystem, seed it, and leave it running until `harness down`.

    With components only these and what they need: harness up web.
    One of the same Compose files that runs already is shown and left as it is.
    """
    request = Request(
        files=tuple(file or [DEFAULT_FILE]),
        provider=provider,
        selection=Selection(tuple(components or ()), tuple(profile or ())),
        seed=seed,
        results=results,
        stay=Stay(is_kept=True, ttl=duration(ttl) if ttl else None),
        base_url=base_url,
        context=kube,
        allows_context=allow_context,
        attached=tuple(attach or ()),
        isolation=isolation,
        is_fresh=fresh,
    )
    prepared = accepted(prepare(request))
    kept = None if new else find_kept(prepared)
    if kept is not None:
        _show_kept(kept, prepared)
    else:
        _show_started(_bring_up(prepared, invocation_of(context).spare), prepared, request.stay)


def _bring_up(prepared: Prepared, spare: SpareKeeper | None) -> EnvironmentDescription:
    """Start it and leave it to itself. Raises HarnessError when it is not there after that: nothing of it is."""
    began = time.monotonic()
    folder, log = begin_run(prepared, "up")
    with ending_stated(log, began), start(prepared, folder, Progress(people), spare) as lease:
        return _hand_over(lease)


def _hand_over(lease: Lease) -> EnvironmentDescription:
    """Let go of what has started.

    Raises:
        HarnessError: it broke or ended at this very moment; it is torn down by then.
    """
    description = lease.wait_started()
    if broken := lease.ask("broken"):
        patiently(lease, lease.stop)
        raise error_of(broken)
    ending = lease.release()
    if ending is not None:
        raise ending.error or EnvironmentFailedError("it was stopped at the moment at which it was ready")
    return description


def _show_started(description: EnvironmentDescription, prepared: Prepared, stay: Stay) -> None:
    _print_endpoints(description)
    if stay.ttl is not None:
        people.print(f"it stays {until(stay.ttl)}")
    end = end_of(description.environment_id, prepared.ecosystem.files)
    people.print(f"stop it with [bold]{end}[/]; [bold]harness env[/] prints its variables")


def _show_kept(kept: Kept, prepared: Prepared) -> None:
    """What runs already, instead of a second one. Raises as `require_same` does."""
    require_same(kept, prepared)
    for difference in list(differences(kept, prepared)) or unlike(kept, prepared):
        warn(difference)
    since = f"since {clock_time(kept.since)} ({age(time.time() - kept.since)})"
    people.print(f"[bold]{escape(kept.name)}[/] runs already on {kept.about.provider}, {since}")
    if kept.life.remaining is not None:
        people.print(f"it stays {until(kept.life.remaining)}")
    _print_endpoints(kept.description)
    end = end_of(kept.about.environment_id, kept.about.files)
    people.print(f"stop it with [bold]{end}[/]; [bold]harness up --new[/] starts another beside it")


def _print_endpoints(description: EnvironmentDescription) -> None:
    """The first of each component, as the command's answer."""
    for name, endpoints in description.endpoints.items():
        sys.stdout.write("".join(f"{name}  {endpoint.address}\n" for endpoint in endpoints[:1]))
