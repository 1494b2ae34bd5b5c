"""What can be made to go wrong in a running ecosystem: one fault a file, each of which heals."""

from harness.faults.bandwidth import Bandwidth
from harness.faults.base import TESTS, Fault, Ground, Heal
from harness.faults.crash import Crash
from harness.faults.cut import Cut
from harness.faults.disk_full import DiskFull
from harness.faults.fail_first import FailFirst
from harness.faults.form import decode, encode
from harness.faults.kill import Kill
from harness.faults.latency import Latency
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.reset import Reset
from harness.faults.restart import Restart
from harness.faults.rule import Direction
from harness.faults.scale_to_zero import ScaleToZero

__all__ = [
    "TESTS",
    "Bandwidth",
    "Crash",
    "Cut",
    "Direction",
    "DiskFull",
    "FailFirst",
    "Fault",
    "Ground",
    "Heal",
    "Kill",
    "Latency",
    "Partition",
    "Pause",
    "Reset",
    "Restart",
    "ScaleToZero",
    "decode",
    "encode",
]
