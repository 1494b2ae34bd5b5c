"""Why this exists: a team's manifests as one environment needs them: its namespace, labels, images and secrets. Pure.

What a component is told comes from the Compose file, whatever the manifests hold: passwords are the environment's own.
"""

import base64
import copy
from collections.abc import Iterator, Sequence

from harness.providers.kubernetes.generated.objects import COMPONENT, VARIABLES, Origin, configuration_of
from harness.providers.kubernetes.generated.pods import Fields, config_name
from harness.providers.kubernetes.generated.variables import Variables
from harness.providers.kubernetes.manifests.model import (
    WORKLOADS,
    Manifests,
    main_container,
    pod_spec_of,
    template_of,
)
from harness.providers.substitution import Secret, replace_secrets
from harness.spec.model import Component

_OF_THE_POD = ("fieldRef", "resourceFieldRef")  # what only the cluster can tell


def objects_for(
    component: Component,
    manifests: Manifests,
    image: str,
    variables: Variables,
    origin: Origin,
    secrets: Sequence[Secret],
) -> tuple[Fields, ...]:
    """Everything of a component, in the order in which one needs the other.

    Args:
        component: With this environment's secrets in it.
        manifests: Where its workload is, and what points at it.
        image: What its container is made from.
        variables: Its own.
        origin: The environment.
        secrets: What is another one in this environment than in the Compose file.
    """
    fitted = [_laid(each, origin, secrets, component.name) for each in manifests.of(component.name)]
    for each in fitted:
        if each["kind"] in WORKLOADS:
            _fit(each, component, image, variables)
    return (*configuration_of(component, variables, origin), *fitted)


def shared_objects(
    manifests: Manifests, components: Sequence[str], origin: Origin, secrets: Sequence[Secret]
) -> tuple[Fields, ...]:
    """What belongs to no component: policies, accounts, roles, configuration that several read."""
    return tuple(_laid(each, origin, secrets) for each in manifests.others(components))


def _laid(each: Fields, origin: Origin, secrets: Sequence[Secret], component: str = "") -> Fields:
    """A copy that belongs to the environment."""
    fields = copy.deepcopy(each)
    labels = {**origin.labels, **({COMPONENT: component} if component else {})}
    fields.pop("status", None)
    fields["metadata"]["namespace"] = origin.namespace
    _label(fields, labels)
    for template in _templates(fields):
        _label(template, labels)
        for container in _containers(template.get("spec") or {}):
            _replace_in_env(container, secrets)
    if fields["kind"] in ("ConfigMap", "Secret"):
        _replace_in_data(fields, secrets)
    return fields


def _label(fields: Fields, labels: dict[str, str]) -> None:
    metadata = fields.get("metadata") or {}
    fields["metadata"] = {**metadata, "labels": {**(metadata.get("labels") or {}), **labels}}


def _templates(fields: Fields) -> Iterator[Fields]:
    """Those of pods, wherever a kind has them."""
    spec = fields.get("spec") or {}
    job = ((spec.get("jobTemplate") or {}).get("spec") or {}) if isinstance(spec, dict) else {}
    for holder in (spec, job):
        if isinstance(holder, dict) and isinstance(holder.get("template"), dict):
            yield holder["template"]


def _containers(spec: Fields) -> Iterator[Fields]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _replace_in_env(container: Fields, secrets: Sequence[Secret]) -> None:
    for variable in container.get("env") or ():
        if isinstance(variable.get("value"), str):
            variable |= {
                "value": replace_secrets({variable["name"]: variable["value"]}, tuple(secrets))[
                    variable["name"]
                ]
            }


def _replace_in_data(fields: Fields, secrets: Sequence[Secret]) -> None:
    for key in ("data", "stringData"):
        values = fields.get(key)
        if isinstance(values, dict):
            is_encoded = fields["kind"] == "Secret" and key == "data"
            fields[key] = {
                name: _replaced(name, value, secrets, is_encoded=is_encoded) for name, value in values.items()
            }


def _replaced(name: str, value: object, secrets: Sequence[Secret], *, is_encoded: bool) -> object:
    if not isinstance(value, str):
        return value
    try:
        plain = base64.b64decode(value).decode() if is_encoded else value
    except ValueError:
        return value  # of a key store, say: nothing that a file of text could have told
    actual = replace_secrets({name: plain}, tuple(secrets))[name]
    return base64.b64encode(actual.encode()).decode() if is_encoded else actual


def _fit(workload: Fields, component: Component, image: str, variables: Variables) -> None:
    """A component's own workload: its container is made from the environment's image, and told what the file tells."""
    spec = pod_spec_of(workload)
    main = main_container(spec, component.name)
    written = main.get("image")
    for container in _containers(spec):
        if container is main or (written and container.get("image") == written):
            # what was brought to the nodes is nowhere to be pulled from
            container |= {"image": image, "imagePullPolicy": "IfNotPresent"}
    _tell(main, component)
    if workload["kind"] != "Job" and workload["spec"].get("replicas") is None:
        workload["spec"]["replicas"] = 1  # it may be at zero by a fault, and would stay there
    metadata = template_of(workload)["metadata"]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), VARIABLES: variables.digest}


def _tell(container: Fields, component: Component) -> None:
    """Of what is set twice, a container takes `env`, and of `envFrom` the last."""
    own = {"name": config_name(component.name)}
    references: list[Fields] = [{"configMapRef": own}, {"secretRef": own}]
    kept = [each for each in container.get("envFrom") or () if each not in references]
    container["envFrom"] = [*kept, *references]
    container["env"] = [
        each
        for each in container.get("env") or ()
        if each["name"] not in component.environment or _is_of_the_pod(each)
    ]


def _is_of_the_pod(variable: Fields) -> bool:
    return any(key in (variable.get("valueFrom") or {}) for key in _OF_THE_POD)
