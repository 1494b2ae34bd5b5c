"""Why this exists: `harness plan`: what would start, in which order, what waits for what, and why the rest does not."""

import typer

from harness.bootstrap.preparation.preparing import draft
from harness.bootstrap.preparation.request import DEFAULT_FILE, Request
from harness.cli.options import Components, Files, Profiles
from harness.cli.plan_view import render
from harness.cli.provider_option import ProviderName
from harness.cli.screen import answers, warn
from harness.core.errors import ExitCode
from harness.plan.model import Selection
from harness.providers.names import AUTO, DOCKER, KUBERNETES


def plan(
    components: Components = None,
    file: Files = None,
    provider: ProviderName = AUTO,
    profile: Profiles = None,
) -> None:
    """Show what would start, in which order, what waits for what, and why the rest would not.

    With components only these and what they need. Nothing is started. What cannot run here is shown in its place.
    Exit code 2 where there is nothing to start, and 3 where that takes an engine that is missing; as for `harness up`.
    """
    request = Request(
        files=tuple(file or [DEFAULT_FILE]),
        provider=provider,
        selection=Selection(tuple(components or ()), tuple(profile or ())),
    )
    prepared = draft(request)
    in_containers = prepared.kind.name in (DOCKER, KUBERNETES)
    answers().print(render(prepared.plan, prepared.warnings, in_containers=in_containers))
    if not prepared.plan.steps:
        if prepared.lacking is None:
            raise typer.Exit(ExitCode.USAGE)
        warn(prepared.lacking.line)
        raise typer.Exit(ExitCode.ENVIRONMENT)
