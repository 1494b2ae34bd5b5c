"""Why this exists: what a component is in a cluster comes from its Compose service, or from a team's own manifests."""

from dataclasses import dataclass

from harness.core.errors import UsageError
from harness.plan.model import Plan
from harness.providers.kubernetes.generated.objects import Origin, objects_of
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.generated.variables import split
from harness.providers.kubernetes.manifests.checking import found_in
from harness.providers.kubernetes.manifests.fitting import objects_for, shared_objects
from harness.providers.kubernetes.manifests.model import Manifests
from harness.providers.kubernetes.manifests.reading import read
from harness.providers.substitution import Secret
from harness.spec.model import Component, Ecosystem


@dataclass(frozen=True, slots=True)
class Layout:
    """What is laid into an environment's namespace.

    Args:
        manifests: A team's own; None where they are made from the Compose file.
        components: The names of all of the file.
        secrets: What is the environment's own.
        origin: The environment.
    """

    manifests: Manifests | None
    components: tuple[str, ...]
    secrets: tuple[Secret, ...]
    origin: Origin

    def most_pods(self, plan: Plan) -> int:
        """How many pods the components of a plan may have in all."""
        if self.manifests is None:
            return sum(step.component.replicas for step in plan.steps)
        return sum(self.manifests.most_pods(step.name) for step in plan.steps)

    def shared(self) -> tuple[Fields, ...]:
        """What is there before the first component, and belongs to none."""
        if self.manifests is None:
            return ()
        return shared_objects(self.manifests, self.components, self.origin, self.secrets)

    def of(self, component: Component, image: str, *, is_one_shot: bool) -> tuple[Fields, ...]:
        """Everything of a component, in the order in which one needs the other.

        Args:
            component: With this environment's secrets in it.
            image: What its container is made from.
            is_one_shot: Whether it ends by itself.
        """
        variables = split(component.environment, [secret.actual for secret in self.secrets])
        if self.manifests is None:
            return objects_of(component, image, variables, self.origin, is_one_shot=is_one_shot)
        return objects_for(component, self.manifests, image, variables, self.origin, self.secrets)


def manifests_of(ecosystem: Ecosystem, plan: Plan) -> Manifests | None:
    """A team's own, which agree with the Compose file on what is to be started; None where it has none. Blocks.

    Raises:
        ProviderUnavailableError: it takes a tool that is not here to read them.
        UsageError: they cannot be read, or disagree with the file; all that does is the evidence.
    """
    folder = ecosystem.settings.kubernetes.manifests
    if folder is None:
        return None
    manifests = read(folder)
    if found := found_in(ecosystem, manifests, [step.name for step in plan.steps]):
        raise UsageError(
            f"the manifests in {folder} and the Compose file disagree", evidence=[str(each) for each in found]
        )
    return manifests
