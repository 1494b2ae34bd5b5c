"""What `harness up` finds running already, and whether that is what was asked for."""

import os
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest

from harness.bootstrap.preparation.preparing import Prepared, prepare
from harness.bootstrap.preparation.request import Request
from harness.cli import kept as module
from harness.cli.environments import Life
from harness.cli.kept import Kept, age, clock_time, differences, find_kept, require_same
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.keeper.folders import About

FILE = """
name: shop
services:
  web: {x-harness: {process: {command: [web]}}}
  job: {x-harness: {process: {command: [job]}}}
"""
DESCRIPTION = EnvironmentDescription("aaaa", "shop", "process", 20_240_320, {}, MappingProxyType({}), "/r")
BOTH = {"web": "ready", "job": "ready"}


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """What is asked for: web and job."""
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    file = tmp_path / "compose.yml"
    file.write_text(FILE)
    return prepare(Request(files=(file,)))


def running(prepared: Prepared, **life: object) -> Kept:
    """It runs since now, as it is asked for unless `life` says otherwise."""
    files = tuple(map(str, prepared.ecosystem.files))
    told = {"phase": "ready", "is_kept": True, "states": BOTH, "description": DESCRIPTION} | life
    return Kept(About("aaaa", "shop", "process", files, 1, "/r"), time.time(), Life(**told), DESCRIPTION)  # type: ignore[arg-type]  # of several types


class FakeLease:
    """A keeper whose environment has started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def wait_started(self) -> EnvironmentDescription:
        """At once."""
        return DESCRIPTION


@pytest.mark.parametrize(
    ("provider", "file", "life", "is_found"),
    [
        ("process", "compose.yml", Life("ready", True, BOTH, DESCRIPTION), True),
        ("process", "compose.yml", Life("starting", True, {}, None), True),
        ("process", "compose.yml", Life("ready", False, BOTH, DESCRIPTION), False),
        ("process", "compose.yml", Life("ending", True, BOTH, DESCRIPTION), False),
        ("process", "compose.yml", None, False),
        ("process", "other.yml", Life("ready", True, BOTH, DESCRIPTION), False),
        ("existing", "compose.yml", Life("ready", True, BOTH, DESCRIPTION), False),
    ],
)
def test_only_one_of_the_same_that_stays_counts(
    prepared: Prepared,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    provider: str,
    file: str,
    life: Life | None,
    is_found: bool,
) -> None:
    """Not one of tests, of other files, of another provider, nor one that ends."""
    folder = tmp_path / "aaaa"
    folder.mkdir()
    folders.socket_path(folder).touch()
    about = About("aaaa", "shop", provider, (str(tmp_path / file),), 1, "/r")
    monkeypatch.setattr(folders, "known", lambda: iter([(folder, about)]))
    monkeypatch.setattr(folders, "is_kept", lambda _folder: True)
    monkeypatch.setattr(module, "look", lambda _folder: life)
    monkeypatch.setattr(Lease, "attach", lambda *_, **__: FakeLease())
    found = find_kept(prepared)
    assert (found is not None) == is_found
    assert found is None or found.name == "shop (aaaa)"


def test_what_is_not_what_was_asked_for_is_no_success(prepared: Prepared) -> None:
    """Broken, or without a component; the hint says what can be done."""
    require_same(running(prepared), prepared)
    with pytest.raises(EnvironmentFailedError, match=r"shop \(aaaa\) runs already, but is broken") as caught:
        require_same(running(prepared, phase="broken"), prepared)
    assert "harness down -e aaaa" in caught.value.hint
    assert "--new" in caught.value.hint
    with pytest.raises(UsageError, match=r"runs already, but without job$"):
        require_same(running(prepared, states={"web": "ready"}), prepared)


def test_what_would_be_otherwise_is_told(prepared: Prepared) -> None:
    """Another seed, and a file that has changed since."""
    assert list(differences(running(prepared), prepared)) == []
    later = time.time() + 60
    os.utime(prepared.ecosystem.files[0], (later, later))
    other = Prepared(
        Request(prepared.request.files, seed=7),
        prepared.ecosystem,
        prepared.warnings,
        prepared.kind,
        prepared.plan,
    )
    told = list(differences(running(prepared), other))
    assert told[0] == "its data is that of seed 20240320, not 7"
    assert told[1].startswith("compose.yml has changed since it was started")


def test_other_addresses_than_those_it_was_started_with_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of components that it was only attached to: the variables may have been set anew since."""
    file = tmp_path / "compose.yml"
    file.write_text(
        "services: {db: {image: redis, ports: ['6380:6379'], x-harness: {exports: {DB_HOST: '{host}'}}}}\n"
    )
    monkeypatch.setenv("DB_HOST", "there")
    prepared = prepare(Request(files=(file,), provider="existing"))
    started = replace(DESCRIPTION, endpoints={"db": (Endpoint("there", 6380, 6379),)})
    kept = replace(running(prepared), description=started)
    assert list(differences(kept, prepared)) == []
    monkeypatch.setenv("DB_HOST", "elsewhere")
    (told,) = differences(kept, prepared)
    assert told.startswith(
        "db is looked for at there:6380, and not at elsewhere:6380 as is said now; `harness"
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (259_200, "3 days")],
)
def test_an_age_in_a_word(seconds: float, expected: str) -> None:
    """Never `1 days`."""
    assert age(seconds) == expected


def test_a_time_of_another_day_has_its_date() -> None:
    """One of today has none."""
    now = time.time()
    assert len(clock_time(now)) == len("12:00:00")
    assert len(clock_time(now - 200_000)) == len("2026-01-01 12:00")
