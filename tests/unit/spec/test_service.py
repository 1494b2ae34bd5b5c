"""The keys of a service."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.spec.model import Build, Condition, Dependency, Diagnostic, GrantedFile, Healthcheck, Resources
from harness.spec.service import SERVICE
from tests.unit.spec.conftest import DiagnosticsOf, LoadService, LoadText


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("command: run it", "command", ("run", "it")),
        ("command: [run, 1, true, '1.50']", "command", ("run", "1", "true", "1.50")),
        ("command: >\n  run\n  it", "command", ("run", "it")),
        ("command: []", "command", ()),
        ("command: ~", "command", None),
        ('entrypoint: ""', "entrypoint", ()),
        ("entrypoint: /bin/sh -c 'a b'", "entrypoint", ("/bin/sh", "-c", "a b")),
        ("restart: no", "restart", "no"),
        ("restart: on-failure:3", "restart", "on-failure:3"),
        ("stop_grace_period: 1m30s", "stop_grace_period", 90.0),
        ("stop_signal: SIGINT", "stop_signal", "SIGINT"),
        ("working_dir: /w", "working_dir", "/w"),
        ("user: 1000", "user", "1000"),
        ("container_name: ${NOTHING-}", "aliases", ()),
        ("container_name: the-web", "aliases", ("the-web",)),
        ("scale: 3", "replicas", 3),
        ("deploy: {replicas: '2'}", "replicas", 2),
        ("deploy: {mode: global}", "replicas", 1),
        ("deploy: {resources: {limits: {cpus: '0.5', memory: 64M}}}", "resources", Resources(0.5, 2**26)),
        ("cpus: 1.5\nmem_limit: 1g", "resources", Resources(1.5, 2**30)),
        ("labels: [a=b, c]", "labels", {"a": "b", "c": ""}),
        ("labels: {a: 1, b: true, c: }", "labels", {"a": "1", "b": "true", "c": ""}),
        ("profiles: [a, b]", "profiles", ("a", "b")),
        ("network_mode: host", "networks", ()),
        ("depends_on: [db]", "depends_on", (Dependency("db"),)),
        ("depends_on: {db: }", "depends_on", (Dependency("db"),)),
        (
            "depends_on: {db: {condition: service_completed_successfully, required: false}}",
            "depends_on",
            (Dependency("db", Condition.COMPLETED, required=False),),
        ),
        ("depends_on: {nobody: {condition: service_started, required: false}}", "depends_on", ()),
        ("links: ['db:database']", "depends_on", (Dependency("db"),)),
        ("network_mode: service:db", "depends_on", (Dependency("db"),)),
        ("pid: service:db", "depends_on", (Dependency("db"),)),
    ],
)
def test_keys_and_what_they_become(service: LoadService, body: str, field: str, expected: object) -> None:
    """One line of YAML, one field of the component."""
    assert getattr(service(body), field) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("healthcheck: {test: curl x}", Healthcheck(("CMD-SHELL", "curl x"))),
        (
            "healthcheck: {test: [CMD, a, b], interval: 2s, retries: 5}",
            Healthcheck(("CMD", "a", "b"), 2.0, retries=5),
        ),
        ("healthcheck: {test: NONE}", Healthcheck(("NONE",), disabled=True)),
        ("healthcheck: {test: [NONE]}", Healthcheck(("NONE",), disabled=True)),
        ("healthcheck: {disable: true}", Healthcheck((), disabled=True)),
        ("healthcheck: {timeout: 1m, start_period: 5s}", Healthcheck((), timeout=60.0, start_period=5.0)),
    ],
)
def test_healthchecks(service: LoadService, body: str, expected: Healthcheck) -> None:
    """A text is for the shell, NONE and `disable` switch the image's own off, no test leaves it on."""
    assert service(body).healthcheck == expected


def test_builds(service: LoadService, tmp_path: Path) -> None:
    """A folder, a mapping, a URL; bare arguments come from outside or not at all."""
    assert service("build: ./b").build == Build(tmp_path / "b")
    body = "build: {context: b, dockerfile: D, target: t, args: [A=1, HOME_TOWN, NOBODY]}"
    expected = Build(tmp_path / "b", "D", None, "t", {"A": "1", "HOME_TOWN": "x"})
    assert service(body, variables={"HOME_TOWN": "x"}).build == expected
    remote = service("build: https://example.com/repo.git#main").build
    assert remote is not None
    assert remote.url == "https://example.com/repo.git#main"


def test_environment_in_both_forms(service: LoadService) -> None:
    """Booleans and numbers as Compose prints them; a name without a value takes it from outside."""
    body = "environment: {A: true, B: 0x10, C: 1.0, D: yes, E: , F: '', G: 2, H: FALSE}"
    expected = {"A": "true", "B": "16", "C": "1", "D": "yes", "E": "out", "F": "", "G": "2", "H": "false"}
    assert service(body, variables={"E": "out"}).environment == expected
    listed = service("environment: [A=1=2, 'B=', C, D]", variables={"D": "out"})
    assert listed.environment == {"A": "1=2", "B": "", "D": "out"}


def test_env_files_come_before_environment(service: LoadService, tmp_path: Path) -> None:
    """In order, each laid over the one before; a missing one may be optional."""
    (tmp_path / "a.env").write_text("A=a\nB=a\nC=a\n")
    (tmp_path / "b.env").write_text('B="$x"\n')
    body = """
        env_file:
          - a.env
          - {path: b.env, format: raw}
          - {path: gone.env, required: false}
        environment: {C: own}
    """
    assert service(body).environment == {"A": "a", "B": '"$x"', "C": "own"}


def test_what_is_missing_outside_the_file_is_lacking(load_text: LoadText) -> None:
    """A missing env_file or variable is a warning of the file, and an error for who starts the component."""
    loaded = load_text(
        """
        services:
          a: {image: a, env_file: gone.env}
          b: {image: b, volumes: ['${WHERE}:/data']}
          c: {image: '${IMAGE}'}
          d: {image: d}
        """
    )
    lacks = {name: [f.message for f in c.lacks] for name, c in loaded.ecosystem.components.items()}
    assert "gone.env does not exist" in lacks["a"][0]
    assert lacks["b"] == ["':/data' is not a volume (with WHERE not set)"]
    assert lacks["c"] == ["service c has neither image nor build (with IMAGE not set)"]
    assert lacks["d"] == []
    assert {diagnostic.location.line for diagnostic in loaded.warnings} == {3, 4, 5}


def test_networks_and_links_give_further_names(load_text: LoadText) -> None:
    """Other components may reach a component by any of them, but never by another component's name."""
    components = load_text(
        """
        services:
          web: {image: w, links: [db, 'db:postgres', 'cache:db']}
          db: {image: p, container_name: the-db, networks: {n: {aliases: [sql]}, default: }}
          cache: {image: c}
        networks: {n: }
        """
    ).ecosystem.components
    assert components["db"].aliases == ("the-db", "sql", "postgres")
    assert components["db"].networks == ("n", "default")
    assert components["cache"].aliases == ()


def test_configs_and_secrets_become_files(service: LoadService, tmp_path: Path) -> None:
    """From a file, a variable or the Compose file itself; secrets below /run/secrets."""
    rest = """
secrets:
  password: {file: ./password.txt}
  token: {environment: TOKEN}
configs:
  page: {content: "hello ${WHO}"}
"""
    body = "secrets: [password, {source: token, target: api}]\nconfigs: [{source: page, target: /www/index.html}]"
    web = service(body, rest, variables={"TOKEN": "s3cret", "WHO": "you"})
    assert web.files == (
        GrantedFile("password", "/run/secrets/password", source=tmp_path / "password.txt"),
        GrantedFile("token", "/run/secrets/api", content="s3cret"),
        GrantedFile("page", "/www/index.html", content="hello you"),
    )
    assert "s3cret" not in repr(web)


def test_container_settings_are_kept(load_text: LoadText) -> None:
    """Nothing of what a container is given is lost, and nothing is wrong with it."""
    loaded = load_text(
        """
        services:
          web:
            image: w
            privileged: true
            init: yes
            shm_size: 64m
            cap_add: [NET_ADMIN]
            ulimits: {nofile: 10, core: {soft: -1, hard: 2}}
            sysctls: [a.b=1]
            extra_hosts: ['a:1.2.3.4', 'b=::1']
            dns: 1.1.1.1
            hostname: web.local
            platform: linux/amd64
        """
    )
    container = loaded.ecosystem.components["web"].container
    assert (container.privileged, container.init, container.shm_size) == (True, True, 2**26)
    assert container.ulimits == {"nofile": (10, 10), "core": (-1, 2)}
    assert container.extra_hosts == (("a", "1.2.3.4"), ("b", "::1"))
    assert (container.dns, container.sysctls) == (("1.1.1.1",), {"a.b": "1"})
    assert not loaded.warnings


@pytest.mark.parametrize(
    ("body", "message", "remedy"),
    [
        ("comand: x", "service web has no key 'comand'", "did you mean command?"),
        ("ports: 80:80", "expected a list, found '80:80'", "write a list of ports"),
        (
            "environment: [A: 1]",
            "expected NAME=value, found a mapping",
            "write NAME=value, or drop the dashes",
        ),
        ("environment: [5]", "expected NAME=value, found '5'", "write NAME=value"),
        ("environment: [A=1, ~]", "expected NAME=value, found nothing", "write NAME=value"),
        ("labels: [true]", "expected NAME=value, found 'true'", "write NAME=value"),
        ("environment: {A: [1]}", "expected one value, found a list", "in quotes"),
        ("environment: text", "expected names with values", "NAME: value"),
        ("depends_on: [dbx]", "depends_on names dbx, which is no service here", "did you mean db?"),
        (
            "depends_on: {db: {condition: healthy}}",
            "'healthy' is not one of service_started",
            "did you mean service_healthy?",
        ),
        ("links: [nobody]", "links names nobody, which is no service here", ""),
        ("network_mode: container:x", "containers outside this file cannot be shared", "service:name"),
        ("network_mode: host\nnetworks: [default]", "has both networks and network_mode", "remove one"),
        ("networks: [n]", "the network n is not declared", "declare n under"),
        ("secrets: [s]", "the secret s is not declared", "declare it under the top-level secrets"),
        ("healthcheck: {test: [curl, x]}", "the healthcheck starts with 'curl'", 'write ["CMD", "curl", …]'),
        ("healthcheck: {interval: 10}", "expected a duration, found '10'", "10s"),
        ("command: 'say \"hi'", "cannot be split into words", "a list of words"),
        ("restart: sometimes", "is no restart policy", "always"),
        ("deploy: {replicas: -1}", "expected a whole number of at least 0, found '-1'", ""),
        ("cpus: -1", "expected a number of at least 0, found '-1'", ""),
        (
            "deploy: {mode: x}",
            "'x' is not one of replicated, global, replicated-job, global-job",
            "known: replicated, global, replicated-job, global-job",
        ),
        ("scale: 2\ndeploy: {replicas: 3}", "scale is 2, but deploy.replicas is 3", "remove one"),
        ("mem_limit: lots", "expected a size, found 'lots'", "512m"),
        ("privileged: maybe", "expected true or false, found 'maybe'", "true or false"),
        (
            "build: {dockerfile: a, dockerfile_inline: b}",
            "both dockerfile and dockerfile_inline",
            "remove one",
        ),
        ("build: {contxt: x}", "build has no key 'contxt'", "did you mean context?"),
        ("post_start: [{command: x}]", "post_start is not supported", "service"),
        ("provider: {type: x}", "provider is not supported", "image"),
        ("dockerfile: x", "dockerfile is not supported", "write build: {context: ., dockerfile: …}"),
        ("working_dir: [a]", "expected text, found a list", ""),
    ],
)
def test_faults_say_what_and_what_to_write(
    diagnostic_in: Callable[..., Diagnostic], body: str, message: str, remedy: str
) -> None:
    """Each mistake is one fault with its remedy."""
    diagnostic = diagnostic_in(body)
    assert message in diagnostic.message
    assert remedy in diagnostic.remedy
    assert not any(told.endswith((" ", ",")) for told in (diagnostic.message, diagnostic.remedy))


def test_a_service_that_nothing_says_how_to_run(diagnostics_of: DiagnosticsOf) -> None:
    """No image, no build, no process settings; no mapping at all."""
    diagnostics = diagnostics_of("services:\n  a: {command: x}\n  b:\n  c: text\n")
    assert [diagnostic.location.line for diagnostic in diagnostics] == [2, 3, 4]
    assert "neither image nor build" in diagnostics[0].message
    assert "must be a mapping, not nothing" in diagnostics[1].message


def test_warnings_for_what_changes_nothing(load_text: LoadText) -> None:
    """Ignored keys are told with the reason; numbers that change their spelling are told too."""
    loaded = load_text(
        """
        services:
          web:
            image: w
            logging: {driver: json-file}
            develop: {watch: []}
            tty: true
            environment: {VERSION: 1.10}
            command: a && b
            x-note: whatever
            x-harnes: {}
        """
    )
    told = {diagnostic.location.line: str(diagnostic) for diagnostic in loaded.warnings}
    assert sorted(told) == [5, 6, 7, 8, 9, 11]
    assert "1.10 is a number in YAML and becomes 1.1" in told[8]
    assert "it ends before '&& b'" in told[9]
    assert "did you mean x-harness?" in told[11]


def test_every_key_has_one_fate() -> None:
    """A key is read, or it is told why it is not."""
    assert all(key.read or key.warning or key.error or name == "extends" for name, key in SERVICE.items())
    assert all(key.remedy for key in SERVICE.values() if key.warning or key.error)
