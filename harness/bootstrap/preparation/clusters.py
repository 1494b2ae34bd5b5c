"""Why this exists: which cluster a request is for, by a name that holds whatever context becomes the current one."""

from collections.abc import Mapping

from harness.core.errors import UsageError
from harness.providers.names import KUBERNETES


def context_of(provider: str, asked: str, variables: Mapping[str, str], *, is_for_tests: bool = False) -> str:
    """Which of the kubeconfig's contexts it is; empty for a provider without a cluster.

    Args:
        provider: Its name.
        asked: The context that was asked for; empty for the current one.
        variables: Which tell where the kubeconfig is, and what is allowed.
        is_for_tests: Whether the one that was asked for is allowed, whatever its name is.

    Raises:
        ProviderUnavailableError: there is no kubeconfig.
        UsageError: it has no such context, that is not for tests, or none was named that is said to be.
    """
    if is_for_tests and not asked:
        raise UsageError(
            "which context is for tests is not said",
            hint="name it: --context NAME --allow-context (pytest: --harness-context, --harness-allow-context)",
        )
    if provider != KUBERNETES:
        return ""
    from harness.providers.kubernetes.connection.access import VARIABLE, resolve  # noqa: PLC0415 - rarely wanted

    if is_for_tests:
        variables = {**variables, VARIABLE: f"{variables.get(VARIABLE, '')},{asked}"}
    return resolve(asked, variables)
