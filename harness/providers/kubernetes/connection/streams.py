"""Why this exists: an answer of the API server that goes on for as long as there is something to tell, line by line."""

from collections.abc import Iterator
from typing import Any

CHUNK = 65536


def lines_of(response: Any) -> Iterator[bytes]:
    """The lines of an answer that was asked for with `_preload_content=False`, as they come; it is closed then."""
    partial = b""
    try:
        while chunk := response.read1(CHUNK):
            *whole, partial = (partial + chunk).split(b"\n")
            yield from whole
    finally:
        response.close()
