"""What an environment is made from: what changes changes exactly that which is made from it."""

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bootstrap.preparation.preparing import Prepared, prepare
from harness.bootstrap.preparation.request import Request
from harness.bootstrap.reuse.code import Code, Files, Reading, TooManyFilesError
from harness.bootstrap.reuse.fingerprint import Fingerprint, changed, digest_of, given_by, reasons
from harness.spec.model import GrantedFile

FILE = """
name: shop
x-harness: {seed: "data.seed:seed", preload: [kit]}
services:
  api: {image: api, x-harness: {process: {app: "api.app:app"}}}
  web: {image: web, x-harness: {process: {command: [python3, web/serve.py, "{port}"]}}}
  run: {image: run, x-harness: {process: {command: [./run.sh], working_dir: bin}}}
  job: {image: job, x-harness: {process: {call: "job:main"}}}
  tool: {image: tool, x-harness: {process: {command: [sh, -c, "upgrade && psql -f more.sql", deploy]}}}
  script: {image: script, x-harness: {process: {command: [python3, once/run.py]}}}
  user:
    image: user
    depends_on:
      job: {condition: service_completed_successfully}
      tool: {condition: service_completed_successfully}
      script: {condition: service_completed_successfully}
    x-harness: {process: {command: [sh, deploy]}}
"""
SOURCES = {
    "api/app.py": "import shared",
    "shared.py": "",
    "web/serve.py": "import pages",
    "web/pages.py": "import shared",
    "bin/run.sh": "",
    "bin/lib/part.sh": "",
    "job.py": "SERVICES = ['tables']",
    "tables/__init__.py": "",
    "tables/sql/001.sql": "",
    "data/seed.py": "import data.people\ndef seed(): ...",
    "data/people.py": "FILES = ('fixtures/people.json', f'fixtures/{MORE}', '.', '../x')",
    "fixtures/people.json": "",
    "fixtures/more/pets.csv": "",
    "other/fixtures.json": "",
    "kit.py": "import shared",
    "nobody.py": "",
    "migrations/versions/001.py": "",
    "store/migrations/001.sql": "",
    "more.sql": "",
    "deploy/001.sql": "",
    "once/run.py": "TABLES = ['tables']",
}
OF_COMPONENTS = {
    "api/app.py": {"api"},
    "shared.py": {"api", "web"},
    "web/serve.py": {"web"},
    "web/pages.py": {"web"},
    "bin/run.sh": {"run"},
    "bin/lib/part.sh": {"run"},
    "kit.py": {"api"},  # what is imported before the fork
}
ONCE = {
    "job.py": {"job"},
    "tables/__init__.py": {"job", "script"},
    "tables/sql/001.sql": {"job", "script"},
    "data/seed.py": {"the seed"},
    "data/people.py": {"the seed"},
    "fixtures/people.json": {"the seed"},
    "fixtures/more/pets.csv": {"the seed"},
    "kit.py": {"job"},
    "migrations/versions/001.py": {"job", "script", "tool"},
    "store/migrations/001.sql": {"job", "script", "tool"},
    "more.sql": {"tool"},
    "deploy/001.sql": {"tool"},
    "once/run.py": {"script"},
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """An ecosystem with components of every kind."""
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    for path, source in SOURCES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    (tmp_path / "compose.yml").write_text(FILE)
    return prepare(Request(files=(tmp_path / "compose.yml",), provider="process"))


def taken(prepared: Prepared) -> Fingerprint:
    """The fingerprint of what would be started now."""
    code = Code(prepared.ecosystem, prepared.plan, "process", Reading())
    return Fingerprint(given_by(prepared.ecosystem, prepared.plan), code.run_once(), code.of_components())


def started(at: float) -> Mapping[str, float]:
    """All of them then."""
    return dict.fromkeys(("api", "web", "run", "user"), at)


@pytest.mark.parametrize("path", SOURCES)
def test_a_file_changes_what_is_made_from_it_and_nothing_else(shop: Prepared, path: str) -> None:
    """Components that can be started anew are told apart from what has done its work."""
    before = taken(shop)
    (shop.ecosystem.directory / path).write_text(SOURCES[path] + "\n#")
    now = taken(shop)
    later = time.time() + 60
    assert set(changed(before, now, started(later))) == OF_COMPONENTS.get(path, set())
    told = set(reasons(before, now))
    assert told == {f"{Path(path).name} of {what} has changed" for what in ONCE.get(path, ())}


def test_what_was_written_since_counts_also_with_the_same_content(shop: Prepared) -> None:
    """It may have been read in between: nobody can tell."""
    before = taken(shop)
    at = time.time() + 60
    assert changed(before, before, started(at)) == {}
    os.utime(shop.ecosystem.directory / "shared.py")
    now = taken(shop)
    assert changed(before, now, started(at)) == {}
    written = (shop.ecosystem.directory / "shared.py").stat().st_ctime
    ago = {**started(at), "web": written - 1}
    assert set(changed(before, now, ago)) == {"web"}
    assert str(shop.ecosystem.directory / "shared.py") in changed(before, now, ago)["web"]


def test_what_was_written_while_it_started_is_not_relied_on(shop: Prepared) -> None:
    """What ran once may have read it before or after that."""
    whole = taken(shop)
    assert list(reasons(whole.settled(time.time() + 60), whole)) == []
    told = list(reasons(whole.settled(0.0), taken(shop)))
    assert [each.split(" of ")[-1].split(" ha")[0] for each in told] == ["job", "script", "the seed", "tool"]
    assert "job.py" in told[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("image: web,", "image: web, environment: {A: b},", ["web in the Compose file has changed"]),
        ("name: shop", "name: store", ["the Compose file around its services has changed"]),
        ("preload: [kit]", "preload: [kit], isolation: reset", ["isolation is none, and not reset"]),
        ("preload: [kit]", "preload: [kit], suites: {api: data}", []),
        ("name: shop", "# a comment\nname: shop", []),
    ],
)
def test_what_the_file_says_is_told_apart(shop: Prepared, old: str, new: str, told: list[str]) -> None:
    """Part by part; where in the file it stands, and which suites there are, changes nothing that runs."""
    before = taken(shop)
    (shop.ecosystem.files[0]).write_text(FILE.replace(old, new, 1))
    assert list(reasons(before, taken(prepare(shop.request)))) == told


def test_another_selection_is_told(shop: Prepared) -> None:
    """By what starts."""
    some = replace(shop.request, selection=replace(shop.request.selection, components=("web",)))
    told = list(reasons(taken(prepare(some)), taken(shop)))
    assert "what is started is web, and not api, job, run, script, tool, user, web" in told


def test_secrets_count_though_they_are_never_shown() -> None:
    """Two values that look alike are told apart."""
    one, other = (GrantedFile("key", "/run/secrets/key", content=content) for content in ("1", "2"))
    assert repr(one) == repr(other)
    assert digest_of(one) != digest_of(other)
    assert digest_of({"a": (one, None)}) == digest_of({"a": [replace(one), None]})


def test_a_folder_with_too_many_files_is_told(shop: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be looked at is not taken to be the same."""
    monkeypatch.setattr("harness.bootstrap.reuse.code._MOST", 1)
    with pytest.raises(TooManyFilesError, match="bin holds more than 1 files"):
        taken(shop)


@st.composite
def projects(draw: st.DrawFn) -> tuple[dict[int, set[int]], dict[str, int], int]:
    """Modules by number with those they import, components by name with theirs, and the module that changes."""
    count = draw(st.integers(1, 8))
    numbers = st.integers(0, count - 1)
    edges = {n: draw(st.sets(numbers, max_size=3)) for n in range(count)}
    components = {f"c{n}": draw(numbers) for n in range(draw(st.integers(1, 4)))}
    return edges, components, draw(numbers)


def reached(edges: dict[int, set[int]], start: int) -> set[int]:
    """What a module needs, itself included."""
    seen, waiting = set[int](), [start]
    while waiting:
        if (number := waiting.pop()) not in seen:
            seen.add(number)
            waiting += edges[number]
    return seen


@given(projects())
def test_exactly_those_that_import_it(project: tuple[dict[int, set[int]], dict[str, int], int]) -> None:
    """Whatever imports what, also in circles."""
    edges, components, edited = project
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, others in edges.items():
            source = "\n".join(f"import m{other}" for other in others)
            (root / f"m{number}.py").write_text(source)
        services = "\n".join(
            f'  {name}: {{image: x, x-harness: {{process: {{app: "m{number}:app"}}}}}}'
            for name, number in components.items()
        )
        (root / "compose.yml").write_text(f"services:\n{services}\n")
        prepared = prepare(Request(files=(root / "compose.yml",), provider="process"), {})
        before = taken(prepared)
        with (root / f"m{edited}.py").open("a") as file:
            file.write("\n# edited")
        now = changed(before, taken(prepared), dict.fromkeys(components, time.time() + 60))
    assert set(now) == {name for name, number in components.items() if edited in reached(edges, number)}


def test_files_that_come_and_go_differ() -> None:
    """As those do that have another content."""
    then, now = Files({"a": "1", "b": "2", "c": "3"}), Files({"b": "2", "c": "4", "d": "5"})
    assert then.differing(now) == ("a", "c", "d")
