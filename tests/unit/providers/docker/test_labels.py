"""What we make on an engine says whose it is, so that others' things are left alone."""

import os
from pathlib import Path

import pytest

from harness.providers.docker import labels
from harness.providers.docker.labels import COMPONENT, ENVIRONMENT, KEEPER, OWNER, RUNTIME, Labels, owner

MINE = Labels("0123456789", Path("/run/x"), "who keeps it")


def test_networks_and_volumes_name_environment_folder_and_owner() -> None:
    """Containers say also which component they are."""
    expected = {ENVIRONMENT: "0123456789", RUNTIME: "/run/x", OWNER: owner(), KEEPER: "who keeps it"}
    assert MINE.of_environment == expected
    assert MINE.of_component("web") == expected | {COMPONENT: "web"}


def test_the_filter_finds_exactly_the_environment() -> None:
    """By the label that everything of it carries."""
    key, _, value = MINE.filter.partition("=")
    assert MINE.of_environment[key] == value == "0123456789"


def test_the_owner_is_this_user_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user, or another machine on the same engine, is another owner."""
    monkeypatch.setattr(labels, "machine", lambda: "m1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert owner() == "1000@m1"


@pytest.mark.parametrize(
    ("told", "expected"), [("abc\n", "abc"), ("", os.uname().nodename), (None, os.uname().nodename)]
)
def test_a_machine_without_an_id_is_known_by_its_name(
    monkeypatch: pytest.MonkeyPatch, told: str | None, expected: str
) -> None:
    """As in many containers, where the file is empty or not there."""

    def read(_path: Path) -> str:
        if told is None:
            raise FileNotFoundError
        return told

    monkeypatch.setattr(Path, "read_text", read)
    assert labels.machine() == expected
