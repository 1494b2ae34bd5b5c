"""Why this exists: which cluster a request is for, by a name that holds whatever context becomes the current one."""

from collections.abc import Mapping

from harness.providers.names import KUBERNETES


def context_of(provider: str, asked: str, variables: Mapping[str, str]) -> str:
    """Which of the kubeconfig's contexts it is; empty for a provider without a cluster.

    Args:
        provider: Its name.
        asked: The context that was asked for; empty for the current one.
        variables: Which tell where the kubeconfig is, and what is allowed.

    Raises:
        ProviderUnavailableError: there is no kubeconfig.
        UsageError: it has no such context, or that is not for tests.
    """
    if provider != KUBERNETES:
        return ""
    from harness.providers.kubernetes.connection.access import resolve  # noqa: PLC0415 - rarely wanted

    return resolve(asked, variables)
