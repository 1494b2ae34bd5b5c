"""Why this exists: how long RuneFrameOS takes in a cluster, beside `kubectl apply` and `kubectl wait` of its manifests.

Both begin with the namespace and end when the last component is ready; both apply k8s/base, on images that the nodes
have, one after another in each round. Ours is measured within `harness up`, from the plan to the last `ready` of its
log; kubectl's from the start of its first process to the end of its last. kubectl keeps no order, so its overlay has
what does: an init container that waits for the database, which looks once a second. It has three autoscalers more.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, conditions, median
from harness.containers.engine import connect
from harness.core.errors import HarnessError
from harness.providers.kubernetes.connection.access import missing, resolve
from harness.providers.kubernetes.supplying.images import load, loaders_of

ROOT = Path(__file__).parent.parent
HARNESS = Path(sys.executable).with_name("harness")
MANIFESTS = "k8s/overlays/ci"
ROUNDS = 5
PATIENCE = "--timeout=300s"


def measure() -> list[Figure]:
    """Ready in a cluster, and how that compares; nothing where there is none for tests."""
    try:
        if lacking := missing(os.environ):
            raise lacking
        context = resolve("", os.environ)
    except HarnessError as error:
        print(f"cluster_start is not measured: {error.line}", file=sys.stderr)
        return []
    _bring(context)
    _ours(context)  # whose images are brought there
    rounds = [(_ours(context), _kubectls(context)) for _ in range(ROUNDS)]
    ours, kubectls = zip(*rounds, strict=True)
    ratio = median([own / other for own, other in rounds])
    told = conditions({"ours": ours, "kubectl": kubectls})
    return [
        Figure(
            "cluster.ready",
            median(ours),
            "s",
            "",
            ok=True,
            peers={"kubectl": median(kubectls)},
            conditions=told,
        ),
        Figure("cluster.ratio_to_kubectl", ratio, "x", "<= 1.3", ratio <= 1.3, {}, told),
    ]


def _ours(context: str) -> float:
    """Seconds from the plan, after which the namespace is made, until the last component is ready."""
    with tempfile.TemporaryDirectory() as results:
        environment = os.environ | {"XDG_RUNTIME_DIR": results}
        options = ["--provider", "kubernetes", "--context", context, "--results", results]
        _run([HARNESS, "up", *options], environment)
        events = [
            json.loads(line) for line in (Path(results) / "latest" / "events.ndjson").read_text().splitlines()
        ]
        _run([HARNESS, "down"], environment)
    began = next(event["at"] for event in events if event["event"] == "PlanMade")
    ready = [event["at"] for event in events if event.get("new") in ("ready", "completed")]
    return float(max(ready) - began)


def _kubectls(context: str) -> float:
    """Seconds that the same takes by hand."""
    namespace = f"bench-{secrets.token_hex(4)}"
    kubectl = ["kubectl", "--context", context]
    began = time.monotonic()
    try:
        _run([*kubectl, "create", "namespace", namespace])
        _run([*kubectl, "apply", "--namespace", namespace, "--kustomize", MANIFESTS])
        waits = [
            ["job", "--all", "--for=condition=complete"],
            ["pod", "--selector=!job-name", "--for=condition=ready"],
        ]
        for wait in waits:
            _run([*kubectl, "wait", "--namespace", namespace, PATIENCE, *wait])
        return time.monotonic() - began
    finally:
        _run([*kubectl, "delete", "namespace", namespace])


def _bring(context: str) -> None:
    """The images that the manifests name, on the nodes."""
    rendered = _run(["kubectl", "kustomize", MANIFESTS])
    images = {
        line.split("image:")[1].strip()
        for line in rendered.splitlines()
        if line.strip().startswith(("image:", "- image:"))
    }
    if not (loaders := loaders_of(context, os.environ)):
        return  # the cluster pulls them
    engine = connect()
    try:
        for image in sorted(images):
            for loader in loaders:
                load([image], loader, engine.images.get(image).save(named=image))
    finally:
        engine.close()


def _run(command: list[str | Path], environment: dict[str, str] | None = None) -> str:
    """What a command answers; its failure ends the bench."""
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{ended.stderr}")
    return ended.stdout
