"""Why this exists: a service's environment variables as one frozen value, with every fault told at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

REQUIRED = ("DATABASE_URL", "REDIS_URL", "TOKEN_KEY")
REQUIRED_BY_SERVICE = {"distilera": ("CLIENT_SECRET", "ENCRYPTION_KEY")}
TRUE = frozenset({"1", "true", "yes", "on", "y"})
FALSE = frozenset({"", "0", "false", "no", "off", "n"})


class SettingsError(ValueError):
    """The environment lacks a variable or holds one that cannot be read; the message names each."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a principal may make to one service within `seconds`."""

    requests: int = 60
    seconds: float = 10.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `requests/seconds`, such as `60/10`.

        Raises:
            ValueError: it is not two positive numbers around a slash.
        """
        requests, _, seconds = text.partition("/")
        limit = cls(int(requests), float(seconds))
        if limit.requests <= 0 or limit.seconds <= 0:
            raise ValueError(text)
        return limit

    def times(self, factor: int) -> "RateLimit":
        """The same period with `factor` times the requests."""
        return RateLimit(self.requests * factor, self.seconds)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a service is told from outside. Secrets are left out of the repr."""

    service: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    token_key: str = field(repr=False)
    client_secret: str = field(default="", repr=False)
    encryption_key: str = field(default="", repr=False)
    encryption_key_id: str = "k1"
    encryption_old_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    mercatrix_url: str = ""
    jonar_runtime: str = "process"
    test_mode: bool = False
    rate_limit: RateLimit = RateLimit()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], service: str) -> Self:
        """The settings of `service`.

        Raises:
            SettingsError: variables are missing or unreadable; all are named.
        """
        read = _Reader(environ)
        read.require(*REQUIRED, *REQUIRED_BY_SERVICE.get(service, ()))
        settings = cls(
            service=service,
            database_url=environ.get("DATABASE_URL", ""),
            redis_url=environ.get("REDIS_URL", ""),
            token_key=environ.get("TOKEN_KEY", ""),
            client_secret=environ.get("CLIENT_SECRET", ""),
            encryption_key=environ.get("ENCRYPTION_KEY", ""),
            encryption_key_id=environ.get("ENCRYPTION_KEY_ID") or "k1",
            encryption_old_keys=read.old_keys("ENCRYPTION_OLD_KEYS"),
            mercatrix_url=environ.get("MERCATRIX_URL", ""),
            jonar_runtime=environ.get("JONAR_RUNTIME") or "process",
            test_mode=read.boolean("TEST_MODE"),
            rate_limit=read.rate_limit("RATE_LIMIT"),
        )
        read.raise_faults(service)
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them; never repeats a secret's value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def require(self, *names: str) -> None:
        self._faults += [f"{name} is not set" for name in names if not self._environ.get(name)]

    def boolean(self, name: str) -> bool:
        text = self._environ.get(name, "").strip().lower()
        if text not in TRUE | FALSE:
            self._faults.append(f"{name} is {text!r}; write true or false")
        return text in TRUE

    def rate_limit(self, name: str) -> RateLimit:
        text = self._environ.get(name) or "60/10"
        try:
            return RateLimit.parse(text)
        except ValueError:
            self._faults.append(f"{name} is {text!r}; write requests/seconds, such as 60/10")
            return RateLimit()

    def old_keys(self, name: str) -> Mapping[str, str]:
        keys: dict[str, str] = {}
        for item in filter(None, self._environ.get(name, "").split(",")):
            key_id, colon, secret = item.partition(":")
            if not (key_id.strip() and colon and secret):
                self._faults.append(f"{name} has an entry that is not key_id:secret")
                continue
            keys[key_id.strip()] = secret
        return keys

    def raise_faults(self, service: str) -> None:
        if self._faults:
            raise SettingsError(f"{service} cannot start: " + "; ".join(self._faults))
