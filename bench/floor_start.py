"""Why this exists: the least it takes to bring RuneFrameOS up on this machine: by hand, with no harness.

It knows everything beforehand: names, order, where binaries and a ready-made data directory are. It validates nothing,
keeps no log, reports nothing and recovers from nothing. Prints one line of JSON, `{"ready": seconds, "down": seconds}`,
counted from the start of this process.

Usage: python bench/floor_start.py DATA_DIRECTORY POSTGRES REDIS_SERVER
"""

import asyncio
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parent.parent
SERVICES = ("distilera", "jonar", "hoardwell", "mercatrix")
NOBODY = 65534


def start(argv: list[str]) -> subprocess.Popen[bytes]:
    """A server, without its output, as somebody without rights when we are root."""
    become = drop_rights if os.geteuid() == 0 else None
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=become)


def drop_rights() -> None:
    """Become nobody, for Postgres refuses root."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_ready(port: int) -> None:
    """Poll /ready until it answers 200."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"GET /ready HTTP/1.0\r\nHost: x\r\n\r\n")
                if b" 200 " in connection.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.005)


def migrate_and_seed(variables: dict[str, str]) -> int:
    """The one-shot and the seed data, in a fork of its own so that the services start with clean loops."""
    pid = os.fork()
    if pid == 0:
        importlib.import_module("kernel.migrations").main()
        seeding = importlib.import_module("tests.data.seeding")
        seeding.prepare(1)
        asyncio.run(seeding.seed(SimpleNamespace(variables=variables, seed=1)))
        os._exit(0)
    return pid


def serve(name: str, port: int) -> int:
    """Fork one service."""
    pid = os.fork()
    if pid == 0:
        uvicorn = importlib.import_module("uvicorn")
        uvicorn.run(f"{name}.app:create_app", factory=True, port=port, log_level="error", lifespan="on")
        os._exit(0)
    return pid


def set_variables(database: int, cache: int, ports: dict[str, int]) -> dict[str, str]:
    """What services and seeding find everything by; the seeding's part is returned."""
    os.environ |= {
        "DATABASE_URL": f"postgresql://test_user:x@127.0.0.1:{database}/runeframeos_test",
        "REDIS_URL": f"redis://127.0.0.1:{cache}/0",
        "MERCATRIX_URL": f"http://127.0.0.1:{ports['mercatrix']}",
        **dict.fromkeys(("TOKEN_KEY", "CLIENT_SECRET", "ENCRYPTION_KEY", "ENCRYPTION_KEY_ID"), "floor"),
        "JONAR_RUNTIME": "process",
        "TEST_MODE": "true",
    }
    return {
        "TEST_DB_HOST": "127.0.0.1",
        "TEST_DB_PORT": str(database),
        "TEST_DB_NAME": "runeframeos_test",
        "TEST_DB_USER": "test_user",
        "TEST_DB_PASSWORD": "x",
        "TEST_REDIS_HOST": "127.0.0.1",
        "TEST_REDIS_PORT": str(cache),
        "TEST_REDIS_DB": "0",
        "TEST_REDIS_PASSWORD": "",
    }


def main() -> None:
    """Everything as early as it can be."""
    template, postgres, redis = sys.argv[1:4]
    database_port, cache_port = free_port(), free_port()
    ports = {name: free_port() for name in SERVICES}
    folder = Path("/dev/shm") / f"floor-{os.getpid()}"
    folder.mkdir(mode=0o711)
    os.chown(folder, NOBODY, NOBODY)
    cache = start([redis, "--port", str(cache_port), "--bind", "127.0.0.1", "--save", ""])
    start(["cp", "-R", template, str(folder / "data")]).wait()
    (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    options = ["-p", str(database_port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    database = start([postgres, "-D", str(folder / "data"), *options])
    variables = set_variables(database_port, cache_port, ports)

    sys.path[:0] = [str(ROOT / "services"), str(ROOT)]
    importlib.import_module("asyncpg")
    importlib.import_module("kernel.migrations")
    one_shot = migrate_and_seed(variables)  # Postgres needs a tenth of what these imports take
    importlib.import_module("kernel.preload")
    if os.waitstatus_to_exitcode(os.waitpid(one_shot, 0)[1]):
        sys.exit("migrating or seeding failed")
    pids = [serve(name, ports[name]) for name in SERVICES]  # each imports its own, beside the others
    for port in ports.values():
        wait_ready(port)
    ready = time.time()

    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        os.waitpid(pid, 0)
    cache.kill()
    database.send_signal(signal.SIGQUIT)
    cache.wait()
    database.wait()
    shutil.rmtree(folder)
    down = time.time() - ready
    psutil = importlib.import_module("psutil")
    print(json.dumps({"ready": ready - psutil.Process().create_time(), "down": down}))


if __name__ == "__main__":
    main()
