"""Why this exists: what may be asked of Jonar, checked field by field before anything is done."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from jonar.autoscaling import DEFAULT_TARGET_CPU, DEFAULT_TARGET_REQUESTS, Policy
from jonar.catalogue import CATALOGUE
from jonar.deployments import Deployment, Specification
from jonar.quantities import parse_cpu, parse_memory
from kernel.errors import ApiError
from kernel.ids import new_id

MOST_REPLICAS = 32
Replicas = Annotated[int, Field(ge=1, le=MOST_REPLICAS)]


def _checked_cpu(text: str) -> str:
    parse_cpu(text)
    return text


def _checked_memory(text: str) -> str:
    parse_memory(text)
    return text


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ResourceRequest(_Request):
    """What one replica is expected to use, in Kubernetes' notation."""

    cpu: Annotated[str, AfterValidator(_checked_cpu)] = "500m"
    memory: Annotated[str, AfterValidator(_checked_memory)] = "512Mi"


class AutoscalingRequest(_Request):
    """What the autoscaler may do. A target of null is not looked at; with both null nothing is scaled.

    `min_replicas` is by default what was asked for, `max_replicas` twice that.
    """

    min_replicas: Replicas | None = None
    max_replicas: Replicas | None = None
    target_requests_per_second: Annotated[float, Field(gt=0)] | None = DEFAULT_TARGET_REQUESTS
    target_cpu_utilisation: Annotated[float, Field(gt=0)] | None = DEFAULT_TARGET_CPU
    scale_down_stabilisation_seconds: Annotated[float, Field(ge=0, le=3600)] | None = None

    def policy(self, replicas: int, stabilisation: float) -> Policy:
        """The policy for a deployment of `replicas`; `stabilisation` counts where the request is silent."""
        own = self.scale_down_stabilisation_seconds
        return Policy(
            min_replicas=self.min_replicas or replicas,
            max_replicas=self.max_replicas or max(self.min_replicas or 0, min(2 * replicas, MOST_REPLICAS)),
            target_requests=self.target_requests_per_second,
            target_cpu=self.target_cpu_utilisation,
            stabilisation=stabilisation if own is None else own,
        )


class DeployRequest(_Request):
    """A component to run."""

    component: str = Field(max_length=100)
    version: str = Field(default="latest", max_length=100)
    replicas: Replicas = 1
    resources: ResourceRequest = ResourceRequest()
    min_ready_seconds: float = Field(default=0.0, ge=0, le=3600)
    progress_deadline_seconds: float = Field(default=60.0, gt=0, le=3600)
    autoscaling: AutoscalingRequest = AutoscalingRequest()

    @model_validator(mode="after")
    def _bounds_hold(self) -> Self:
        policy = self.autoscaling.policy(self.replicas, 0.0)
        if not policy.min_replicas <= self.replicas <= policy.max_replicas:
            raise ValueError(
                f"replicas is {self.replicas}, outside autoscaling's"
                f" {policy.min_replicas}..{policy.max_replicas}; write min_replicas <= replicas <= max_replicas"
            )
        return self

    def deployment(self, stabilisation: float) -> Deployment:
        """The deployment that is asked for.

        Raises:
            ApiError: 422, the catalogue has no such component.
        """
        known_component(self.component, 422)
        specification = Specification(
            component=self.component,
            version=self.version,
            cpu=parse_cpu(self.resources.cpu),
            memory=parse_memory(self.resources.memory),
            min_ready_seconds=self.min_ready_seconds,
            progress_deadline=self.progress_deadline_seconds,
            policy=self.autoscaling.policy(self.replicas, stabilisation),
        )
        return Deployment(new_id("dep"), specification, self.replicas)


class ChangeRequest(_Request):
    """How many replicas a deployment should have, and of which version. What is not told stays as it is."""

    replicas: Replicas | None = None
    version: str | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if self.replicas is None and self.version is None:
            raise ValueError("nothing is to be changed; write replicas, version or both")
        return self


class LoadRequest(_Request):
    """Load of `load_factor` times what the component's ready replicas are meant to take."""

    load_factor: float = Field(default=2.0, gt=0, le=100)
    seconds: float = Field(default=5.0, gt=0, le=60)


def known_component(name: str, status: int = 404) -> str:
    """`name`, if the catalogue has it.

    Raises:
        ApiError: `status` with the code `unknown_component`, naming those there are.
    """
    if name not in CATALOGUE:
        raise ApiError(
            status, "unknown_component", f"There is no component {name!r}; there are {', '.join(CATALOGUE)}."
        )
    return name
