"""What a fork becomes: an ASGI application that is served, or a function that is called."""

import asyncio
import functools
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import Any

import pytest

from harness.core.clock import SystemClock
from harness.core.endpoint import Endpoint
from harness.providers.logs import LogPump
from harness.providers.process.forking import preloader
from harness.providers.process.forking.forks import ForkedChild, ForkRequest, ForkServer
from harness.providers.process.forking.preloading import Imports, begin
from harness.providers.reservation import LOOPBACK, Reservation
from harness.readiness.http import HttpProbe
from harness.readiness.wait import wait_until_ready

APPS = """
    import os, signal

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            if asked := os.environ.get("ASKED"):
                signal.raise_signal(signal.Signals[asked])
                print("opened", flush=True)
            if os.environ.get("FAILS"):
                raise RuntimeError("no database")
            await send({"type": "lifespan.startup.complete"})
            await receive()
            print("closing", flush=True)
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    class Asked:
        def __del__(self): signal.raise_signal(signal.Signals[os.environ["ASKED"]])

    def create():
        if os.environ.get("ASKED"):
            Asked()
        return app
"""


class Apps:
    """A fork server that has imported the applications above."""

    def __init__(self, server: ForkServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.reservation = Reservation()

    async def serve(self, app: str, **environment: str) -> ForkedChild:
        """Fork an application on the reserved port; what it writes goes to `log.txt`."""
        with (self._folder / "log.txt").open("wb") as output:
            request = ForkRequest("web", {"app": app}, self.reservation.port, environment, self._folder)
            return await self._server.fork(request, output.fileno())

    async def becomes_ready(self, child: ForkedChild) -> bool:
        """Whether it answers, rather than ends."""
        probe = HttpProbe(Endpoint(LOOPBACK, self.reservation.port, 8000), "/")
        return await wait_until_ready("web", probe, SystemClock(), 10, child.ended) is not None


@pytest.fixture
async def apps(tmp_path: Path) -> AsyncIterator[Apps]:
    """Applications to fork."""
    (tmp_path / "apps.py").write_text(textwrap.dedent(APPS))
    preloading = begin(Imports(("uvicorn", "apps"), {"PYTHONPATH": str(tmp_path)}, tmp_path), {})
    pump = LogPump(tmp_path / "preloader.log", SystemClock(), [], preloading.output)
    server = ForkServer(preloading, pump)
    apps = Apps(server, tmp_path)
    yield apps
    await server.aclose()
    apps.reservation.close()


async def test_an_application_or_its_factory_is_served(apps: Apps, tmp_path: Path) -> None:
    """On the port it is given, until it is asked to end; then its lifespan ends too, and it ends well."""
    for app in ("apps:app", "apps:create"):
        child = await apps.serve(app)
        assert await apps.becomes_ready(child)
        child.send(SIGTERM)
        assert await child.ended == 0
        assert "closing" in (tmp_path / "log.txt").read_text()


async def test_an_application_that_cannot_start_says_why(apps: Apps, tmp_path: Path) -> None:
    """With a code of its own, and the reason in its log."""
    child = await apps.serve("apps:app", FAILS="yes")
    assert not await apps.becomes_ready(child)
    assert await child.ended == 3
    assert "no database" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
async def test_an_application_that_is_being_made_ends_at_once(
    apps: Apps, tmp_path: Path, signal: Signals
) -> None:
    """Also where it is asked in a callback, which no exception gets out of; its lifespan does not begin."""
    child = await apps.serve("apps:create", ASKED=signal.name)
    assert not await apps.becomes_ready(child)
    assert await child.ended == 0
    assert (tmp_path / "log.txt").read_text() == ""


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
async def test_a_lifespan_that_has_begun_is_ended(apps: Apps, tmp_path: Path, signal: Signals) -> None:
    """Whatever it has opened by then it can close."""
    child = await apps.serve("apps:app", ASKED=signal.name)
    assert await child.ended == 0
    assert (tmp_path / "log.txt").read_text() == "opened\nclosing\n"


async def test_an_application_that_is_not_there_is_told(apps: Apps, tmp_path: Path) -> None:
    """By the traceback in the component's own log."""
    child = await apps.serve("apps:no_such_app")
    assert await child.ended == 1
    assert "no_such_app" in (tmp_path / "log.txt").read_text()


class Callable:
    """An application as a class."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Nothing."""


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """An application as a function."""


def factory() -> Any:
    """A factory."""


def with_defaults(name: str = "x", *names: str, **options: str) -> Any:
    """A factory that may be told something."""


def needy(name: str) -> Any:
    """No factory: it needs something."""


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (factory, True),
        (with_defaults, True),
        (asgi, False),
        (Callable(), False),
        (needy, False),
        (functools.partial(asgi), False),
    ],
)
def test_a_factory_is_told_from_an_application(candidate: Any, expected: bool) -> None:
    """By what it needs: nothing."""
    assert preloader._is_factory(candidate) is expected


def test_what_is_imported_can_be_forked() -> None:
    """The module decides, not what is in it."""
    assert preloader._is_imported({"app": f"{__name__}:asgi"}) == (__name__ in sys.modules)
    assert preloader._is_imported({"call": "asyncio:anything"})
    assert not preloader._is_imported({"call": "no_such_module:main"})


async def test_nothing_but_the_standard_library_is_imported() -> None:
    """It runs in the interpreter of the components, before anything of theirs: the harness is not theirs."""
    code = (
        f"import sys; sys.argv = ['x']; import runpy; runpy.run_path({preloader.__file__!r}, run_name='x');"
    )
    code += "print(sorted(m for m in sys.modules if m.partition('.')[0] not in sys.stdlib_module_names))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", code, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert told.decode().strip() == "['__main__']"
