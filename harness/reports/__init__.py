"""A RunResult in every format people and programs read: one small file a format, all from the same fold."""

from harness.reports.writing import REPORTERS, Reporter, rebuild, write

__all__ = ["REPORTERS", "Reporter", "rebuild", "write"]
