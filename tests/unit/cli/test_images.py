"""`harness images` gets what would be started, and nothing that a profile holds back."""

from pathlib import Path

import pytest

from harness.cli import images as module
from harness.cli.images import images
from harness.core.errors import SpecError
from harness.images.needs import Need
from harness.images.obtaining import Source
from harness.spec.model import Component
from tests.doubles.containers import FakeDocker

COMPOSE = """
services:
  web: {image: 'example/web:1'}
  tools: {image: 'example/tools:1', profiles: [debug]}
  admin: {image: 'example/admin:1', build: ., profiles: [debug]}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with profiles, and an engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    Path("docker-compose.test.yml").write_text(COMPOSE)
    Path("Dockerfile").write_text("FROM example/base:1\n")
    monkeypatch.setattr(module, "connect", lambda: FakeDocker("example/web:1"))


@pytest.mark.parametrize(
    ("asked", "named", "expected"),
    [
        ([], "", {"web"}),
        (["debug"], "", {"web", "tools", "admin", "base"}),
        ([], "debug", {"web", "tools", "admin", "base"}),
        ([], "*", {"web", "tools", "admin", "base"}),
    ],
)
def test_only_what_is_enabled_is_needed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: list[str],
    named: str,
    expected: set[str],
) -> None:
    """By the option and by the variable, as for every other command."""
    monkeypatch.setenv("COMPOSE_PROFILES", named)
    images(profile=asked, only_list=True, pull=None)
    shown = capsys.readouterr().out
    assert {name for name in ("web", "tools", "admin", "base") if f"example/{name}:1" in shown} == expected


def test_what_no_engine_takes_for_an_image_is_told_before_it_is_asked() -> None:
    """With its line, as a plan has it."""
    Path("docker-compose.test.yml").write_text("services:\n  web: {image: 'example/web:|version|'}\n")
    with pytest.raises(SpecError) as caught:
        images(only_list=False, pull=None)
    assert caught.value.evidence[0].startswith(
        "docker-compose.test.yml:2: error: web: 'example/web:|version|'"
    )


def test_only_what_is_enabled_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pulled nor built for a profile that nobody asked for."""
    made: list[list[str]] = []

    def obtain(_engine: object, needs: list[Need], _tell: object, source: Source) -> None:
        assert source is Source.AUTO
        made.append([need.reference for need in needs])

    def build_all(_engine: object, _ecosystem: object, components: list[Component], _tell: object) -> None:
        made.append([component.name for component in components])

    monkeypatch.setattr(module, "obtain", obtain)
    monkeypatch.setattr(module, "build_all", build_all)
    images(only_list=False, pull=None)
    assert made == [["example/web:1"], ["web"]]
