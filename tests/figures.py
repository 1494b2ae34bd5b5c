"""Why this exists: what a test measured goes into the report, also when a later assertion fails."""

from collections.abc import Callable

from harness.pytest_plugin.recording import FIGURE


class Figures:
    """States figures; `missed` has a line for each that was outside its limit.

    Args:
        record_property: pytest's fixture.
    """

    def __init__(self, record_property: Callable[[str, object], None]) -> None:
        self._record = record_property
        self.missed: list[str] = []

    def __call__(
        self, name: str, value: float, unit: str, *, below: float | None = None, least: float | None = None
    ) -> bool:
        """State a figure, and whether it is `below` a limit or at `least` as much; without limits it just is."""
        is_ok = (below is None or value < below) and (least is None or value >= least)
        limits = [f"< {below:g}"] if below is not None else []
        limits += [f">= {least:g}"] if least is not None else []
        limit = " and ".join(limits)
        if not is_ok:
            self.missed.append(f"{name} is {value:.4g} {unit}, asked for {limit}")
        figure = {"figure": name, "value": value, "unit": unit, "limit": limit, "is_ok": is_ok}
        self._record(FIGURE, figure)
        return is_ok
