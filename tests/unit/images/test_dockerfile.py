"""What a Dockerfile builds on is known before it is built."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.images.dockerfile import bases, declared, instructions

SERVICES = Path(__file__).parents[3] / "services" / "Dockerfile"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM python:3.11-slim", ("python:3.11-slim",)),
        ("from --platform=linux/amd64 node:20 as build\nFROM build", ("node:20",)),
        ("ARG V=15\nFROM postgres:${V}", ("postgres:15",)),
        ('ARG V="15"\nFROM postgres:$V', ("postgres:15",)),
        ("FROM ${BASE:-alpine:3}", ("alpine:3",)),
        ("FROM scratch\nCOPY --from=busybox:1 /bin/sh /bin/", ("busybox:1",)),
        ("FROM a AS x\nFROM b AS y\nCOPY --from=x / /\nCOPY --from=0 / /", ("a", "b")),
        ("FROM a\nFROM a\nFROM b", ("a", "b")),
        ("# FROM comment\nFROM \\\n  # in between\n  a", ("a",)),
        ("FROM a\nARG V=1\nFROM b:${V:-2}", ("a", "b:2")),
        ("", ()),
    ],
)
def test_bases(text: str, found: tuple[str, ...]) -> None:
    """Stages, arguments, platforms, comments and continued lines as the builder reads them."""
    assert bases(text, {}) == found


def test_build_arguments_win() -> None:
    """As `--build-arg` does."""
    assert bases("ARG V=15\nFROM postgres:${V}", {"V": "17"}) == ("postgres:17",)


def test_stages_below_the_target_do_not_count() -> None:
    """They are not built."""
    assert bases("FROM a AS first\nFROM b AS second", {}, "first") == ("a",)
    assert bases("FROM a AS first\nFROM b AS second", {}, "second") == ("a", "b")


def test_our_own() -> None:
    """The services need one image, whatever the target, and let the machine say where packages come from."""
    text = SERVICES.read_text()
    assert bases(text, {}) == bases(text, {}, "jonar") == ("python:3.11-slim",)
    assert {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"} <= declared(text)


@given(st.text(alphabet="FROMARGfrom${}:-=\\\n #ab1", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """What the builder will refuse is the builder's to tell; here nothing breaks, and no base has a blank in it."""
    assert all(name == name.upper() for name, _ in instructions(text))
    assert not any(set(base) & set(" \n") for base in bases(text, {}))
