"""Why this exists: `harness up`: a seeded ecosystem for local development, which stays until `harness down`."""

import sys
import time

import typer

from harness.bootstrap.request import DEFAULT_FILE, DEFAULT_RESULTS, DEFAULT_SEED, Request
from harness.cli.entry import invocation_of
from harness.cli.options import Attach, BaseUrl, Components, Files, Profiles, ProviderName, Results, Seed
from harness.cli.progress import Progress
from harness.cli.screen import people
from harness.cli.starting import begin_run, ending_stated, plan_for, start
from harness.plan.model import Selection


def up(
    context: typer.Context,
    components: Components = None,
    file: Files = None,
    provider: ProviderName = "auto",
    results: Results = DEFAULT_RESULTS,
    seed: Seed = DEFAULT_SEED,
    profile: Profiles = None,
    base_url: BaseUrl = "",
    attach: Attach = None,
) -> None:
    """Start the ecosystem (or COMPONENTS and what they need), seed it, and leave it running."""
    began = time.monotonic()
    request = Request(
        files=tuple(file or [DEFAULT_FILE]),
        provider=provider,
        selection=Selection(tuple(components or ()), tuple(profile or ())),
        seed=seed,
        results=results,
        is_kept=True,
        base_url=base_url,
        attached=tuple(attach or ()),
    )
    prepared = plan_for(request)
    folder, log = begin_run(prepared, "up")
    with (
        ending_stated(log, began),
        start(prepared, folder, Progress(people), invocation_of(context).spare) as lease,
    ):
        description = lease.description
        lease.release()
    if description is not None:
        for name, endpoints in description.endpoints.items():
            sys.stdout.write("".join(f"{name}  {endpoint.address}\n" for endpoint in endpoints[:1]))
    people.print("stop it with [bold]harness down[/]; [bold]harness env[/] prints its variables")
