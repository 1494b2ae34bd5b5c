"""One component with this environment's secrets, for whoever reads it."""

from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.resolving import resolve_component
from harness.providers.substitution import Secret
from harness.readiness.healthcheck import recognise
from harness.readiness.protocols import redis_password
from harness.spec.model import (
    Component,
    ComponentSettings,
    Healthcheck,
    Location,
    ProcessSettings,
    ReadySettings,
)

HERE = Location(Path("compose.yml"), 1)
SECRETS = (Secret("REDIS_PASSWORD", "s3cr3t", "drawn"),)


def resolved(*command: str) -> tuple[str, ...] | None:
    """What becomes of a command."""
    return resolve_component(Component("web", HERE, command=command), SECRETS).command


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("redis-server", "--requirepass", "s3cr3t"), ("redis-server", "--requirepass", "drawn")),
        (("redis-cli", "-a", "s3cr3t", "ping"), ("redis-cli", "-a", "drawn", "ping")),
        (("serve", "--password=s3cr3t"), ("serve", "--password=drawn")),
        (
            ("sh", "-c", "redis-server --requirepass s3cr3t;"),
            ("sh", "-c", "redis-server --requirepass drawn;"),
        ),
        (("sh", "-c", "REDISCLI_AUTH_TOKEN='s3cr3t' x"), ("sh", "-c", "REDISCLI_AUTH_TOKEN='drawn' x")),
        (("serve", "redis://:s3cr3t@cache:6379/0"), ("serve", "redis://:drawn@cache:6379/0")),
    ],
)
def test_a_secret_is_replaced_where_a_command_gives_one(
    written: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """As an option's value, an assignment, or the password of a URL, in words and in shell lines."""
    assert resolved(*written) == expected


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--name", "s3cr3t"),
        ("sh", "-c", "serve --password S3CR3T"),
        ("s3cr3t",),
        ("serve", "--password", "s3cr3ts"),
        ("sh", "-c", "echo s3cr3t"),
        ("sh", "-c", "x --password s3cr3t2"),
    ],
)
def test_a_word_that_happens_to_be_the_same_stays(command: tuple[str, ...]) -> None:
    """Nothing says that it is the secret."""
    assert resolved(*command) == command


def test_server_probe_and_healthcheck_agree() -> None:
    """Whoever reads the component finds the one password."""
    written = Component(
        "cache",
        HERE,
        entrypoint=("redis-server", "--requirepass", "s3cr3t"),
        environment=MappingProxyType({"REDIS_PASSWORD": "s3cr3t"}),
        healthcheck=Healthcheck(("CMD", "redis-cli", "-a", "s3cr3t", "ping")),
        settings=ComponentSettings(
            process=ProcessSettings(command=("x", "--pass", "s3cr3t")),
            ready=ReadySettings(command=("check", "--token", "s3cr3t")),
        ),
    )
    made = resolve_component(written, SECRETS)
    assert made.environment == {"REDIS_PASSWORD": "drawn"}
    assert redis_password(made, made.environment) == "drawn"
    assert made.healthcheck is not None
    check = recognise(made.healthcheck.test, made.name, made.environment)
    assert check is not None
    assert check.password == "drawn"
    assert made.settings.process is not None
    assert made.settings.process.command == ("x", "--pass", "drawn")
    assert made.settings.ready.command == ("check", "--token", "drawn")


@given(st.text(min_size=1, max_size=12))
def test_any_secret_is_replaced_as_it_stands(written: str) -> None:
    """Whatever it holds, no pattern is made of it."""
    secrets = (Secret("API_KEY", written, "0" * 32),)
    component = Component("web", HERE, command=("x", "--api-key", written))
    once = resolve_component(component, secrets)
    assert once.command == ("x", "--api-key", "0" * 32)


def test_without_secrets_nothing_changes() -> None:
    """The component is as the file says."""
    component = Component("web", HERE, command=("x", "--password", "p"), environment={"A": "b"})
    assert resolve_component(component, ()) == component
