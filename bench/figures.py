"""Why this exists: one form for every measured figure, and one file they all end up in."""

import json
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import cpu_count
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Args:
        name: What was measured, `bench.figure`.
        value: The median of the samples.
        unit: `s`, `ms`, `x` for a ratio, ….
        goal: What is asked for, in words such as `<= 1.2`.
        ok: Whether it holds.
        peers: The same measured for others (and for the floor) in the same run.
        conditions: What a reader needs to judge it: samples, machine, commit.
    """

    name: str
    value: float
    unit: str
    goal: str
    ok: bool
    peers: Mapping[str, float] = field(default_factory=dict)
    conditions: Mapping[str, object] = field(default_factory=dict)


def conditions(samples: Mapping[str, Sequence[float]]) -> dict[str, object]:
    """How the figure came about: the samples themselves, and the machine."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "samples": {name: [round(value, 4) for value in values] for name, values in samples.items()},
        "cores": cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "commit": commit,
    }


def median(samples: Sequence[float]) -> float:
    """The median, to a tenth of a millisecond."""
    return round(statistics.median(samples), 4)


def store(figures: Sequence[Figure]) -> None:
    """Put the figures into results.json, each in the place of its older self; figures not measured now stay."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    fresh = {figure.name: asdict(figure) for figure in figures}
    merged = [fresh.pop(old["name"], old) for old in kept] + list(fresh.values())
    RESULTS.write_text(json.dumps(merged, indent=1) + "\n")


def stored() -> list[Figure]:
    """Every figure as it was last measured."""
    return [Figure(**told) for told in json.loads(RESULTS.read_text())]


def show(figures: Sequence[Figure]) -> None:
    """The figures as a table."""
    print(f"{'figure':34} {'value':>10} {'unit':5} {'goal':10} {'':4} peers")
    for figure in figures:
        peers = ", ".join(f"{name} {value:g}" for name, value in figure.peers.items())
        verdict = "ok" if figure.ok else "MISS"
        print(f"{figure.name:34} {figure.value:>10g} {figure.unit:5} {figure.goal:10} {verdict:4} {peers}")
