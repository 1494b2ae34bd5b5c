"""Namespaces of dead keepers go; whatever is alive, somebody else's, or not to be judged from here, stays."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.providers.docker import inside
from harness.providers.docker.keepers import Keeper
from harness.providers.kubernetes.namespaces import sweep
from harness.providers.kubernetes.namespaces.marks import (
    ENVIRONMENT,
    EXPIRES,
    OWNER,
    annotations,
    expiry,
    keeper_here,
    namespace_of,
)
from harness.providers.kubernetes.namespaces.sweep import sweep_cluster
from tests.doubles.cluster import NOW, FakeCore, refusal

NOTHING: Mapping[str, str] = MappingProxyType({})
HERE = Keeper.here()
ENDED = replace(HERE, started=HERE.started + 1)  # whose number we have now
ELSEWHERE = replace(HERE, machine="another", boot="another")
NOWHERE = Path("/run/of/theirs")


class FakeClient:
    """What has to be closed."""

    is_closed = False

    def close(self) -> None:
        """It is."""
        self.is_closed = True


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> FakeCore:
    """One that `sweep_cluster` finds."""
    made, client = FakeCore(), FakeClient()
    monkeypatch.setattr(sweep, "connect", lambda _context: client)
    monkeypatch.setattr("kubernetes.client.CoreV1Api", lambda _client: made)
    return made


def fill(
    core: FakeCore,
    environment_id: str,
    keeper: Keeper = ELSEWHERE,
    *,
    runtime: Path = NOWHERE,
    owner: int | None = None,
    term: float = 3600.0,
    more: Mapping[str, str] = NOTHING,
    **metadata: Any,
) -> None:
    """The namespace of an environment, whose keeper was heard of at this very moment."""
    labels = {ENVIRONMENT: environment_id, OWNER: str(os.geteuid() if owner is None else owner)}
    marks = annotations(runtime, keeper.label) | expiry(NOW, term)
    core.add(namespace_of(environment_id), labels, marks | dict(more), **metadata)


def left(core: FakeCore) -> set[str]:
    """The ids of the environments that are there."""
    return {name.partition("-")[2] for name in core.namespaces}


def test_those_go_whose_keeper_on_this_machine_has_ended(core: FakeCore, tmp_path: Path) -> None:
    """Long before they expire; the lock of a folder that is seen is proof, too."""
    fill(core, "dead", ENDED)
    fill(core, "free", HERE, runtime=tmp_path)
    assert sweep_cluster("x", lambda _folder: False) == (["dead", "free"], [])
    assert left(core) == set()


def test_a_living_keeper_keeps_for_ever(core: FakeCore, tmp_path: Path) -> None:
    """Also where it could not renew: the machine may have slept."""
    fill(core, "alive", HERE, runtime=tmp_path, term=-1e6)
    assert sweep_cluster("x", lambda folder: folder == tmp_path) == ([], [])
    assert left(core) == {"alive"}


@pytest.mark.parametrize("keeper", [ELSEWHERE, replace(HERE, namespace="pid:[1]")])
@pytest.mark.parametrize("owner", [os.geteuid(), os.geteuid() + 1])
def test_of_others_those_go_that_have_expired(core: FakeCore, keeper: Keeper, owner: int) -> None:
    """Of another machine, or another container on this one, whoever ran it there."""
    fill(core, "expired", keeper, owner=owner, term=-1)
    fill(core, "renewed", keeper, owner=owner, term=1)
    assert sweep_cluster("x", lambda _folder: False) == (["expired"], [])
    assert left(core) == {"renewed"}


_DISK = "rw,relatime - ext4 /dev/vda rw,discard"
_SANDBOX = f"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{'f' * 64}"


@pytest.mark.parametrize(
    ("mounts", "swept"),
    [
        (f"27 1 254:0 / / {_DISK}\n", ["rebooted"]),
        (f"701 650 254:1 {_SANDBOX}/hostname /etc/hostname {_DISK}\n", []),
        (f"94 76 254:0 /var/lib/docker/containers/{'f' * 64}/hostname /etc/hostname {_DISK}\n", []),
    ],
    ids=["machine", "pod", "container"],
)
def test_a_keeper_in_a_container_is_not_judged_by_its_hosts_name(
    core: FakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: str, swept: list[str]
) -> None:
    """Without a machine-id that is all there is, and those of two machines may share it: the instant decides."""
    monkeypatch.setattr(inside, "_MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(mounts)
    fill(core, "rebooted", replace(keeper_here(), boot="another"))
    fill(core, "expired", replace(keeper_here(), boot="another"), term=-1)
    fill(core, "killed", replace(keeper_here(), started=HERE.started + 1))
    assert sweep_cluster("x", lambda _folder: False) == ([*swept, "expired", "killed"], [])


def test_another_users_keeper_is_not_judged_by_its_number(core: FakeCore) -> None:
    """Their processes may not be shown to us."""
    fill(core, "theirs", ENDED, owner=os.geteuid() + 1)
    assert sweep_cluster("x", lambda _folder: False) == ([], [])
    assert left(core) == {"theirs"}


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_the_clock_of_this_machine_does_not_matter(core: FakeCore, skew: float) -> None:
    """Both the instant and the judgement are by the cluster's, which may be hours off."""
    core.now = NOW + timedelta(seconds=skew)
    core.add(
        namespace_of("renewed"),
        {ENVIRONMENT: "renewed", OWNER: "0"},
        annotations(NOWHERE, ELSEWHERE.label) | expiry(core.now, 1),
    )
    assert sweep_cluster("x", lambda _folder: False) == ([], [])


@pytest.mark.parametrize("told", ["", "soon", "2001-01-01T00:00:00"])
def test_what_says_nothing_clear_stays(core: FakeCore, told: str) -> None:
    """An older version's names no instant."""
    fill(core, "unknown", more={EXPIRES: told})
    assert sweep_cluster("x", lambda _folder: False) == ([], [])


def test_what_is_not_ours_stays(core: FakeCore) -> None:
    """Without our label; with it for another end; with a name that only begins like ours."""
    expired = annotations(NOWHERE, ENDED.label) | expiry(NOW, -1)
    ours = {ENVIRONMENT: "abc", OWNER: str(os.geteuid())}
    core.add("default", {}, expired)
    core.add("harness-abc", {OWNER: str(os.geteuid())}, expired)
    core.add("production", ours, expired)
    core.add("harness-abc-production", ours, expired)
    assert sweep_cluster("x", lambda _folder: False) == ([], [])
    assert core.asked == []


def test_one_that_is_renewed_at_this_very_moment_stays(core: FakeCore) -> None:
    """It was judged by what it was a moment ago."""
    fill(core, "expired", term=-1)
    core.changing = {namespace_of("expired")}
    assert sweep_cluster("x", lambda _folder: False)[1] == []
    assert left(core) == {"expired"}


def test_what_others_are_removing_is_left_to_them(core: FakeCore) -> None:
    """What keeps it from going is theirs to see to; of ours it is named, and not waited for once more."""
    fill(core, "theirs", term=-1, deletion_timestamp=NOW)
    fill(core, "ours", ENDED, deletion_timestamp=NOW - timedelta(hours=1))
    core.resisting = {namespace_of("ours"): "something stays"}
    swept, told = sweep_cluster("x", lambda _folder: False)
    assert swept == ["ours"]
    assert told == ["namespace harness-ours: something stays"]
    assert ("watch", namespace_of("ours")) not in core.asked


def test_what_resists_is_told(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cluster's own reason, and the others go."""
    monkeypatch.setattr(sweep, "PATIENCE", 0.0)
    fill(core, "dead", ENDED)
    fill(core, "stuck", ENDED)
    fill(core, "guarded", ENDED)
    core.resisting = {namespace_of("stuck"): "something stays"}
    core.refusing = {namespace_of("guarded"): refusal(403, "you may not")}
    swept, told = sweep_cluster("x", lambda _folder: False)
    assert swept == ["dead", "stuck", "guarded"]
    assert told == [
        "namespace harness-dead: is still Terminating",  # nothing is waited for here
        "namespace harness-stuck: something stays",
        "namespace harness-guarded: you may not",
    ]


def test_a_cluster_that_refuses_is_told(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line: whoever starts something is not stopped by what cannot be looked at."""

    def refuse(**_options: object) -> None:
        raise refusal(403, "you may not list namespaces")

    monkeypatch.setattr(core, "list_namespace_with_http_info", refuse)
    with pytest.raises(EnvironmentFailedError, match="the cluster refuses: you may not list namespaces"):
        sweep_cluster("x", lambda _folder: False)
