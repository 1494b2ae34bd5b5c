"""Why this exists: the ecosystem as a frozen value; every other room reads this and never YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Condition(StrEnum):
    """What a dependant waits for, by the names of the Compose specification."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file, lines and columns counted from 1."""

    path: Path
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One `depends_on` entry."""

    component: str
    condition: Condition = Condition.STARTED
    required: bool = True


@dataclass(frozen=True, slots=True)
class Port:
    """One published or exposed port. `published` is what the file asks for; providers may choose another.

    So they may with `host`, the address it is asked for at, which makes no other port of it; empty for all of them.
    """

    target: int
    published: int | None = None
    protocol: str = "tcp"
    host: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Build:
    """How an image is built. Paths are absolute; a `url` (git or archive) is the context instead, when set."""

    context: Path
    dockerfile: str = "Dockerfile"
    dockerfile_inline: str | None = None
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A Compose healthcheck; times in seconds, `test` as an exec or `CMD-SHELL` list, empty for the image's own."""

    test: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Mount:
    """One volume, bind or tmpfs mount of a component."""

    kind: str  # "volume", "bind" or "tmpfs"
    target: str
    source: str | None = None  # a volume's name, or an absolute host path for a bind
    read_only: bool = False
    size: int | None = None  # of a tmpfs, in bytes


@dataclass(frozen=True, slots=True)
class GrantedFile:
    """A config or secret as the component sees it: the file `target`, made from `source` or from `content`."""

    name: str
    target: str
    source: Path | None = None
    content: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What only a container can give a component; one that runs as a plain process does without.

    Names and meanings are those of the Compose specification; `shm_size` is in bytes, `ulimits` are (soft, hard).
    """

    hostname: str | None = None
    platform: str | None = None
    runtime: str | None = None
    network_mode: str | None = None
    pid: str | None = None
    ipc: str | None = None
    privileged: bool = False
    init: bool = False
    read_only: bool = False
    shm_size: int | None = None
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Resources:
    """`deploy.resources`: CPUs as a number of cores, memory in bytes; None where the file is silent."""

    cpus: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class ReadySettings:
    """`x-harness.ready`: what "ready" means, where the Compose file alone does not say it.

    At most one of `http` (a path that must answer 2xx), `tcp` (a port that accepts), `log` (a regular
    expression in its output) or `command` (exits 0) is set; none means the provider decides by image,
    healthcheck and ports.
    """

    http: str | None = None
    tcp: int | None = None
    log: str | None = None
    command: tuple[str, ...] | None = None
    port: int | None = None
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """`x-harness.process`: how a component runs without a container.

    Exactly one of `app` ("package.module:factory" of an ASGI app), `call` ("package.module:function" of a
    one-shot), `command` (argv; `{port}` is the port to listen on, `{port:N}` the one standing for container
    port N) or `embedded` ("postgres" or "redis") is set.
    """

    app: str | None = None
    call: str | None = None
    command: tuple[str, ...] | None = None
    embedded: str | None = None
    port: int | None = None
    working_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class PodSettings:
    """`x-harness.kubernetes` below one service: what is different for it in a cluster.

    Args:
        environment: Variables that are laid over its own there.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ComponentSettings:
    """`x-harness` below one service.

    Args:
        process: How it runs as a process; None when the file does not say.
        kubernetes: How it runs in a cluster.
        ready: What readiness means.
        exports: Variables handed to tests; values may hold `{host}`, `{port}`, `{port:N}`, `{url}` and `{env.NAME}`.
        random: Names of environment variables whose value is replaced by a random secret in each
            environment, everywhere in the ecosystem where that value stands.
        faults: Whether a proxy stands before it, so that its network can be made to fail.
        settle: The path that is POSTed to before stores are reset: it answers when nothing is in flight.
    """

    process: ProcessSettings | None = None
    kubernetes: PodSettings = PodSettings()
    ready: ReadySettings = ReadySettings()
    exports: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    random: tuple[str, ...] = ()
    faults: bool = False
    settle: str | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """One service of the Compose file, everything resolved: interpolation, extends, merges, env_file.

    `aliases` are the further names other components reach it by (container_name, network aliases, links).
    `lacks` is what is missing outside the file (an env_file, a variable): an error only if the component starts.
    """

    name: str
    location: Location
    image: str | None = None
    build: Build | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ports: tuple[Port, ...] = ()
    expose: tuple[int, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    healthcheck: Healthcheck | None = None
    mounts: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ("default",)
    profiles: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    replicas: int = 1
    resources: Resources = Resources()
    restart: str = "no"
    working_dir: str | None = None
    user: str | None = None
    stop_signal: str = "SIGTERM"
    stop_grace_period: float = 10.0
    aliases: tuple[str, ...] = ()
    files: tuple[GrantedFile, ...] = ()
    container: ContainerSettings = ContainerSettings()
    lacks: tuple["Diagnostic", ...] = ()
    settings: ComponentSettings = ComponentSettings()

    @property
    def targets(self) -> tuple[int, ...]:
        """Every TCP port the component listens on by its file, published ones first, each once."""
        listed = [p.target for p in self.ports if p.protocol == "tcp"] + list(self.expose)
        return tuple(dict.fromkeys(listed))


@dataclass(frozen=True, slots=True)
class SuiteSettings:
    """One entry of the top-level `x-harness.suites`: a folder of tests and how it is run."""

    name: str
    path: Path
    layer: str = "integration"  # "unit", "integration" or "e2e": its place in the test pyramid
    instrumented: bool = True  # False: services run without coverage, as for load
    is_default: bool = True  # False: counted in the pyramid, run only when named


class Isolation(StrEnum):
    """What a test starts from: whatever the tests before it left, or the seeded state."""

    NONE = "none"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """The top-level `x-harness.kubernetes`.

    Args:
        manifests: A folder of a team's own manifests, absolute; None to have them made from the Compose file.
        quota: What an environment's namespace may hold at most, as a ResourceQuota has it: `pods`, `limits.memory`.
        at: Where the file says so.
    """

    manifests: Path | None = None
    quota: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EcosystemSettings:
    """The top-level `x-harness`.

    Args:
        pythonpath: Folders the forked Python components import from.
        preload: Modules imported once, before the forks.
        seed: "package.module:function", an async function given the environment, that seeds it; None for none.
        suites: What `harness test` runs, in this order.
        coverage: Packages or folders whose coverage is measured.
        faults: Whether a proxy stands before every component.
        isolation: What each test starts from.
        kubernetes: How it runs in a cluster.
    """

    pythonpath: tuple[Path, ...] = ()
    preload: tuple[str, ...] = ()
    seed: str | None = None
    suites: tuple[SuiteSettings, ...] = ()
    coverage: tuple[str, ...] = ()
    faults: bool = False
    isolation: Isolation = Isolation.NONE
    kubernetes: KubernetesSettings = KubernetesSettings()


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """Everything a set of Compose files says. `directory` is the project directory, absolute."""

    name: str
    directory: Path
    files: tuple[Path, ...]
    components: Mapping[str, Component]
    networks: tuple[str, ...] = ("default",)
    volumes: tuple[str, ...] = ()
    settings: EcosystemSettings = EcosystemSettings()


class Severity(StrEnum):
    """An error stops the run; a warning is shown and the run goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a Compose file: where, what, and what to write instead."""

    location: Location
    message: str
    remedy: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        tail = f" — {self.remedy}" if self.remedy else ""
        return f"{self.location}: {self.severity}: {self.message}{tail}"
