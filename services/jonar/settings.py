"""Why this exists: what only Jonar is told through its environment, with every fault told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from jonar.cluster.api import Account, ClusterError
from kernel.settings import SettingsError

RUNTIMES = ("process", "docker", "kubernetes")


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """Jonar's own settings.

    Args:
        runtime: What runs replicas (JONAR_RUNTIME).
        autoscaler_period: Seconds between two looks of the autoscaler (JONAR_AUTOSCALER_PERIOD).
        stabilisation: Seconds for which a higher recommendation holds back a scale-down, where a deployment does
            not say otherwise (JONAR_SCALE_DOWN_STABILISATION; Kubernetes' default).
        warm_after: Seconds after its start that Jonar makes itself ready for a quick first deployment
            (JONAR_WARM_AFTER). Not at once: while a whole ecosystem starts, others need the processors more.
        account: As whom Jonar speaks to the cluster that it is in; None where that runs no replicas.
    """

    runtime: str = "process"
    autoscaler_period: float = 1.0
    stabilisation: float = 300.0
    warm_after: float = 2.0
    account: Account | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """The settings that an environment gives.

        Raises:
            SettingsError: variables that cannot be used; all are named.
        """
        faults: list[str] = []
        runtime = environ.get("JONAR_RUNTIME", "process")
        if runtime not in RUNTIMES:
            faults.append(f"JONAR_RUNTIME is {runtime!r}; write one of: {', '.join(RUNTIMES)}")
        period = _seconds(environ, "JONAR_AUTOSCALER_PERIOD", 1.0, 0.05, faults)
        stabilisation = _seconds(environ, "JONAR_SCALE_DOWN_STABILISATION", 300.0, 0.0, faults)
        warm_after = _seconds(environ, "JONAR_WARM_AFTER", 2.0, 0.0, faults)
        account = _account(environ, faults) if runtime == "kubernetes" else None
        if faults:
            raise SettingsError("jonar cannot start: " + "; ".join(faults))
        return cls(runtime, period, stabilisation, warm_after, account)


def _account(environ: Mapping[str, str], faults: list[str]) -> Account | None:
    try:
        return Account.of_this_pod(environ)
    except ClusterError as error:
        faults.append(str(error))
        return None


def _seconds(environ: Mapping[str, str], name: str, default: float, least: float, faults: list[str]) -> float:
    text = environ.get(name, "") or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= 3600:  # noqa: PLR2004  an hour
        faults.append(f"{name} is {text!r}; write seconds from {least:g} to 3600, such as {default:g}")
    return value
