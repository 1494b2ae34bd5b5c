"""Why this exists: the plugin's command line, and the request it amounts to."""

import contextlib
import os
from pathlib import Path

import pytest

from harness.bootstrap.preparation.request import DEFAULT_FILE, DEFAULT_RESULTS, Request, Warm
from harness.bootstrap.preparation.stay import keep_of, stay_of
from harness.core.errors import UsageError
from harness.providers.names import EXISTING
from harness.spec.model import Isolation
from harness.suites.pytest_process import PROVE_ISOLATION
from harness.suites.secrets import without_user
from harness.suites.settings import SuiteVariables


def add_options(parser: pytest.Parser) -> None:
    """The options `--harness-…`, and `--base-url`."""
    group = parser.getgroup("harness", "the ecosystem under test")
    _add_what_to_start(group)
    _add_how_long_it_stays(group)
    _add_what_tests_start_from(group)
    with contextlib.suppress(ValueError):  # pytest-base-url has the same option with the same meaning
        group.addoption("--base-url", default=None, metavar="URL", help="test what already runs there")


def _add_what_to_start(group: pytest.OptionGroup) -> None:
    group.addoption("--harness-file", action="append", metavar="FILE", help="Compose file (may be repeated)")
    group.addoption("--harness-provider", metavar="NAME", help="where to run it (default: auto)")
    group.addoption("--harness-context", metavar="NAME", help="which context of the kubeconfig")
    group.addoption("--harness-allow-context", action="store_true", help="that context is for tests")
    group.addoption("--harness-seed", type=int, metavar="N", help="what data is generated from")
    group.addoption(
        "--harness-results", type=Path, metavar="DIR", help="where run folders go (default: results/)"
    )
    group.addoption(
        "--harness-seed-existing", action="store_true", help="seed also what already runs (provider existing)"
    )


def _add_how_long_it_stays(group: pytest.OptionGroup) -> None:
    group.addoption("--harness-keep", action="store_true", help="leave the ecosystem running afterwards")
    group.addoption(
        "--harness-keep-on-failure",
        action="store_true",
        help="leave it running when a test failed or it broke",
    )
    group.addoption(
        "--harness-ttl", metavar="DURATION", help="how long it is kept, such as 30m (default: 1h)"
    )


def _add_what_tests_start_from(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--harness-fresh", action="store_true", help="start, migrate and seed an ecosystem, whatever is there"
    )
    group.addoption(
        "--harness-warm",
        action="store_true",
        help="test the one of `harness up`, or none; also where nothing is reset",
    )
    group.addoption(
        "--harness-isolation",
        choices=[str(isolation) for isolation in Isolation],
        help="what a test starts from, whatever the Compose file says",
    )
    group.addoption(
        PROVE_ISOLATION,
        "--prove-isolation",
        action="store_true",
        help="tests in random order, every reset compared with what was kept; tells who wrote what, and who left what",
    )
    group.addoption(
        "--harness-order",
        type=int,
        metavar="N",
        help="the random order of --prove-isolation (default: another)",
    )


def keeps(config: pytest.Config) -> bool:
    """Whether the environment may outlive the session."""
    return bool(config.getoption("harness_keep") or config.getoption("harness_keep_on_failure"))


def files_of(config: pytest.Config) -> tuple[Path, ...]:
    """The Compose files of this session, absolute: given ones from where one stands, the usual one at the root."""
    given = config.getoption("harness_file")
    here = config.invocation_params.dir
    return tuple(here / file for file in given) if given else (config.rootpath / DEFAULT_FILE,)


def warm_of(config: pytest.Config) -> Warm:
    """Whether one of `harness up` will do.

    Raises:
        UsageError: it must, and must not.
    """
    is_fresh, is_warm = config.getoption("harness_fresh"), config.getoption("harness_warm")
    if is_fresh and is_warm:
        raise UsageError(
            "--harness-fresh starts an ecosystem, --harness-warm never does", hint="say one of them"
        )
    if is_fresh:
        return Warm.NEVER
    return Warm.ALWAYS if is_warm else Warm.IF_CLEAN


def rerun_of(config: pytest.Config) -> tuple[str, ...]:
    """The command that a case's id completes, to run it again on the same ecosystem with the same data."""
    words = ["pytest"]
    for file in config.getoption("harness_file") or ():
        words += ["--harness-file", file]
    for option in ("harness_provider", "harness_seed", "harness_isolation"):
        if (value := config.getoption(option)) is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    if url := config.getoption("base_url", None):
        words += ["--base-url", without_user(url)]
    return tuple(words)


def root_of(config: pytest.Config) -> str:
    """Where ids of cases begin, seen from where the person stands; empty for there."""
    root = os.path.relpath(config.rootpath, config.invocation_params.dir)
    return "" if root == "." else root


def results_of(config: pytest.Config) -> Path:
    """The folder that run folders go into."""
    chosen: Path | None = config.getoption("harness_results")
    return chosen or config.rootpath / DEFAULT_RESULTS


def temporary_of(config: pytest.Config) -> tuple[Path, ...]:
    """The folders that pytest was told to put the temporary files of tests into."""
    told = (config.getoption("basetemp"), os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    return tuple(config.invocation_params.dir / folder for folder in told if folder)


def request_of(config: pytest.Config) -> Request:
    """What the options and INTEGRATION_TEST_* ask for. A base URL means that the ecosystem exists already."""
    default = Request()
    base_url = config.getoption("base_url", None) or SuiteVariables.read(os.environ).base_url
    provider = config.getoption("harness_provider") or (EXISTING if base_url else default.provider)
    seed = config.getoption("harness_seed")
    keep = keep_of(
        always=config.getoption("harness_keep"), on_failure=config.getoption("harness_keep_on_failure")
    )
    return Request(
        files=files_of(config),
        provider=provider,
        seed=default.seed if seed is None else seed,
        results=results_of(config),
        base_url=base_url,
        context=config.getoption("harness_context") or "",
        allows_context=config.getoption("harness_allow_context"),
        seeds_existing=config.getoption("harness_seed_existing"),
        stay=stay_of(keep, config.getoption("harness_ttl"), grace=0.0),
        keep=keep,
        workers=config.getoption("numprocesses", None) or 0,
        isolation=Isolation(isolation) if (isolation := config.getoption("harness_isolation")) else None,
        proves_isolation=config.getoption("harness_prove_isolation"),
        warm=warm_of(config),
        is_fresh=config.getoption("harness_fresh"),
    )
