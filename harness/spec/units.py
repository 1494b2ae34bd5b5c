"""Why this exists: the spellings of durations, sizes and ports that Compose files use, turned into numbers. Pure."""

import math
import re

_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)")
_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3,
    "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_FACTOR = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_LAST_PORT = 65535


def seconds(text: str) -> float:
    """`1m30s`, `500ms`, `2h` as seconds; `0` needs no unit. Raises ValueError."""
    if text == "0":
        return 0.0
    total, position = 0.0, 0
    for part in _DURATION_PART.finditer(text):
        if part.start() != position:
            break
        total += float(part.group(1)) * _SECONDS[part.group(2)]
        position = part.end()
    if position != len(text) or not text or not math.isfinite(total):
        raise ValueError(f"{text!r} is not a duration")
    return total


def bytes_(text: str) -> int:
    """`512m`, `1.5GiB`, `64kb` or plain bytes as a number of bytes; k is 1024. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size")
    try:
        return int(float(match.group(1)) * _FACTOR[match.group(2).lower()])
    except OverflowError:
        raise ValueError(f"{text!r} is not a size") from None


def port_range(text: str) -> range:
    """`80` or `8000-8010` as ports. Raises ValueError."""
    first, _, last = text.partition("-")
    if not (first.isascii() and first.isdigit()) or (last and not (last.isascii() and last.isdigit())):
        raise ValueError(f"{text!r} is not a port")
    low, high = int(first[:6]), int((last or first)[:6])
    if not 0 <= low <= high <= _LAST_PORT:
        raise ValueError(f"{text!r} is not a port between 0 and {_LAST_PORT}")
    return range(low, high + 1)
