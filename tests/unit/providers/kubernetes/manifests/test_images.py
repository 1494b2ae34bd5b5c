"""Names of one image."""

import pytest

from harness.providers.kubernetes.manifests.images import is_same_image


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("postgres:15", "docker.io/library/postgres:15", True),
        ("postgres:15", "mirror.example:5000/library/postgres:15", True),
        ("postgres:15", "postgres:15@sha256:abc", True),
        ("postgres", "postgres:latest", True),
        ("localhost/team/web:1", "team/web:1", True),
        ("postgres:15", "postgres:16", False),
        ("postgres:15", "team/postgres:15", False),
        ("postgres@sha256:abc", "postgres@sha256:def", False),
        ("postgres@sha256:abc", "postgres", False),
    ],
)
def test_one_image_by_two_names(one: str, other: str, is_same: bool) -> None:
    """Registries are where it is from, and not what it is."""
    assert is_same_image(one, other) is is_same
    assert is_same_image(other, one) is is_same
