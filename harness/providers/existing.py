"""Why this exists: the same suites against an ecosystem that somebody else started: attach, look, leave it alone.

Where a component listens is read, in this order, from the variables that its `x-harness.exports` would hand to
tests (TEST_DB_HOST, TEST_DISTILERA_URL …) and from `--base-url`. One that exports no address, and so has no
variable, is looked for where plain `docker compose up` puts it: at its published ports on this machine.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import SplitResult, urlsplit

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.plan.model import Plan, Step
from harness.providers.base import Exit
from harness.providers.names import EXISTING
from harness.providers.substitution import DEFAULT_PORTS
from harness.readiness.base import Probe
from harness.readiness.choose import Surroundings, choose_probe
from harness.readiness.command import execute_here
from harness.readiness.primary import primary_endpoint
from harness.readiness.running import RunningProbe
from harness.spec.images import usual_port
from harness.spec.model import Component, Ecosystem

_WEB = {"http", "https"}
_COMPONENT = "{component}"
_ONE_PLACEHOLDER = re.compile(r"\{[^{}]+\}")
_ADDRESS = re.compile(r"\{(url|host|port(:\d+)?)\}")
_THIS_MACHINE = "127.0.0.1"


class Attached:
    """A component that runs already. Stopping it does nothing: it is not ours."""

    def __init__(
        self, component: Component, endpoints: Mapping[int, Endpoint], environment: Mapping[str, str]
    ) -> None:
        self._component = component
        self.endpoints = endpoints
        self.environment = environment
        self._is_one_shot = False

    def as_planned(self, step: Step) -> Self:
        """Itself, told whether the plan takes it for something that ends."""
        self._is_one_shot = step.is_one_shot
        return self

    def probe(self) -> Probe:
        """What shows from outside that it is ready."""
        if primary_endpoint(self._component, self.endpoints) is None:
            return RunningProbe()
        around = Surroundings(self.endpoints, self.environment, lambda: (), execute_here({}))
        return choose_probe(self._component, around)

    def tail(self, lines: int = 20) -> tuple[str, ...]:  # noqa: ARG002 - the contract's parameter
        """Its log is not ours to read."""
        return ()

    async def exited(self) -> Exit:
        """A one-shot has done its work, by assumption; anything else goes on for longer than we look."""
        if self._is_one_shot:
            return Exit(0, "assumed to have been done")
        await asyncio.Event().wait()
        raise AssertionError("nobody sets that event")

    async def stop(self, grace: float) -> None:
        """Leave it alone."""


class ExistingProvider:
    """Attaches to what runs.

    Args:
        variables: Where TEST_… variables are looked up.
        base_url: Where everything is that no variable places; empty to go by the variables alone.
            `http://staging.example.com`: each component at its published port there.
            `http://gateway.example.com:9000` or `https://{component}.example.com`: what speaks HTTP at that
            address, the rest at its published port of that host.

    Raises:
        UsageError: `base_url` is not an http(s) URL of a host.
    """

    name = EXISTING

    def __init__(self, variables: Mapping[str, str], base_url: str = "") -> None:
        if base_url and not _is_base(base_url):
            raise UsageError(
                f"--base-url {base_url!r} is not an http or https URL of a host",
                hint="write http://host, or https://{component}.host; paths are the components' own",
            )
        self._variables = variables
        self._base_url = base_url

    def refusal(self, component: Component) -> str | None:  # noqa: ARG002 - the contract's parameter
        """Whatever runs can be attached to."""
        return None

    def require_addresses(self, components: Iterable[Component], otherwise: str) -> None:
        """Look whether it is said where everything is, before anybody waits for it at the wrong place.

        Args:
            components: Those that run already.
            otherwise: What a person can do who does not want to set variables.

        Raises:
            UsageError: it is not; names every variable that could say it. Or one holds something else.
        """
        troubles = {component.name: self._trouble(component) for component in components}
        unplaced = {name: trouble for name, trouble in troubles.items() if trouble}
        if unplaced:
            raise UsageError(
                f"nothing says where {', '.join(unplaced)} can be reached",
                evidence=[f"{name}: {trouble}" for name, trouble in unplaced.items()],
                hint=f'`eval "$(harness env)"` sets the variables of a stack that `harness up` started; {otherwise}',
            )

    def remarks(self, component: Component) -> tuple[str, ...]:
        """What a person who gave a base URL may not expect, a sentence each."""
        told = [name for name in _address_variables(component) if self._variables.get(name)]
        if not self._base_url or not told:
            return ()
        verb = "says" if len(told) == 1 else "say"
        return (f"{', '.join(told)} {verb} where it is, and not the base URL",)

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Nothing to prepare."""

    async def start(self, step: Step) -> Attached:
        """Find out where the component listens."""
        return self.attach(step.component).as_planned(step)

    def attach(self, component: Component) -> Attached:
        """A component as the variables describe it, without a look at whether it is there.

        Raises:
            UsageError: a variable holds no URL, or no port, where its export says one.
        """
        given = self._given(component)
        endpoints = {target: self._endpoint(component, target, given) for target in _targets(component)}
        found = {target: endpoint for target, endpoint in endpoints.items() if endpoint is not None}
        environment = dict(component.environment) | {
            name.removeprefix("env."): value for name, value in given.items() if name.startswith("env.")
        }
        return Attached(component, found, environment)

    async def aclose(self) -> tuple[str, ...]:
        """Nothing was made, nothing is left."""
        return ()

    def _trouble(self, component: Component) -> str:
        """Why it is not known where a component listens; empty when a person has said something that tells.

        A port alone tells it only of one that exports no host: of others it would be looked for at the wrong place.
        """
        try:
            endpoints = self.attach(component).endpoints
        except UsageError as error:
            return error.message
        exports, names = component.settings.exports, _address_variables(component)
        hosts = [name for name in names if not exports[name].startswith("{port")]
        is_told = bool(self._base_url) or any(self._variables.get(name) for name in hosts or names)
        if not names or (is_told and endpoints):
            return ""
        unset = [name for name in names if not self._variables.get(name)]
        return f"{', '.join(unset)} not set" if unset else "its port is not published"

    def _given(self, component: Component) -> Mapping[str, str]:
        """What the variables say, by the placeholder that the export stands for: `url`, `host`, `env.NAME` …."""
        given = {}
        for name, template in component.settings.exports.items():
            if _ONE_PLACEHOLDER.fullmatch(template) and name in self._variables:
                placeholder = template.strip("{}")
                _require(name, placeholder, self._variables[name])
                given[placeholder] = self._variables[name]
        return given

    def _endpoint(self, component: Component, target: int, given: Mapping[str, str]) -> Endpoint | None:
        if url := given.get("url"):
            parts = urlsplit(url)
            return Endpoint(parts.hostname or "", _port(parts) or 0, target, parts.scheme)
        base = urlsplit(self._base_url.replace(_COMPONENT, component.name))
        told = given.get(f"port:{target}") or given.get("port")
        port = int(told) if told else self._usual(component, target, base)
        host = given.get("host") or base.hostname or _THIS_MACHINE
        return Endpoint(host, port, target, base.scheme or "http") if port else None

    def _usual(self, component: Component, target: int, base: SplitResult) -> int | None:
        """The port of a component that no variable tells: a gateway's, else the published one, else its own."""
        is_gateway = base.port is not None or _COMPONENT in self._base_url
        if is_gateway and _speaks_http(component):
            return _port(base)
        published = next((p.published for p in component.ports if p.target == target), None)
        is_open = not component.ports and bool(_address_variables(component))
        return published or (target if is_open else None)


def _address_variables(component: Component) -> tuple[str, ...]:
    """The variables that can say where a component is: those of exports that are an address and nothing else."""
    exports = component.settings.exports
    return tuple(name for name, template in exports.items() if _ADDRESS.fullmatch(template))


def _targets(component: Component) -> tuple[int, ...]:
    """The container ports of the file; of a well-known image that exports an address, the port it is known by."""
    usual = usual_port(component) if _address_variables(component) else None
    return component.targets or ((usual,) if usual else ())


def _speaks_http(component: Component) -> bool:
    """Whether a component is one of those that a gateway passes on to: it exports a URL, or is no known store."""
    told = [component.settings.exports[name] for name in _address_variables(component)]
    return "{url}" in told if told else usual_port(component) is None


def _require(variable: str, placeholder: str, value: str) -> None:
    """A variable has to hold what its export would put there. Its value may be secret: it is not shown."""
    kind = placeholder.partition(":")[0]
    if kind == "url" and value and not _port(urlsplit(value)):
        raise UsageError(f"{variable} holds no URL with a host and a known port")
    if kind == "port" and value and not value.isdigit():
        raise UsageError(f"{variable} holds no port but {value!r}")


def _is_base(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in _WEB and _port(parts) is not None and parts.path in ("", "/")


def _port(parts: SplitResult) -> int | None:
    """The port of a URL, written or meant by its scheme; None for what is no URL of a host."""
    try:
        return (parts.port or DEFAULT_PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:  # letters in place of a port
        return None
