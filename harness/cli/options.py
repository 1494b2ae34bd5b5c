"""Why this exists: options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", "-f", help="Compose file; may be repeated, later ones override.", show_default=False
    ),
]
ProviderName = Annotated[
    str, typer.Option("--provider", help="auto, process, docker, kubernetes or existing.", metavar="NAME")
]
Results = Annotated[Path, typer.Option("--results", help="Folder that run folders go into.", metavar="DIR")]
Seed = Annotated[int, typer.Option("--seed", help="What data is generated from: same seed, same data.")]
SeedExisting = Annotated[
    bool, typer.Option("--seed-existing", help="Seed also what already runs (provider existing).")
]
Profiles = Annotated[
    list[str] | None,
    typer.Option("--profile", help="Compose profile to activate; may be repeated.", show_default=False),
]
BaseUrl = Annotated[
    str, typer.Option("--base-url", help="Test what already runs there (provider existing).", metavar="URL")
]
Components = Annotated[
    list[str] | None, typer.Argument(help="Components; without any, all.", show_default=False)
]
Suites = Annotated[list[str] | None, typer.Argument(help="Suites; without any, all.", show_default=False)]
RunName = Annotated[str, typer.Argument(help="The run's folder below the results folder.", metavar="[RUN]")]
Attach = Annotated[
    list[str] | None,
    typer.Option(
        "--attach",
        help="Component that runs already, where its TEST_… variables say; may be repeated.",
        show_default=False,
    ),
]
EnvironmentName = Annotated[
    str | None,
    typer.Option("--environment", "-e", help="Which environment, when several run.", show_default=False),
]
