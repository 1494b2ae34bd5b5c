"""Why this exists: `harness test`, the main job: start, seed, run the suites, report, tear down."""

import importlib.util
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from harness.bootstrap.preparation.preparing import prepare
from harness.bootstrap.preparation.request import DEFAULT_FILE, DEFAULT_RESULTS, DEFAULT_SEED, Request
from harness.bootstrap.preparation.stay import keep_of, stay_of
from harness.cli.concluding import conclude
from harness.cli.invocation import Invocation, invocation_of
from harness.cli.job import Job
from harness.cli.options import (
    AllowsContext,
    Attach,
    BaseUrl,
    Context,
    Files,
    Fresh,
    Grace,
    IsolationName,
    Keeps,
    KeepsOnFailure,
    Profiles,
    ProvesIsolation,
    Results,
    Seed,
    SeedExisting,
    Suites,
    Ttl,
    Warmly,
)
from harness.cli.provider_option import ProviderName
from harness.cli.starting import accepted, begin_run
from harness.cli.warm import warm_of
from harness.core.errors import ExitCode, UsageError
from harness.plan.model import Selection
from harness.providers.names import AUTO, EXISTING
from harness.spec.model import Ecosystem, Isolation, SuiteSettings
from harness.suites.command_line import Extra, arguments, root_of
from harness.suites.phases import Phase, choose, phases
from harness.suites.pytest_process import PROVE_ISOLATION
from harness.suites.refusal import require_no_workers, require_options
from harness.suites.settings import SuiteVariables


def run_tests(  # noqa: PLR0913, PLR0917 - the parameters are the command line
    context: typer.Context,
    suites: Suites = None,
    file: Files = None,
    provider: ProviderName = AUTO,
    profile: Profiles = None,
    results: Results = DEFAULT_RESULTS,
    seed: Seed = DEFAULT_SEED,
    workers: Annotated[
        int, typer.Option("-n", help="Parallel pytest workers; 0 for none.", metavar="N", min=0)
    ] = 0,
    coverage: Annotated[bool, typer.Option(help="Measure coverage of the components.")] = True,
    base_url: BaseUrl = "",
    kube: Context = "",
    allow_context: AllowsContext = False,
    attach: Attach = None,
    seed_existing: SeedExisting = False,
    isolation: IsolationName = None,
    prove_isolation: ProvesIsolation = False,
    keep: Keeps = False,
    keep_on_failure: KeepsOnFailure = False,
    ttl: Ttl = None,
    grace: Grace = 0.0,
    fresh: Fresh = False,
    warm: Warmly = False,
) -> None:
    """Start the ecosystem, seed it, run its suites, report, tear down.

    Suites are those of the Compose file. What follows -- goes to pytest: harness test api -n 4 -- -k login
    """
    variables = SuiteVariables.read(os.environ)
    base_url = base_url or variables.base_url
    kept = keep_of(always=keep, on_failure=keep_on_failure)
    request = Request(
        files=tuple(file or [DEFAULT_FILE]),
        provider=EXISTING if base_url and provider == AUTO else provider,
        selection=Selection(profiles=tuple(profile or ())),
        seed=seed,
        results=results,
        is_measured=coverage,
        base_url=base_url,
        context=kube,
        allows_context=allow_context,
        attached=tuple(attach or ()),
        seeds_existing=seed_existing,
        workers=workers,
        isolation=isolation,
        proves_isolation=prove_isolation,
        stay=stay_of(kept, ttl, grace),
        keep=kept,
        warm=warm_of(is_fresh=fresh, is_warm=warm, is_measured=coverage),
        is_fresh=fresh,
    )
    invocation = invocation_of(context)
    if prove_isolation:
        invocation = replace(invocation, for_pytest=(*invocation.for_pytest, PROVE_ISOLATION))
    raise typer.Exit(int(_carry_out(request, suites or (), variables, invocation)))


def _carry_out(
    request: Request, names: Sequence[str], variables: SuiteVariables, invocation: Invocation
) -> ExitCode:
    """The whole main job. Raises HarnessError for what is wrong before it begins."""
    began = time.monotonic()
    _require_plugins(variables, request.workers)
    prepared = prepare(request)
    chosen = choose(prepared.ecosystem.settings.suites, names)
    prepared = accepted(prepared)
    _require_options(prepared.ecosystem, chosen, variables, request.workers, invocation.for_pytest)
    folder, log = begin_run(prepared, "test")
    job = Job(prepared, folder, variables, request.workers, invocation)
    code = ExitCode.ENVIRONMENT
    try:
        code = job.run(phases(chosen), log)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    finally:  # whatever happens, the run ends in its log and has its reports
        code = conclude(code, folder, log, began, job.environment_id)
        job.tell_what_stays()
    return code


def _require_options(
    ecosystem: Ecosystem,
    suites: tuple[SuiteSettings, ...],
    variables: SuiteVariables,
    workers: int,
    words: Sequence[str],
) -> None:
    """What would be found wrong once all runs is refused now. Raises UsageError."""
    extra = Extra.read(words, ecosystem.directory)
    if ecosystem.settings.isolation is Isolation.RESET:
        require_no_workers(extra.options, os.environ)
    if extra.options:
        whole = Phase(suites, is_instrumented=True, targets=extra.targets)
        root = root_of(ecosystem.directory, ecosystem.settings.suites)
        require_options(arguments(whole, root, variables, workers, extra.options), ecosystem.directory)


def _require_plugins(variables: SuiteVariables, workers: int) -> None:
    """What is asked for and cannot be done is an error: a limit that nobody keeps would look like one."""
    needs = (
        ("-n", workers > 0, "xdist", "pytest-xdist"),
        ("INTEGRATION_TEST_TIMEOUT", variables.timeout is not None, "pytest_timeout", "pytest-timeout"),
    )
    for asked, is_wanted, module, package in needs:
        if is_wanted and importlib.util.find_spec(module) is None:
            raise UsageError(
                f"{asked} needs {package}, which is not installed", hint=f"pip install {package}"
            )
