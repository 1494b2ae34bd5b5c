"""Why this exists: resources are written as Kubernetes does ("500m", "1Gi"), figures are in cores and bytes."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"^(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?P<suffix>m|k|[MGTPE]|[KMGTPE]i)?$")
_FIGURE = re.compile(r"^(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<suffix>[num]|k|[MGTPE]|[KMGTPE]i)?$")
_FACTORS = {"": Decimal(1), "m": Decimal("0.001")}
_FACTORS |= {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)}
_FACTORS |= {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}

_FINE = {**_FACTORS, "u": Decimal("0.000001"), "n": Decimal("0.000000001")}


def parse_cpu(text: str) -> float:
    """Cores: `"500m"` is 0.5, `"2"` is 2.0.

    Raises:
        ValueError: not a quantity, or not above zero.
    """
    return float(_parse(text, "a number of cores such as 500m or 2"))


def parse_memory(text: str) -> int:
    """Bytes: `"1Gi"` is 1073741824, `"500M"` is 500000000.

    Raises:
        ValueError: not a quantity, not above zero, or less than a byte.
    """
    size = int(_parse(text, "a number of bytes such as 512Mi or 1Gi"))
    if size < 1:
        raise ValueError(f"{text!r} is less than one byte; write a number of bytes such as 512Mi or 1Gi")
    return size


def parse_figure(text: str) -> float:
    """A measured quantity, which may be zero and as fine as billionths: `"1234n"`, `"12Ki"`, `"0"`.

    Raises:
        ValueError: not a quantity.
    """
    match = _FIGURE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    return float(Decimal(match["number"]) * _FINE[match["suffix"] or ""])


def _parse(text: str, wanted: str) -> Decimal:
    match = _QUANTITY.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a quantity; write {wanted}")
    value = Decimal(match["number"]) * _FACTORS[match["suffix"] or ""]
    if value <= 0:
        raise ValueError(f"{text!r} is not above zero; write {wanted}")
    return value
