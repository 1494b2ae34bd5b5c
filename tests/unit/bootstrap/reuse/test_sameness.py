"""A keeper says whether what it keeps is what would be started now, and what would make it so."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bootstrap.preparation.order import Order
from harness.bootstrap.preparation.preparing import draft, prepare
from harness.bootstrap.preparation.request import Request
from harness.bootstrap.reuse.asking import Asked, Compared
from harness.bootstrap.reuse.fingerprint import Fingerprint, reasons
from harness.bootstrap.reuse.sameness import Sameness, _given
from harness.core.errors import EnvironmentFailedError, SpecError
from harness.keeper.stay import Stay
from harness.providers.names import DOCKER, KUBERNETES

FILE = """
services:
  web: {image: web, x-harness: {process: {command: [python3, web.py]}, exports: {TEST_TOKEN: "{env.TOKEN}"}},
        environment: {TOKEN: "${TAG:-none}"}}
  api: {image: api, x-harness: {process: {app: "api:app"}}}
"""

KUBECONFIG = """
current-context: kind-b
contexts: [{name: kind-a}, {name: kind-b}]
"""


class Stage:
    """An environment of two components, of which nothing runs: only what it is made from matters here."""

    def __init__(self, folder: Path, provider: str = "process", context: str = "") -> None:
        self.folder = folder
        self.write("web.py", "")
        self.write("api.py", "")
        self.write("compose.yml", FILE)
        self.request = Request(files=(folder / "compose.yml",), provider=provider)
        prepared = prepare(self.request, {})
        order = Order(
            environment_id="aaaa",
            ecosystem=prepared.ecosystem,
            plan=prepared.plan,
            provider=provider,
            seed=prepared.request.seed,
            run_folder=folder,
            runtime=folder,
            stay=Stay(is_kept=True),
            is_measured=False,
            base_url="",
            context=context,
            attached=(),
        )
        self.sameness = Sameness(order, time.time() + 60)
        self.start = asyncio.Event()

    def write(self, name: str, text: str) -> None:
        """A file of it."""
        (self.folder / name).write_text(text)

    async def compare(self, *overlaid: str, request: Request | None = None, **variables: str) -> Compared:
        """What it says, once it has looked."""
        self.start.set()
        asked = replace(Asked.here(request or self.request), variables=variables)
        return Compared.from_json(await self.sameness.compare(asked.to_json(), overlaid))


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """One that begins to look when it is told to."""
    made = Stage(tmp_path)
    made.sameness.note_after(made.start)
    return made


async def test_what_would_be_started_is_told_with_it(stage: Stage) -> None:
    """A client needs to load nothing for its report."""
    told = await stage.compare()
    assert told == Compared(levels=(("web", "api"),), secrets=("TEST_TOKEN",))


async def test_another_cluster_is_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs in one context is not what somebody else asks for in another, or after the current one has changed."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    stage = Stage(tmp_path, provider=KUBERNETES, context="kind-a")
    stage.sameness.note_after(stage.start)
    here, there = (replace(stage.request, context=context) for context in ("kind-a", "kind-b"))
    assert (await stage.compare(request=here, KUBECONFIG=str(kubeconfig))).reasons == ()
    for request in (there, replace(here, context="")):  # kind-b is the current one
        assert (await stage.compare(request=request, KUBECONFIG=str(kubeconfig))).reasons == (
            "its cluster is kind-a, and not kind-b",
        )


async def test_what_changed_is_told_until_it_has_been_started_anew(stage: Stage) -> None:
    """The code from before the start anew is what counts: what is written during it is noticed the next time."""
    await stage.compare()
    stage.write("web.py", "edited = 1")
    assert (await stage.compare()).changed == {"web": (str(stage.folder / "web.py"),)}
    looked = await stage.sameness.look()
    stage.write("web.py", "edited = 2, again")
    stage.sameness.take_over(looked, ["web"])
    assert (await stage.compare()).changed == {"web": (str(stage.folder / "web.py"),)}
    looked = replace(await stage.sameness.look(), at=time.time() + 60)
    stage.sameness.take_over(looked, ["web"])
    assert (await stage.compare()).changed == {}
    assert (await stage.compare("api")).changed == {"api": ()}


async def test_the_variables_are_those_of_who_asks(stage: Stage) -> None:
    """The Compose file may use them; and so is their Python."""
    assert (await stage.compare(TAG="none")).reasons == ()
    assert (await stage.compare(TAG="other")).reasons == ("web in the Compose file has changed",)
    asked = replace(Asked.here(stage.request), variables={}, python="2.7 in /usr")
    (reason,) = Compared.from_json(await stage.sameness.compare(asked.to_json(), ())).reasons
    assert reason.endswith("and not 2.7 in /usr")


async def test_what_is_grown_is_said(stage: Stage) -> None:
    """Whether that matters is the client's to decide."""
    assert not (await stage.compare()).is_grown
    stage.sameness.has_grown()
    assert (await stage.compare()).is_grown


async def test_a_file_that_cannot_be_loaded_is_an_error(stage: Stage) -> None:
    """As it is at any start."""
    await stage.compare()
    stage.write("compose.yml", "services: 1")
    with pytest.raises(SpecError):
        await stage.compare()


async def test_what_cannot_be_looked_at_is_not_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, also when only the files of now are too many."""
    await stage.compare()
    (stage.folder / "many").mkdir()
    stage.write("many/a", "")
    stage.write("many/b", "")
    moved = FILE.replace("command: [python3, web.py]", "command: [python3, web.py], working_dir: many")
    stage.write("compose.yml", moved)
    monkeypatch.setattr("harness.bootstrap.reuse.code._MOST", 1)
    (reason,) = (await stage.compare()).reasons
    assert "many holds more than 1 files" in reason


async def test_one_of_tests_is_not_for_others(tmp_path: Path) -> None:
    """Nobody has looked at what it is made from."""
    assert (await Stage(tmp_path).compare()).reasons == ("it was started for tests",)


async def test_what_is_no_python_is_not_started(stage: Stage) -> None:
    """Of the components that would be; the file and the line are told."""
    stage.write("api.py", "x = 1\ndef (:")
    looked = await stage.sameness.look()
    looked.require_readable(["web"])
    with pytest.raises(EnvironmentFailedError, match=r"api\.py cannot be loaded: .*line 2"):
        looked.require_readable(["web", "api"])


MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: web, ENV: []}]}}}
"""


def test_manifests_are_part_of_what_an_environment_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are what is made, and whatever files say it."""
    (tmp_path / "kubeconfig").write_text("{}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    (tmp_path / "k8s").mkdir()
    manifest, file = tmp_path / "k8s" / "web.yaml", tmp_path / "compose.yml"
    file.write_text("x-harness: {kubernetes: {manifests: k8s}}\nservices: {web: {image: web}}")

    def taken(provider: str, env: str) -> Fingerprint:
        manifest.write_text(MANIFEST.replace("ENV", env))
        prepared = draft(Request(files=(file,), provider=provider), {})
        return Fingerprint(_given(prepared.ecosystem, prepared.plan, provider, 1, ()), {}, {})

    before, after = taken(KUBERNETES, "stdin"), taken(KUBERNETES, "tty")
    assert list(reasons(before, after)) == ["what k8s holds has changed"]
    assert not list(reasons(before, taken(KUBERNETES, "stdin")))
    assert not list(reasons(taken(DOCKER, "stdin"), taken(DOCKER, "tty")))
