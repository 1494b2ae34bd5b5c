"""Which recipe runs a component."""

from pathlib import Path

from harness.providers.process.embedded.recipes import RECIPES, recipe_for
from harness.spec.model import Component, ComponentSettings, Location, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


def with_process(process: ProcessSettings, image: str | None = None) -> Component:
    """A component that says how it runs."""
    return Component("x", HERE, image=image, settings=ComponentSettings(process=process))


def test_the_image_decides_where_the_file_says_nothing() -> None:
    """And no image, no recipe."""
    assert recipe_for(Component("x", HERE, image="postgres:16")) is RECIPES["postgres"]
    assert recipe_for(Component("x", HERE, image="redis")) is RECIPES["redis"]
    assert recipe_for(Component("x", HERE, image="example/web")) is None
    assert recipe_for(Component("x", HERE)) is None


def test_the_file_has_the_last_word() -> None:
    """An embedded server instead of any image, or a command instead of a known one."""
    assert recipe_for(with_process(ProcessSettings(embedded="redis"), "example/cache")) is RECIPES["redis"]
    assert recipe_for(with_process(ProcessSettings(command=("redis",)), "redis")) is None
