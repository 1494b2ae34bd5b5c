"""Why this exists: a fault crosses from a client to the keeper as JSON: its fields, and its name as `fault`."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.core.errors import UsageError
from harness.faults.bandwidth import Bandwidth
from harness.faults.base import Fault
from harness.faults.crash import Crash
from harness.faults.cut import Cut
from harness.faults.disk_full import DiskFull
from harness.faults.fail_first import FailFirst
from harness.faults.kill import Kill
from harness.faults.latency import Latency
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.reset import Reset
from harness.faults.restart import Restart
from harness.faults.scale_to_zero import ScaleToZero

KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Kill, Crash, ScaleToZero, Pause, Restart, DiskFull),
        *(Latency, Bandwidth, Reset, Cut, FailFirst, Partition),
    )
}


def encode(fault: Fault) -> dict[str, Any]:
    """The JSON form of a fault."""
    return {"fault": type(fault).__name__} | _fields(fault)


def decode(form: Mapping[str, Any]) -> Fault:
    """The inverse of `encode`.

    Raises:
        UsageError: there is no such fault, or its fields are not those it has.
    """
    kind = KINDS.get(str(form.get("fault")))
    if kind is None:
        raise UsageError(f"there is no fault {form.get('fault')!r}", hint=f"there are {', '.join(KINDS)}")
    given = {name: _frozen(value) for name, value in form.items() if name != "fault"}
    try:
        fault: Fault = kind(**given)
    except TypeError as error:
        raise UsageError(f"{kind.__name__} cannot be made of {given}: {error}") from None
    return fault


def describe(fault: Fault) -> str:
    """A fault's settings in a line for a person."""
    return ", ".join(f"{name}={value!r}" for name, value in _fields(fault).items() if value not in ((), None))


def _fields(fault: Any) -> dict[str, Any]:
    return {field.name: getattr(fault, field.name) for field in fields(fault)}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
