"""Why this exists: options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

from harness.spec.model import Isolation

Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file",
        "-f",
        help="Compose file, instead of docker-compose.test.yml; may be repeated, later ones override.",
        metavar="FILE",
        show_default=False,
    ),
]
Results = Annotated[Path, typer.Option("--results", help="Folder that run folders go into.", metavar="DIR")]
Seed = Annotated[
    int, typer.Option("--seed", help="What data is generated from: same seed, same data.", metavar="N")
]
SeedExisting = Annotated[
    bool, typer.Option("--seed-existing", help="Seed also what already runs (provider existing).")
]
Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        help="Compose profile to activate, beside those of COMPOSE_PROFILES; may be repeated.",
        metavar="NAME",
        show_default=False,
    ),
]
BaseUrl = Annotated[
    str,
    typer.Option(
        "--base-url",
        help="Where everything runs already (provider existing).",
        metavar="URL",
        show_default=False,
    ),
]
Context = Annotated[
    str,
    typer.Option(
        "--context",
        help="Which context of the kubeconfig (provider kubernetes); by default its current one.",
        metavar="NAME",
        show_default=False,
    ),
]
AllowsContext = Annotated[
    bool,
    typer.Option(
        "--allow-context", help="The context that --context names is for tests, whatever its name is."
    ),
]
IsolationName = Annotated[
    Isolation | None,
    typer.Option(
        "--isolation", help="What a test starts from, whatever the Compose file says.", show_default=False
    ),
]
ProvesIsolation = Annotated[
    bool,
    typer.Option(
        "--prove-isolation",
        help="Tests in random order, every reset compared with what was kept; tells who wrote what, and who left what.",
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Start, migrate and seed an ecosystem, whatever is there already.")
]
Warmly = Annotated[
    bool,
    typer.Option(
        "--warm",
        help="Test the one of `harness up`, or none; also where nothing is reset. Needs --no-coverage.",
    ),
]
Components = Annotated[
    list[str] | None,
    typer.Argument(help="Components; without any, all.", metavar="COMPONENT", show_default=False),
]
Suites = Annotated[
    list[str] | None,
    typer.Argument(help="Suites; without any, all.", metavar="SUITE", show_default=False),
]
RunName = Annotated[str, typer.Argument(help="The run's folder below the results folder.", metavar="RUN")]
Attach = Annotated[
    list[str] | None,
    typer.Option(
        "--attach",
        help="Component that runs already, where its TEST_… variables say; may be repeated.",
        metavar="COMPONENT",
        show_default=False,
    ),
]
Keeps = Annotated[bool, typer.Option("--keep", help="Leave the environment running after the tests.")]
KeepsOnFailure = Annotated[
    bool,
    typer.Option("--keep-on-failure", help="Leave it running when a case failed or it broke meanwhile."),
]
Ttl = Annotated[
    str | None,
    typer.Option(
        "--ttl",
        help="How long it is kept before it ends by itself, such as 30m.",
        metavar="DURATION",
        show_default=False,
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        "--grace", help="Seconds that it waits for another holder before it is torn down.", metavar="SECONDS"
    ),
]
EnvironmentName = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        help="Which environment, as `harness status` names it; its first letters will do.",
        metavar="NAME",
        show_default=False,
    ),
]
