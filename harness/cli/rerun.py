"""Why this exists: a report says how to run one case again as it was run: with the same files, provider and data."""

from pathlib import Path

from harness.bootstrap.preparation.request import DEFAULT_FILE, DEFAULT_SEED, Request
from harness.providers.names import AUTO
from harness.suites.secrets import without_user


def rerun_words(request: Request) -> tuple[str, ...]:
    """The command that a case's id completes: `pytest` where that finds all by itself, else this one's options."""
    options = [
        *_each("-f", () if request.files == (DEFAULT_FILE,) else request.files),
        *_each("--provider", () if request.provider == AUTO else (request.provider,)),
        *_each("--profile", request.selection.profiles),
        *_each("--isolation", (request.isolation.value,) if request.isolation else ()),
        *_each("--seed", () if request.seed == DEFAULT_SEED else (request.seed,)),
        *_each("--base-url", (without_user(request.base_url),) if request.base_url else ()),
        *_each("--context", (request.context,) if request.context else ()),
        *(("--allow-context",) if request.allows_context else ()),
        *_each("--attach", request.attached),
        *(("--seed-existing",) if request.seeds_existing else ()),
    ]
    return ("harness", "test", *options, "--") if options else ("pytest",)


def _each(option: str, values: tuple[Path | str | int, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for word in (option, str(value)))
