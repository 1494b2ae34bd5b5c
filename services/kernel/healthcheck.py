"""Why this exists: container health checks without curl. `python -m kernel.healthcheck URL` exits 0 on status 200."""

# ruff: noqa: T201 - a command speaks to its caller

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT = 3.0


def check(url: str) -> str | None:
    """Why `url` is not healthy; None when it answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        body = response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    finally:
        connection.close()
    return None if response.status == http.client.OK else f"{url}: {response.status} {body}"


def main() -> int:
    """Check the URL in the first argument."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        print("usage: python -m kernel.healthcheck URL", file=sys.stderr)
        return 2
    reason = check(sys.argv[1])
    if reason:
        print(reason, file=sys.stderr)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
