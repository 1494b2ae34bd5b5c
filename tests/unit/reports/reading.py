"""Why this exists: reports are read back as their consumers read them."""

from xml.etree.ElementTree import Element, fromstring


def xml(document: str | bytes) -> Element:
    """The root of an XML document."""
    return fromstring(document)  # noqa: S314 - written by the code under test a line before
