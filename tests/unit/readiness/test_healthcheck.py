"""The healthchecks that teams write are understood; what is not understood is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.readiness.healthcheck import Check, expand, recognise

ENVIRONMENT = {"PORT": "3000", "POSTGRES_USER": "app", "POSTGRES_DB": "shop", "REDIS_PASSWORD": "s3cret"}


def http(
    port: int, path: str = "/", highest: int = 399, host: str | None = None, *, is_exact: bool = True
) -> Check:
    """An HTTP check of the component itself."""
    named = f"localhost:{port}" if host is None else host
    return Check("http", port=port, path=path, highest=highest, host=named, is_exact=is_exact)


PYTHON = "import urllib.request; urllib.request.urlopen('http://localhost:8000/health')"
NODE = "require('http').get('http://localhost:3000/healthz', r => process.exit(r.statusCode === 200 ? 0 : 1))"


@pytest.mark.parametrize(
    ("test", "check"),
    [
        (("CMD", "curl", "-f", "http://localhost:8000/health"), http(8000, "/health")),
        (("CMD-SHELL", "curl -f http://localhost:8000/health || exit 1"), http(8000, "/health")),
        (("CMD-SHELL", "curl --fail -s http://localhost:8000 > /dev/null 2>&1 || exit 1"), http(8000)),
        (("CMD-SHELL", "curl -sf localhost:8000/x?a=1 || false"), http(8000, "/x?a=1")),
        (("CMD-SHELL", "curl -s -o /dev/null http://localhost:8000/"), http(8000, highest=599)),
        (("CMD-SHELL", "curl -fsSL http://localhost:${PORT}/ok"), http(3000, "/ok")),
        (("CMD", "curl", "-f", "http://localhost/health"), http(80, "/health", host="localhost")),
        (("CMD", "curl", "-f", "http://web:8000/"), http(8000, host="web:8000")),
        (("CMD", "curl", "-f", "http://127.0.0.1:8000"), http(8000, host="127.0.0.1:8000")),
        (("CMD", "curl", "-f", "http://[::1]:8000/a"), http(8000, "/a", host="[::1]:8000")),
        (
            ("CMD-SHELL", "curl -fs http://localhost:9200/_cluster/health | grep -q green"),
            http(9200, "/_cluster/health", is_exact=False),
        ),
        (
            ("CMD-SHELL", "curl -f http://localhost:1/a && curl -f http://localhost:2/b"),
            http(1, "/a", is_exact=False),
        ),
        (("CMD", "wget", "--spider", "-q", "http://localhost:8080/ping"), http(8080, "/ping")),
        (("CMD-SHELL", "wget -T 2 -qO- http://localhost:8080/ping || exit 1"), http(8080, "/ping")),
        (("CMD", "python", "-c", PYTHON), http(8000, "/health")),
        (("CMD-SHELL", f'python3 -c "{PYTHON}"'), http(8000, "/health")),
        (("CMD", "node", "-e", NODE), http(3000, "/healthz")),
        (
            ("CMD", "python", "-m", "kernel.healthcheck", "http://127.0.0.1:8000/ready"),
            http(8000, "/ready", host="127.0.0.1:8000"),
        ),
        (("CMD", "/bin/sh", "-c", "curl -f http://localhost:8000/"), http(8000)),
        (("CMD", "nc", "-z", "localhost", "5432"), Check("tcp", port=5432)),
        (("CMD-SHELL", "nc -z -w 1 127.0.0.1 $PORT || exit 1"), Check("tcp", port=3000)),
        (("CMD-SHELL", "bash -c ':> /dev/tcp/127.0.0.1/9092' || exit 1"), Check("tcp", port=9092)),
        (("CMD", "pg_isready"), Check("postgres")),
        (
            ("CMD-SHELL", "pg_isready -U $POSTGRES_USER"),
            Check("postgres", user="app"),
        ),
        (
            ("CMD-SHELL", "pg_isready -U ${POSTGRES_USER:-postgres} -d ${POSTGRES_DB} -p 5433"),
            Check("postgres", port=5433, user="app", database="shop"),
        ),
        (
            ("CMD", "/usr/bin/pg_isready", "--username=me", "--dbname=mine", "-q"),
            Check("postgres", user="me", database="mine"),
        ),
        (("CMD-SHELL", "pg_isready -Ume -dmine"), Check("postgres", user="me", database="mine")),
        (("CMD", "redis-cli", "ping"), Check("redis")),
        (("CMD-SHELL", "redis-cli -a '' ping || exit 1"), Check("redis")),
        (("CMD-SHELL", "redis-cli -a $REDIS_PASSWORD ping | grep PONG"), Check("redis", password="s3cret")),
        (
            ("CMD-SHELL", 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli ping | grep PONG'),
            Check("redis", password="s3cret"),
        ),
        (("CMD", "valkey-cli", "-p", "6380", "--user", "me", "PING"), Check("redis", port=6380, user="me")),
        # Not understood: left to whoever can run it.
        (("CMD", "curl", "-f", "https://localhost:8443/"), None),
        (("CMD", "curl", "-f", "http://elsewhere:8000/"), None),
        (("CMD", "curl", "-f", "-X", "POST", "http://localhost:8000/"), None),
        (("CMD", "curl", "-f", "-H", "Authorization: x", "http://localhost:8000/"), None),
        (("CMD", "curl", "-fu", "a:b", "http://localhost:8000/"), None),
        (("CMD-SHELL", "curl --header=X:1 http://localhost:8000/"), None),
        (("CMD", "wget", "-qO-", "--post-data=x", "http://localhost:8000/"), None),
        (("CMD", "nc", "-z", "elsewhere", "5432"), None),
        (("CMD", "mysqladmin", "ping", "-h", "localhost"), None),
        (("CMD-SHELL", "rabbitmq-diagnostics -q ping"), None),
        (("CMD-SHELL", "test -f /tmp/ready"), None),
        (("CMD-SHELL", "echo 'unbalanced"), None),
        (("CMD", "redis-cli", "info"), None),
        (("CMD", "curl", "-f", "http://localhost:${PORT}/"), None),  # no shell, no variables
        (("CMD",), None),
        (("NONE",), None),
        ((), None),
    ],
)
def test_what_teams_write(test: tuple[str, ...], check: Check | None) -> None:
    """Each form, with what it asks."""
    assert recognise(test, "web", ENVIRONMENT) == check


def test_a_password_is_not_shown() -> None:
    """Not even to a developer."""
    check = recognise(("CMD", "redis-cli", "-a", "s3cret", "ping"), "web", {})
    assert check is not None
    assert check.password == "s3cret"
    assert "s3cret" not in repr(check)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$A-${A}-${B:-b}-${A:-c}-$C.", "1-1-b-1-."),
        ("${EMPTY:-d} $$ costs 5$", "d $$ costs 5$"),
    ],
)
def test_variables(text: str, expanded: str) -> None:
    """The forms a shell knows that healthchecks use."""
    assert expand(text, {"A": "1", "EMPTY": ""}) == expanded


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_test_is_read_without_an_error(words: list[str]) -> None:
    """Whatever a file says, the answer is a check or None."""
    for kind in ("CMD", "CMD-SHELL"):
        result = recognise((kind, *words), "web", {})
        assert result is None or result.kind in ("http", "tcp", "postgres", "redis")
