"""Why this exists: most Compose healthchecks start a program only to ask over the network; we ask ourselves.

Pure: a healthcheck's command line is read, never run. What is not understood is left to whoever can run it.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

Kind = Literal["http", "tcp", "postgres", "redis"]

_OWN_HOSTS = r"localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]"
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_SILENCED = re.compile(r"(?<!\S)[\d&]?>{1,2}\s*(?:/dev/null|&\d)")
_DEV_TCP = re.compile(rf"/dev/tcp/(?:{_OWN_HOSTS})/(\d+)")
_CURL_SPECIAL = re.compile(r"-[fsSLkviIg]*[XdHuFT].*")
_SPECIAL = re.compile(r"--(request|data|header|user|form|json|post|method|body)(-\w+)*(=.*)?")
_CURL_FAIL = re.compile(r"-[a-zA-Z]*f[a-zA-Z]*|--fail(-with-body)?")
_REDIS_CLIENTS = frozenset({"redis-cli", "valkey-cli", "keydb-cli"})


@dataclass(frozen=True, slots=True)
class Check:
    """What a healthcheck asks.

    Args:
        kind: How it asks.
        port: The component's own port; None for the protocol's usual one.
        path: For HTTP, the request target.
        highest: For HTTP, the highest status it takes for healthy.
        host: For HTTP, the Host header the component is used to.
        user: For Postgres and Redis, who asks; None when it does not say.
        database: For Postgres, which one.
        password: For Redis. Not shown by repr.
        is_exact: False when the command looks at more than this, such as at the answer's text.
    """

    kind: Kind
    port: int | None = None
    path: str = "/"
    highest: int = 299
    host: str = ""
    user: str | None = None
    database: str | None = None
    password: str | None = None
    is_exact: bool = True

    def __repr__(self) -> str:
        return f"Check({self.kind}, port={self.port}, path={self.path!r})"


def recognise(test: tuple[str, ...], name: str, environment: Mapping[str, str]) -> Check | None:
    """What a Compose healthcheck asks; None when that cannot be told.

    Args:
        test: As Compose writes it, starting with `CMD` or `CMD-SHELL`.
        name: The component's name, by which it may call itself.
        environment: What `$NAME` in a shell command stands for.
    """
    read = _words(test, environment)
    if read is None:
        return None
    words, is_exact = read
    for reader in (_postgres, _redis, _http, _tcp):
        check = reader(words, name)
        if check is not None:
            return replace(check, is_exact=is_exact)
    return None


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}` and `${NAME:-default}` the way a shell would; unset names become empty."""
    return _VARIABLE.sub(lambda m: environment.get(m[1] or m[3]) or m[2] or "", text)


def _words(test: tuple[str, ...], environment: Mapping[str, str]) -> tuple[tuple[str, ...], bool] | None:
    """The words of the command, and whether it is all there is; None when there is none or it cannot be read."""
    match test:
        case ("CMD-SHELL", line) | ("CMD", "sh" | "/bin/sh" | "bash" | "/bin/bash", "-c" | "-ec", line):
            return _shell_words(expand(line, environment))
        case ("CMD", _, *_):
            return test[1:], True
    return None


def _shell_words(line: str) -> tuple[tuple[str, ...], bool] | None:
    """The words of a shell line's first command, and whether what follows leaves its verdict as it is."""
    lexer = shlex.shlex(_SILENCED.sub("", line), posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    try:
        words = tuple(lexer)
    except ValueError:
        return None
    end = next((i for i, word in enumerate(words) if word and set(word) <= set("|&;")), len(words))
    first, rest = words[:end], words[end:]
    is_exact = rest in ((), ("||", "false")) or rest[:2] == ("||", "exit") or _greps_pong(first, rest)
    return first, is_exact


def _greps_pong(first: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    """`redis-cli ping | grep PONG`: what our own PING looks at too."""
    return "ping" in [w.lower() for w in first] and rest[:2] == ("|", "grep") and "PONG" in rest


def _postgres(words: tuple[str, ...], _name: str) -> Check | None:
    if "pg_isready" not in _programs(words):
        return None
    port = _option(words, "-p", "--port")
    return Check(
        "postgres",
        port=int(port) if port and port.isdigit() else None,
        user=_option(words, "-U", "--username") or None,
        database=_option(words, "-d", "--dbname") or None,
    )


def _redis(words: tuple[str, ...], _name: str) -> Check | None:
    if not _REDIS_CLIENTS & _programs(words) or "ping" not in [w.lower() for w in words]:
        return None
    port = _option(words, "-p")
    assigned = (w.partition("=")[2] for w in words if w.startswith("REDISCLI_AUTH="))
    return Check(
        "redis",
        port=int(port) if port and port.isdigit() else None,
        user=_option(words, "--user") or None,
        password=_option(words, "-a", "--pass") or next(assigned, None) or None,
    )


def _http(words: tuple[str, ...], name: str) -> Check | None:
    programs = _programs(words)
    is_client = bool(programs & {"curl", "wget"})
    if is_client and any(_SPECIAL.fullmatch(w) for w in words):
        return None
    if "curl" in programs and any(_CURL_SPECIAL.fullmatch(w) for w in words):
        return None
    scheme = "(?:http://)?" if is_client else "http://"
    url = re.compile(rf"{scheme}({_OWN_HOSTS}|{re.escape(name)})(?::(\d+))?(/[^\s\"'`)]*)?(?=$|[\s\"'`)?])")
    found = next((m for w in words if (m := url.match(w) or (not is_client and url.search(w)))), None)
    if not found:
        return None
    port = int(found[2] or 80)
    host = f"{found[1]}:{port}" if found[2] else found[1]
    return Check("http", port=port, path=found[3] or "/", highest=_highest(programs, words), host=host)


def _highest(programs: frozenset[str], words: tuple[str, ...]) -> int:
    """The highest healthy status: curl takes any without `--fail`; the others follow redirects themselves."""
    fails_on_errors = any(_CURL_FAIL.fullmatch(w) for w in words)
    return 599 if "curl" in programs and not fails_on_errors else 399


def _tcp(words: tuple[str, ...], name: str) -> Check | None:
    if dev := _DEV_TCP.search(" ".join(words)):
        return Check("tcp", port=int(dev[1]))
    if not _programs(words) & {"nc", "ncat", "netcat"}:
        return None
    own = re.compile(rf"(?:{_OWN_HOSTS}|{re.escape(name)})")
    port = next((p for host, p in pairwise(words) if own.fullmatch(host) and p.isdigit()), None)
    return Check("tcp", port=int(port)) if port else None


def _programs(words: tuple[str, ...]) -> frozenset[str]:
    """The base names of everything that could be the program (assignments may stand before it)."""
    return frozenset(w.rpartition("/")[2] for w in words)


def _option(words: tuple[str, ...], *names: str) -> str | None:
    """The value of an option written `-x value`, `-xvalue` or `--long=value`."""
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word in names:
            return following
        for name in names:
            if name.startswith("--") and word.startswith(f"{name}="):
                return word.removeprefix(f"{name}=")
            if not name.startswith("--") and word.startswith(name):
                return word.removeprefix(name)
    return None
