"""Why this exists: the least it takes to bring RuneFrameOS up on this machine, by hand and with no harness.

Knows everything beforehand: names, order, ports to try, a copied data directory. It does no validation, keeps no log, recovers
from nothing. Prints one line of JSON, `{"ready": seconds, "down": seconds}`, counted from the start of this process.

Usage: python bench/floor_start.py TEMPLATE_DATA_DIRECTORY POSTGRES_BIN REDIS_SERVER
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVICES = ("distilera", "hoardwell", "mercatrix", "jonar")
NOBODY = 65534


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_http(port: int) -> None:
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


def serve(name: str, port: int) -> int:
    """Fork one service."""
    pid = os.fork()
    if pid:
        return pid
    import uvicorn

    uvicorn.run(f"{name}.app:create_app", factory=True, host="127.0.0.1", port=port, log_level="warning", lifespan="on")
    os._exit(0)


def migrate_and_seed(variables: dict[str, str]) -> None:
    """The one-shot and the seed data, in a fork of its own so that services start with clean loops."""
    pid = os.fork()
    if pid == 0:
        from kernel.migrations import main as migrate

        migrate()

        from tests.data import seeding

        seeding.prepare(1)
        environment = type("Environment", (), {"variables": variables, "seed": 1})()
        asyncio.run(seeding.seed(environment))
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        sys.exit("migrating or seeding failed")


def main() -> None:
    """Everything at once, by hand."""
    template, postgres, redis = sys.argv[1:4]
    data = Path("/dev/shm") / f"floor-{os.getpid()}"
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    database_port, cache_port = free_port(), free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    cache = subprocess.Popen([redis, "--port", str(cache_port), "--bind", "127.0.0.1", "--save", ""], **quiet)
    data.mkdir(mode=0o711)
    if as_nobody:
        os.chown(data, NOBODY, NOBODY)
    copy = subprocess.Popen(["cp", "-R", template, str(data / "d")], **as_nobody)

    copy.wait()
    hba = data / "d" / "pg_hba.conf"
    hba.write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    options = ["-p", str(database_port), "-k", str(data), "-c", "listen_addresses=127.0.0.1"]
    database = subprocess.Popen([postgres, "-D", str(data / "d"), *options], **quiet, **as_nobody)
    sys.path[:0] = [str(ROOT / "services"), str(ROOT)]
    import kernel.preload  # noqa: F401

    os.environ |= {
        "DATABASE_URL": f"postgresql://test_user:x@127.0.0.1:{database_port}/runeframeos_test",
        "REDIS_URL": f"redis://127.0.0.1:{cache_port}/0",
        "TOKEN_KEY": "floor",
        "CLIENT_SECRET": "floor",
        "ENCRYPTION_KEY": "floor",
        "ENCRYPTION_KEY_ID": "k1",
        "JONAR_RUNTIME": "process",
        "TEST_MODE": "true",
    }
    ports = {name: free_port() for name in SERVICES}
    os.environ["MERCATRIX_URL"] = f"http://127.0.0.1:{ports['mercatrix']}"
    while b"accepting" not in subprocess.run(
        [str(Path(postgres).with_name("pg_isready")), "-h", "127.0.0.1", "-p", str(database_port)],
        capture_output=True,
        check=False,
    ).stdout:
        time.sleep(0.005)
    variables = {
        "TEST_DB_HOST": "127.0.0.1",
        "TEST_DB_PORT": str(database_port),
        "TEST_DB_NAME": "runeframeos_test",
        "TEST_DB_USER": "test_user",
        "TEST_DB_PASSWORD": "x",
        "TEST_REDIS_HOST": "127.0.0.1",
        "TEST_REDIS_PORT": str(cache_port),
        "TEST_REDIS_DB": "0",
        "TEST_REDIS_PASSWORD": "",
    }
    migrate_and_seed(variables)
    pids = [serve(name, port) for name, port in ports.items()]
    for port in ports.values():
        wait_http(port)
    ready = time.time()
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        os.waitpid(pid, 0)
    database.send_signal(signal.SIGQUIT)
    cache.kill()
    database.wait()
    cache.wait()
    shutil.rmtree(data)
    down = time.time() - ready
    import psutil

    print(json.dumps({"ready": ready - psutil.Process().create_time(), "down": down}))


if __name__ == "__main__":
    main()
