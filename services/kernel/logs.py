"""Why this exists: every service writes the same kind of log lines, to stderr, where whoever runs it collects them."""

import logging

FORMAT = "%(asctime)s %(levelname)s {service} %(name)s: %(message)s"
QUIET = ("httpx2", "httpcore2")  # they tell of every request at INFO


def install(service: str) -> None:
    """Log from INFO on, unless the process has set logging up already."""
    logging.basicConfig(level=logging.INFO, format=FORMAT.format(service=service))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
