"""Why this exists: tests read what a cluster (1.36.3) really said, kept in recorded.json.

There each thing that can go wrong is by a name of ours; what no code looks at was left out.
"""

import json
from pathlib import Path
from typing import Any

_RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())


def recorded_pod(name: str) -> dict[str, Any]:
    """A pod, as the API server gave it."""
    pod: dict[str, Any] = _RECORDED["pods"][name]
    return pod


def recorded_event(name: str) -> dict[str, Any]:
    """An event, as the API server gave it."""
    event: dict[str, Any] = _RECORDED["events"][name]
    return event
