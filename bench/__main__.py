"""Why this exists: `make bench` and `make bench NAME=start`."""

import importlib
import sys
from pathlib import Path

from bench.figures import show, store
from bench.picture import draw

BENCHES = (
    "start",
    "overhead",
    "main_job",
    "docker_start",
    "cluster_start",
    "notice",
    "kill",
    "many",
    "reset",
    "workers",
    "data",
    "warm",
)


sys.path.append(str(Path(__file__).parent.parent / "services"))  # RuneFrameOS's own tables are measured, too


def main() -> int:
    """Run the named bench, or all; exit code 1 when a goal is missed."""
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        print(f"there is no bench {', '.join(unknown)}; choose among {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    figures = []
    for name in wanted:
        measured = importlib.import_module(f"bench.{name}").measure()
        store(measured)
        figures += measured
    draw()
    show(figures)
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
