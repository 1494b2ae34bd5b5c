"""Why this exists: an image's name may be given to another image at any time; a tag made of its content may not.

Two checkouts of a project have the same names and share one engine. What a container is to be made from is therefore
named by content; the name that Compose would give leads to what was used last, and is for people.
"""

_DIGITS = 12  # hexadecimal, of the digest; its label tells all of them


def repository_and_tag(reference: str) -> tuple[str, str | None]:
    """The parts of a name; without a tag the engine would take every tag there is. A digest is a name of its own."""
    if "@" in reference:
        return reference, None
    from docker.utils import parse_repository_tag  # noqa: PLC0415 - the package is an extra

    repository, tag = parse_repository_tag(reference)
    return repository, tag or "latest"


def by_content(reference: str, content: str) -> str:
    """The name of what is made from exactly this, beside `reference`."""
    return f"{repository_and_tag(reference)[0]}:{content[:_DIGITS]}"
