"""Why this exists: what holds for every fault of the network is tested with one of each."""

from harness.faults import TESTS, Bandwidth, Cut, FailFirst, Fault, Latency, Partition, Reset


def of_the_network(component: str, other: str) -> list[Fault]:
    """One of each kind, on what leads to `component`; the partition also cuts it off from `other`."""
    return [
        Latency(component, 1.0),
        Bandwidth(component, 100.0),
        Reset(component),
        Cut(component),
        FailFirst(component),
        FailFirst(component, status=503),
        Partition(((other, TESTS), (component,))),
    ]
