"""An image for each way to make a data directory, and none that is made twice."""

import subprocess
from typing import Any

from harness.images.baking import _FOLDER, bake, reference_for
from harness.images.labels import CACHE
from tests.doubles.images import FakeEngine


def test_baked_once() -> None:
    """The password is no part of it: every container has its own."""
    engine: Any = FakeEngine()
    engine.add("postgres:15")
    names = {
        bake(engine, "postgres:15", {"POSTGRES_USER": "u", "POSTGRES_PASSWORD": password}, lambda _line: None)
        for password in ("one", "two")
    }
    assert len(names) == 1
    assert engine.done == [f"build {names.pop()}"]
    assert list(engine.args.values()) == [{"BASE": "postgres:15", "POSTGRES_USER": "u"}]
    assert engine.all[-1].labels[CACHE] == "baked"


def test_another_base_below_the_same_name() -> None:
    """A newer postgres:15 is baked anew."""
    engine: Any = FakeEngine()
    for label in ("old", "new"):
        engine.add("postgres:15", version=label)
        bake(engine, "postgres:15", {}, lambda _line: None)
    assert len(engine.done) == 2


def test_names() -> None:
    """Valid tags, apart from each other, whatever the base is called."""
    bases = ("postgres:15", "registry.invalid:5000/team/postgres:15", "postgres@sha256:01")
    names = {reference_for(base, settings) for base in bases for settings in ({}, {"POSTGRES_USER": "u"})}
    assert len(names) == 6
    assert all(name.startswith("ecosystem-harness/baked:postgres-") for name in names)


def test_the_entrypoint_tells_settings_apart() -> None:
    """Defaults are those of the official image: the database is called like the user."""

    def settings(**environment: str) -> list[str]:
        command = ["/bin/bash", str(_FOLDER / "entrypoint"), "settings"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
        return done.stdout.decode().split("\n")[:4]

    assert settings() == ["postgres", "postgres", "", ""]
    assert settings(POSTGRES_USER="u", POSTGRES_INITDB_ARGS="--a 'b c'") == ["u", "u", "--a 'b c'", ""]
    assert settings(POSTGRES_USER="u", POSTGRES_DB="d") == ["u", "d", "", ""]
