"""What a name leads to may change; what a tag by content leads to may not."""

import pytest

from harness.images.names import by_content, repository_and_tag


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("rabbitmq", ("rabbitmq", "latest")),
        ("localhost:5000/a/b:1", ("localhost:5000/a/b", "1")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "latest")),
        ("a@sha256:01", ("a@sha256:01", None)),
    ],
)
def test_a_name_without_a_tag_is_one_image(reference: str, parts: tuple[str, str | None]) -> None:
    """Not every tag that there is."""
    assert repository_and_tag(reference) == parts


@pytest.mark.parametrize("reference", ["localhost:5000/a/b", "localhost:5000/a/b:1"])
def test_a_tag_by_content(reference: str) -> None:
    """Instead of the one that a name has; enough of the digest to tell it from every other."""
    assert by_content(reference, "0123456789abcdef" * 4) == "localhost:5000/a/b:0123456789ab"
