"""Why this exists: the running ecosystem as tests see it: addresses, variables, and no way to break it by accident."""

import os
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from harness.bootstrap.runs.run_folder import LOGS
from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.faults import Fault
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import ERR, OUT
from harness.providers.measuring import UNMEASURED
from harness.pytest_plugin.fault_of_test import FaultOfTest
from harness.spec.model import Isolation
from harness.worlds.base import SEEDED


class EcosystemHandle:
    """What the `ecosystem` fixture gives."""

    def __init__(self, lease: Lease, description: EnvironmentDescription) -> None:
        self._lease = lease
        self._description = description

    @property
    def name(self) -> str:
        """The ecosystem's name."""
        return self._description.ecosystem

    @property
    def provider(self) -> str:
        """Where it runs: `process`, `docker`, `kubernetes` or `existing`."""
        return self._description.provider

    @property
    def seed(self) -> int:
        """What its data was generated from."""
        return self._description.seed

    @property
    def variables(self) -> Mapping[str, str]:
        """What `x-harness.exports` hands out; the same are set as environment variables. Holds credentials."""
        return self._description.variables

    @property
    def logs(self) -> Path:
        """The folder with what each component wrote (`test-api.log`); without files where that is not ours to read."""
        return Path(self._description.results) / LOGS / self._description.world

    def endpoint(self, component: str, port: int | None = None) -> Endpoint:
        """Where a component listens: on the container port `port`, or on the one meant by default.

        Raises:
            UsageError: there is no such component, or it does not listen there.
        """
        endpoints = self._description.endpoints.get(component)
        if endpoints is None:
            known = ", ".join(self._description.endpoints)
            raise UsageError(f"the ecosystem has no component {component!r}", hint=f"it has {known}")
        for endpoint in endpoints:
            if port is None or endpoint.target == port:
                return endpoint
        ports = ", ".join(str(endpoint.target) for endpoint in endpoints) or "none"
        raise UsageError(f"{component} does not listen on {port or 'any port'}", hint=f"its ports: {ports}")

    @property
    def endpoints(self) -> Mapping[str, tuple[Endpoint, ...]]:
        """Where each component listens, the one meant by default first."""
        return self._description.endpoints

    def url(self, component: str, port: int | None = None) -> str:
        """The base URL of a component, without a trailing slash; raises as `endpoint` does."""
        return self.endpoint(component, port).http_url

    @property
    def is_reset_for_each_test(self) -> bool:
        """Whether a test starts from the seeded state: `x-harness: {isolation: reset}`."""
        return self._description.isolation == Isolation.RESET

    def reset(self, snapshot: str = SEEDED, *, is_proved: bool = False) -> Mapping[str, tuple[str, ...]]:
        """Put the stores back to the seeded state, or to a snapshot by name.

        Args:
            snapshot: Its name.
            is_proved: Whether all of it is compared with the snapshot afterwards: slow, and independent of the reset.

        Returns:
            What differed, by component: tables, sequences, keys.

        Raises:
            UsageError: there is no such snapshot, or none at all: the Compose file does not ask for `isolation: reset`.
            WorldError: something cannot be put back; the environment is broken from then on.
        """
        changed: Mapping[str, list[str]] = self._lease.ask("reset", snapshot=snapshot, is_proved=is_proved)
        return {name: tuple(what) for name, what in changed.items()}

    def snapshot(self, name: str) -> None:
        """Keep the state of the stores as it is now, until the environment ends; `reset(name)` goes back to it.

        Raises:
            UsageError: the Compose file does not ask for `isolation: reset`, or the name is that of the seeded state.
            WorldError: it cannot be kept.
        """
        self._lease.ask("snapshot", snapshot=name)

    def execute(
        self, component: str, *argv: str, file: Path | None = None, timeout: float | None = None
    ) -> CompletedProcess[str]:
        """Run a command where a component runs, with its variables: in its container or pod, or beside its process.

        Args:
            component: Its name.
            argv: The words of the command, without a shell.
            file: What it reads; None for nothing.
            timeout: Seconds it may take; None for as long as it takes.

        Returns:
            How it ended, and what it wrote, as `subprocess.run` has it: 127 and why for a program that is not there.

        Raises:
            UsageError: there is no such component, it is not ready, or what runs is not ours (`existing`).
            EnvironmentFailedError: the engine or the cluster does not run it, or it has not ended in time.
        """
        said = {OUT: bytearray(), ERR: bytearray()}
        code = self._lease.execute(
            component, argv, lambda stream, chunk: said[stream].extend(chunk), file, timeout
        )
        out, err = (said[stream].decode(errors="replace") for stream in (OUT, ERR))
        return CompletedProcess(argv, code, out, err)

    def copy_out(self, component: str, source: str, target: Path) -> None:
        """Copy a file or folder of a component, with its `tar`, into the folder `target` or to be called so.

        Raises:
            UsageError: as `execute`; or there is no folder for it.
            EnvironmentFailedError: there is no `source`, or it could not be copied.
        """
        self._lease.ask("copy_out", component=component, source=source, target=str(target.absolute()))

    def copy_in(self, component: str, source: Path, target: str) -> None:
        """Copy a file or folder into a component, with its `tar`, into its folder `target` or to be called so.

        Raises:
            UsageError: as `execute`; or there is no `source`.
            EnvironmentFailedError: it could not be copied.
        """
        self._lease.ask("copy_in", component=component, source=str(source.absolute()), target=target)

    def keep_world(self) -> None:
        """Let the world that this process works in stay until the environment ends. Raises HarnessError."""
        self._lease.ask("stay")

    def fault(self, fault: Fault) -> FaultOfTest:
        """Make something go wrong as long as a block lasts: `with ecosystem.fault(Kill("api")):`, or `async with`.

        It heals at the end of the block, and by itself when this process dies. Where the provider cannot do it, the
        test is skipped, and says why.

        Raises:
            HarnessError: on entering: it is no right request; on leaving: it could not be healed.
        """
        return FaultOfTest(self._lease.path, fault, self._description.world)

    def restart(self, *components: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop components and start them again at the same addresses, `environment` laid over their own variables.

        Raises:
            HarnessError: one did not come up again, or the provider cannot do that.
        """
        unmeasured = {UNMEASURED: "1"} if os.environ.get(UNMEASURED) else {}  # and so it stays
        overlay = unmeasured | dict(environment or {})
        self._lease.ask("restart", components=list(components), environment=overlay)
