"""Why this exists: manifests and the Compose file say the same twice, and drift apart: what differs is told at once.

Pure, and asks no cluster. Values of secrets are neither compared nor told: an environment has its own.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.plan.planner import one_shots
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.generated.variables import in_cluster, split
from harness.providers.kubernetes.manifests.images import is_same_image
from harness.providers.kubernetes.manifests.model import (
    Manifests,
    identity,
    main_container,
    name_of,
    pod_labels,
    pod_spec_of,
    selects,
)
from harness.providers.kubernetes.manifests.scope import CLUSTER_SCOPED
from harness.providers.kubernetes.manifests.told import Told, told_to
from harness.spec.model import Component

_LAID_OVER = "what is different in a cluster stands below x-harness: {kubernetes: {environment: …}}"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that manifests and file do not say alike.

    Args:
        component: Whose; empty where it is no component's.
        message: What, in a sentence.
        remedy: What to do about it.
    """

    component: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} — {self.remedy}"


@dataclass(frozen=True, slots=True)
class _Side:
    """One component with its workload, and where that is from."""

    component: Component
    workload: Fields
    container: Fields
    manifests: Manifests
    where: str
    is_one_shot: bool
    names: Collection[str]

    def says(self, message: str, remedy: str) -> Disagreement:
        return Disagreement(self.component.name, message, remedy)


def disagreements(
    components: Mapping[str, Component], manifests: Manifests, where: str
) -> tuple[Disagreement, ...]:
    """All that manifests and the Compose file do not agree on.

    Args:
        components: All of the file.
        manifests: Of a folder.
        where: How that folder is named to the reader.
    """
    return (
        *_out_of_place(manifests, where),
        *_unknown(components, manifests, where),
        *(each for one in components.values() for each in _of(one, components, manifests, where)),
    )


def _out_of_place(manifests: Manifests, where: str) -> Iterator[Disagreement]:
    for each in manifests.objects:
        namespace = each["metadata"].get("namespace")
        if each["kind"] in CLUSTER_SCOPED:
            yield Disagreement(
                "",
                f"{identity(each)} in {where} is no namespace's, and an environment has but its namespace",
                "leave it out of what the harness applies",
            )
        elif namespace is not None:
            yield Disagreement(
                "",
                f"{identity(each)} in {where} is of namespace {namespace}, and each environment has its own",
                "leave the namespace out; `kubectl apply -n` can say it",
            )


def _unknown(components: Mapping[str, Component], manifests: Manifests, where: str) -> Iterator[Disagreement]:
    for each in manifests.workloads():
        if name_of(each) not in components:
            yield Disagreement(
                "",
                f"{identity(each)} is in {where}, and the file has no service {name_of(each)}",
                "write the service, or leave the workload out of what the harness applies",
            )


def _of(
    component: Component, components: Mapping[str, Component], manifests: Manifests, where: str
) -> Iterator[Disagreement]:
    component = in_cluster(component)
    workloads = manifests.workloads(component.name)
    if len(workloads) != 1:
        yield _not_one(component, workloads, where)
        return
    workload = workloads[0]
    container = main_container(pod_spec_of(workload), component.name)
    is_one_shot = component.name in one_shots(components)
    side = _Side(component, workload, container, manifests, where, is_one_shot, components.keys())
    for check in _CHECKS:
        yield from check(side)


def _not_one(component: Component, workloads: tuple[Fields, ...], where: str) -> Disagreement:
    name = component.name
    if workloads:
        found = " and ".join(identity(each) for each in workloads)
        return Disagreement(name, f"{name} is there twice in {where}: {found}", "keep one of them")
    remedy = f"write a Deployment, StatefulSet or Job with the name {name}"
    return Disagreement(name, f"{name} is in the file, and {where} has no workload of that name", remedy)


def _ending(side: _Side) -> Iterator[Disagreement]:
    name, is_job = side.component.name, side.workload["kind"] == "Job"
    if side.is_one_shot and not is_job:
        told = f"others wait until {name} has ended, and {identity(side.workload)} in {side.where} never does"
        yield side.says(told, "make it a Job")
    if is_job and not side.is_one_shot:
        told = f"{name} runs on by the file, and in {side.where} it is a Job, which ends"
        remedy = "make it a Deployment, or wait for it: depends_on: condition: service_completed_successfully"
        yield side.says(told, remedy)


def _replicas(side: _Side) -> Iterator[Disagreement]:
    if (side.workload.get("spec") or {}).get("replicas") == 0:
        told = f"{side.component.name} has 0 replicas in {side.where}, and would be waited for in vain"
        yield side.says(told, "write one or more; in the file, `deploy: {replicas: 0}` leaves it out")


def _image(side: _Side) -> Iterator[Disagreement]:
    name, image = side.component.name, side.container.get("image")
    if not image:
        yield side.says(
            f"{identity(side.workload)} in {side.where} has no container with an image", "name its image"
        )
    elif side.component.build is None and not is_same_image(image, side.component.image or ""):
        told = f"{name} is made from {side.component.image} by the file, and from {image} in {side.where}"
        yield side.says(told, "name the same image")


def _ports(side: _Side) -> Iterator[Disagreement]:
    name, wanted = side.component.name, side.component.targets
    ports = [each for each in side.container.get("ports") or () if each.get("protocol", "TCP") == "TCP"]
    found = [int(each["containerPort"]) for each in ports]
    for port in wanted:
        if port not in found:
            there = f"{', '.join(map(str, found))} alone" if found else "none"
            told = f"{name} has port {port} in the file, and {there} in {side.where}"
            yield side.says(told, f"write containerPort: {port}")
    for port in found:
        if port not in wanted:
            told = f"{name} has port {port} in {side.where}, and not in the file"
            yield side.says(told, f"write it under ports or expose, or take containerPort: {port} out")


def _services(side: _Side) -> Iterator[Disagreement]:
    component = side.component
    services = {name_of(each): each for each in side.manifests.objects if each["kind"] == "Service"}
    for name in (component.name, *component.aliases) if component.targets else ():
        if name not in services:
            ports = ", ".join(map(str, component.targets))
            told = f"neighbours reach {component.name} as {name}, and {side.where} has no Service {name}"
            yield side.says(told, f"write one with port {ports}")
        else:
            yield from _service(side, services[name])


def _service(side: _Side, service: Fields) -> Iterator[Disagreement]:
    name, spec = side.component.name, service.get("spec") or {}
    selector = {"matchLabels": spec.get("selector") or {}}
    if not spec.get("selector") or not selects(selector, pod_labels(side.workload)):
        told = f"{identity(service)} in {side.where} does not lead to the pods of {name}"
        yield side.says(told, "let its selector be among the labels of their template")
        return
    for other in side.manifests.workloads():
        if other is not side.workload and selects(selector, pod_labels(other)):
            told = f"{identity(service)} in {side.where} leads to the pods of {name_of(other)}, too"
            yield side.says(told, "give it a label to select by that these alone have")
    led = {int(each["port"]): _target(each, side.container) for each in spec.get("ports") or ()}
    for port in side.component.targets:
        if led.get(port) != port:
            goes = f"leads it to {led[port]}" if port in led else "does not have it"
            told = f"neighbours reach {name} at port {port}, and {identity(service)} in {side.where} {goes}"
            yield side.says(told, f"write port: {port}, targetPort: {port}")


def _target(port: Fields, container: Fields) -> int | str:
    """The port of the pod that a Service's leads to; a name that is none of the container's stays one."""
    target = port.get("targetPort") or port["port"]
    named = {each.get("name"): int(each["containerPort"]) for each in container.get("ports") or ()}
    return target if isinstance(target, int) else named.get(str(target), str(target))


def _variables(side: _Side) -> Iterator[Disagreement]:
    name, wanted = side.component.name, side.component.environment
    told = told_to(side.container, name, side.manifests)
    for missing in told.missing:
        text = f"{name} takes variables from {missing}, which {side.where} does not have"
        yield side.says(text, "write it, or mark the reference as optional")
    for variable in wanted:
        if not told.has(variable, is_secret=_is_secret(variable, wanted)):
            text = f"variable {variable} of {name} is in the file, and not in {side.where}"
            yield side.says(text, f"set it there; {_LAID_OVER}")
    for variable, found in told.values.items():
        if variable not in wanted:
            origin = f", in {found.origin}" if found.origin else ""
            text = f"variable {variable} of {name} is in {side.where}{origin}, and not in the file"
            yield side.says(text, f"take it out there, or set it in the file; {_LAID_OVER}")
    yield from _values(side, told)


def _values(side: _Side, told: Told) -> Iterator[Disagreement]:
    name, wanted = side.component.name, side.component.environment
    for variable, found in told.values.items():
        if variable not in wanted or found.value in (None, wanted[variable]):
            continue
        if not _is_secret(variable, wanted):
            is_secret = _is_secret(variable, {variable: found.value or ""})
            other = "holds a secret" if is_secret else f"{found.value!r}"
            message = f"{variable} of {name} is {wanted[variable]!r} in the file, and {other} in {side.where}"
            yield side.says(message, f"make them the same; {_LAID_OVER}")


def _is_secret(variable: str, environment: Mapping[str, str]) -> bool:
    return variable in split({variable: environment[variable]}, ()).secret


_CHECKS: tuple[Callable[[_Side], Iterator[Disagreement]], ...] = (
    _ending,
    _replicas,
    _image,
    _ports,
    _services,
    _variables,
)
