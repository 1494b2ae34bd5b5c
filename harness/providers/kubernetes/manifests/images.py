"""Why this exists: one image has several names, by the registry that it is pulled from. Pure."""


def is_same_image(one: str, other: str) -> bool:
    """Whether two names mean the same image: its repository and its tag, whatever registry each names."""
    return _plain(one) == _plain(other)


def _plain(image: str) -> tuple[str, str]:
    """Repository and tag; a digest says nothing that the tag has not said."""
    named, _, digest = image.partition("@")
    first, slash, rest = named.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        named = rest
    repository, colon, tag = named.rpartition(":")
    if not colon:
        repository, tag = named, digest or "latest"
    return repository.removeprefix("library/"), tag
