"""What can be made here, and under which names."""

import subprocess

import pytest

from harness.images import debian
from harness.images.dockerfile import bases
from harness.images.recipes import _FOLDER, RECIPES, Recipe, recipe_for


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("postgres:15", "postgres"),
        ("docker.io/library/postgres:15-bookworm", "postgres"),
        ("redis:7", "redis"),
        ("redis:7.0", "redis"),
        ("python:3.11-slim", "python"),
    ],
)
def test_what_can_be_made(reference: str, name: str) -> None:
    """Versions that Debian has, by any of the official image's names."""
    recipe = recipe_for(reference)
    assert recipe is not None
    assert recipe.name == name


@pytest.mark.parametrize(
    "reference",
    [
        "postgres",
        "postgres:16",
        "postgres:15-alpine",
        "redis:7.2",
        "python:3.12-slim",
        "bitnami/postgres:15",
        "quay.io/library/postgres:15",
        "postgres@sha256:0123",
    ],
)
def test_what_cannot(reference: str) -> None:
    """Another version or another house's image is not passed off as the official one."""
    assert recipe_for(reference) is None


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_is_whole(recipe: Recipe) -> None:
    """It starts from the base that it is given, copies what it is sent, and its scripts can be read by a shell."""
    assert bases(recipe.dockerfile, {"BASE": "the-base"}) == ("the-base",)
    assert all(f"COPY {file} " in recipe.dockerfile for file in recipe.files)
    for file in recipe.files:
        subprocess.run(["/bin/bash", "-n", _FOLDER / file], check=True)  # noqa: S603 - a recipe's own


def test_a_changed_base_changes_every_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none stays behind on an old one."""
    before = [recipe.digest for recipe in RECIPES]
    monkeypatch.setattr(debian, "_OPTIONS", ("--variant=other",))
    assert not set(before) & {recipe.digest for recipe in RECIPES}
