"""From a request to a plan; whatever is wrong shows before anything is started."""

from pathlib import Path
from typing import Any

import pytest

from harness.bootstrap import cache
from harness.bootstrap.preparation import preparing
from harness.bootstrap.preparation.preparing import Prepared, draft, prepare, require_steps
from harness.bootstrap.preparation.providers import kind_of
from harness.bootstrap.preparation.request import Request
from harness.core.errors import ExitCode, ProviderUnavailableError, SpecError, UsageError
from harness.plan.model import Selection
from harness.providers.names import DOCKER, EXISTING, KUBERNETES
from harness.providers.process.storage.account import Account

FILE = """
name: example
x-harness: {seed: "data:seed"}
services:
  web:
    depends_on: {db: {condition: service_started}}
    user: me
    x-harness: {process: {command: [web]}}
  db: {image: "postgres:16"}
  search: {image: "example/search"}
  tools:
    profiles: [debug]
    x-harness: {process: {command: [tools]}}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Compose file."""
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    path = tmp_path / "compose.yml"
    path.write_text(FILE)
    (tmp_path / "data.py").write_text("def seed(): ...")
    return path


def names(prepared: Prepared) -> list[str]:
    """What would start."""
    return [step.name for step in prepared.plan.steps]


def test_a_plan_of_what_can_run_here(file: Path) -> None:
    """The rest is skipped with the provider's reason; what the provider leaves out is a warning at its line."""
    prepared = prepare(Request(files=(file,)))
    assert prepared.kind.name == "process"
    assert names(prepared) == ["db", "web"]
    skipped = {skip.component: skip.reason for skip in prepared.plan.skipped}
    assert "example/search" in skipped["search"]
    assert "debug" in skipped["tools"]
    (warning,) = prepared.warnings
    assert str(warning).startswith(f"{file}:5: warning: web: as a process it does not run as user me")
    made = prepared.plan_made(at=1.0)
    assert made.levels == (("db",), ("web",))
    assert made.skipped == skipped
    assert [step.stand_in.partition(" ")[0] for step in prepared.plan.steps] == ["Postgres", ""]
    require_steps(prepared)


def test_profiles_come_from_the_command_line_and_the_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Compose itself does it."""
    asked = Request(files=(file,), selection=Selection(profiles=("debug",)))
    assert "tools" in names(prepare(asked))
    monkeypatch.setenv("COMPOSE_PROFILES", "*, debug")
    assert "tools" in names(prepare(Request(files=(file,))))
    monkeypatch.setenv("COMPOSE_PROFILES", "other, debug")
    with pytest.raises(UsageError, match="there is no profile other in example"):
        prepare(Request(files=(file,)))


def test_what_is_attached_to_need_not_be_able_to_run(file: Path) -> None:
    """Nor is anything remarked about it."""
    prepared = prepare(Request(files=(file,), attached=("search", "web")))
    assert "search" in names(prepared)
    assert prepared.warnings == ()
    elsewhere = prepare(Request(files=(file,), attached=("db",)))
    assert {step.stand_in for step in elsewhere.plan.steps} == {""}
    with pytest.raises(UsageError, match="cannot attach to nobody") as caught:
        prepare(Request(files=(file,), attached=("nobody",)))
    assert "search" in caught.value.hint


@pytest.mark.parametrize("seeds", [False, True])
def test_what_exists_is_left_alone(file: Path, seeds: bool) -> None:
    """Not measured, and seeded only when that was asked for; all of it runs there."""
    request = Request(files=(file,), provider=EXISTING, is_measured=True, seeds_existing=seeds)
    prepared = prepare(request)
    assert names(prepared) == ["db", "search", "web"]
    assert prepared.request.is_measured is False
    assert prepared.ecosystem.settings.seed == ("data:seed" if seeds else None)


PARTS = """
name: example
x-harness: {seed: "data:seed"}
services:
  db: {image: "postgres:16"}
  cache: {image: "redis:7"}
  migrate:
    depends_on: [db]
    restart: "no"
    x-harness: {process: {call: "data:migrate"}}
  api: {x-harness: {process: {command: [api]}}, depends_on: [migrate, cache]}
  other: {x-harness: {process: {command: [other]}}}
  tools: {x-harness: {process: {command: [tools]}}, profiles: [debug]}
"""


@pytest.mark.parametrize(
    ("asked", "unasked"),
    [
        ((), ""),
        (("api",), ""),
        (("db", "cache"), "migrate"),
        (("migrate",), "cache"),
        (("other",), "db, cache, migrate"),
    ],
)
def test_a_part_is_seeded_where_all_is_there_that_the_seed_may_need(
    file: Path, asked: tuple[str, ...], unasked: str
) -> None:
    """Every store, and what has to end before others start; else nothing is, which is told."""
    file.write_text(PARTS)
    prepared = prepare(Request(files=(file,), provider="process", selection=Selection(asked)))
    told = [str(warning) for warning in prepared.warnings if "nothing is seeded" in str(warning)]
    assert prepared.ecosystem.settings.seed == (None if unasked else "data:seed")
    assert len(told) == bool(unasked)
    assert all(f"may need {unasked}, and" in warning for warning in told)


def test_faults_come_before_everything(tmp_path: Path) -> None:
    """Also before a provider that does not exist."""
    file = tmp_path / "compose.yml"
    file.write_text("services: {web: {image: x, prots: 1, depends_on: [nobody]}}\n")
    with pytest.raises(SpecError) as caught:
        prepare(Request(files=(file,), provider="cloud"))
    assert caught.value.exit_code is ExitCode.USAGE
    assert len(caught.value.evidence) == 2


def test_what_keeps_a_plan_from_being_made_is_told_with_the_warnings(tmp_path: Path) -> None:
    """A variable that is not set may be the reason; what has become an error is no warning as well."""
    file = tmp_path / "compose.yml"
    process = "x-harness: {process: {command: [x]}}"
    file.write_text(f"services:\n  web: {{env_file: gone.env, user: $WHO, {process}}}\n")
    with pytest.raises(SpecError) as caught:
        prepare(Request(files=(file,), provider="process"))
    assert [line.split(": ", 1)[1].split(" — ")[0] for line in caught.value.evidence] == [
        f"error: the file {tmp_path}/gone.env does not exist",
        "warning: variable WHO is not set and becomes blank",
    ]


def test_what_is_missing_beside_a_file_keeps_it_from_a_start_and_not_from_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Build folders, Dockerfiles and env files: all of them errors at once for a start, and warnings for a look."""
    monkeypatch.setattr(preparing, "pick", lambda *_: kind_of("docker"))
    (tmp_path / "bare").mkdir()
    file = tmp_path / "compose.yml"
    file.write_text(
        "services:\n"
        "  api: {build: ./gone, env_file: gone.env}\n"
        "  web: {image: me/web, build: ./bare, depends_on: [api]}\n"
    )
    absent = ("api: its build context", "the file", "web: its Dockerfile")
    drafted = draft(Request(files=(file,)))
    assert names(drafted) == ["api", "web"]
    for what in absent:
        assert any(f"warning: {what}" in str(warning) for warning in drafted.warnings)
    with pytest.raises(SpecError, match="3 errors") as caught:
        prepare(Request(files=(file,)))
    assert len(caught.value.evidence) == 3
    for line, what in zip(caught.value.evidence, absent, strict=True):
        assert f"error: {what}" in line


def test_a_plan_that_starts_nothing_is_a_mistake(file: Path) -> None:
    """With the reason of every component."""
    file.write_text("services: {search: {image: example/search, network_mode: host}}\n")
    with pytest.raises(UsageError, match="nothing of") as caught:
        require_steps(prepare(Request(files=(file,))))
    assert caught.value.evidence[0].startswith("search: image example/search needs a container")


def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")


def test_an_engine_that_is_missing_is_why_nothing_can_be_started(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where containers could run what processes cannot: exit code 3, and how to get one."""
    without_engine(monkeypatch)
    file.write_text("services: {search: {image: example/search}}\n")
    with pytest.raises(
        ProviderUnavailableError, match="without containers, and no container engine"
    ) as caught:
        require_steps(prepare(Request(files=(file,))))
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "start the engine there" in caught.value.hint
    assert "`harness doctor`" in caught.value.hint
    assert caught.value.evidence[0].startswith("search: image example/search needs a container")
    with pytest.raises(UsageError, match="by the process provider"):
        require_steps(prepare(Request(files=(file,), provider="process")))


def test_an_engine_that_is_missing_is_told_with_what_is_left_out(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where containers would leave out as much, nor for what was not asked for."""
    without_engine(monkeypatch)
    assert not any("containers" in str(warning) for warning in prepare(Request(files=(file,))).warnings)
    file.write_text("services:\n  db: {image: 'postgres:16'}\n  search: {image: example/search}\n")
    warnings = [str(warning) for warning in prepare(Request(files=(file,))).warnings]
    (told,) = [warning for warning in warnings if "containers" in warning]
    assert f"{file}:3: warning: more could be started in containers (search), but no container engine" in told
    only_db = Request(files=(file,), selection=Selection(components=("db",)))
    assert prepare(only_db).lacking is None


EXPORTING = """
services:
  db: {image: "postgres:16", ports: ["5433:5432"], x-harness: {exports: {TEST_DB_HOST: "{host}"}}}
  web: {image: "example/web", ports: ["8001:8000"], x-harness: {exports: {TEST_WEB_URL: "{url}"}}}
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"provider": EXISTING}, ("db: TEST_DB_HOST not set", "web: TEST_WEB_URL not set")),
        ({"attached": ("db",)}, ("db: TEST_DB_HOST not set",)),
    ],
)
def test_who_attaches_has_to_say_where(
    file: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """Before anything is started; every variable that is missing is named."""
    file.write_text(EXPORTING)
    for name in ("TEST_DB_HOST", "TEST_WEB_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError) as caught:
        require_steps(prepare(Request(files=(file,), **asked)))
    assert caught.value.evidence == expected
    require_steps(prepare(Request(files=(file,), provider=EXISTING, base_url="http://there")))
    monkeypatch.setenv("TEST_DB_HOST", "db.example.com")
    monkeypatch.setenv("TEST_WEB_URL", "http://there")
    require_steps(prepare(Request(files=(file,), **asked)))


def test_a_variable_that_wins_over_the_base_url_is_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the line of its component."""
    file.write_text(EXPORTING)
    monkeypatch.delenv("TEST_DB_HOST", raising=False)
    monkeypatch.setenv("TEST_WEB_URL", "http://there")
    (warning,) = prepare(Request(files=(file,), provider=EXISTING, base_url="http://x")).warnings
    assert "web: TEST_WEB_URL says where it is" in str(warning)


def test_a_cache_that_cannot_be_kept_is_told_before_anything_starts(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To those who need it: what exists already needs none."""
    monkeypatch.setenv("HARNESS_CACHE_DIR", "/proc/nope")
    with pytest.raises(UsageError, match="/proc/nope"):
        require_steps(prepare(Request(files=(file,))))
    require_steps(prepare(Request(files=(file,), provider=EXISTING)))


def test_only_embedded_servers_have_to_get_at_the_cache(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not who runs without them, or attaches to others."""
    monkeypatch.setattr(cache, "server_account", lambda: Account(65534, 65534))
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "closed"))
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(UsageError, match="closed to nobody"):
        require_steps(prepare(Request(files=(file,))))
    require_steps(prepare(Request(files=(file,), attached=("db",))))


ISOLATED = """
name: example
x-harness: {isolation: reset}
services:
  db: {image: "postgres:16", x-harness: {exports: {TEST_DB: "{host}"}}}
  api: {image: "example/api", ports: ["80"], x-harness: {process: {command: [api]}, exports: {TEST_API: "{url}"}}}
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"workers": 2, "attached": ("api",)}, "api runs already, and once: it cannot be part of 2 worlds"),
        ({"attached": ("db",)}, "every test would reset db"),
    ],
)
def test_only_what_is_all_ours_is_reset(file: Path, asked: dict[str, Any], told: str) -> None:
    """Several workers may be asked for."""
    prepare(Request(files=(file,), workers=2))
    file.write_text(ISOLATED)
    prepare(Request(files=(file,), workers=2))
    with pytest.raises(UsageError, match=told):
        prepare(Request(files=(file,), **asked))


def test_what_exists_already_is_never_reset(file: Path) -> None:
    """Not even where it may be seeded."""
    file.write_text(ISOLATED)
    prepared = prepare(Request(files=(file,), provider=EXISTING, seeds_existing=True, workers=2))
    assert prepared.ecosystem.settings.isolation == "none"


CLUSTER = """
x-harness: {kubernetes: {manifests: k8s}}
services:
  web: {image: "example/web:1", expose: [8000]}
  other: {image: "example/other:1", profiles: [debug]}
"""
WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: "example/web:2"}]}}}
"""


def test_manifests_that_disagree_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are shown by who only looks, and keep everybody else from starting it in a cluster; there alone."""
    (tmp_path / "kubeconfig").write_text("{}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "web.yaml").write_text(WORKLOAD)
    file = tmp_path / "compose.yml"
    file.write_text(CLUSTER)
    drafted = draft(Request(files=(file,), provider=KUBERNETES))
    assert [(str(told.location), told.message) for told in drafted.warnings] == [
        (f"{file}:4", "web is made from example/web:1 by the file, and from example/web:2 in k8s"),
        (f"{file}:4", "web has port 8000 in the file, and none in k8s"),
        (f"{file}:4", "neighbours reach web as web, and k8s has no Service web"),
    ]
    with pytest.raises(SpecError) as caught:
        prepare(Request(files=(file,), provider=KUBERNETES))
    assert len(caught.value.evidence) == 3
    both = Request(files=(file,), provider=KUBERNETES, selection=Selection(profiles=("debug",)))
    assert "other is in the file, and k8s has no workload of that name" in str(draft(both).warnings[-1])
    assert not draft(Request(files=(file,), provider=DOCKER)).warnings
