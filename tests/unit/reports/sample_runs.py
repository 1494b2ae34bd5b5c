"""Why this exists: runs as a real ecosystem states them, one for each verdict, for tests and for looking at."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.events.facts import (
    CaseFinished,
    CaseStarted,
    ComponentChanged,
    ComponentExited,
    CoverageMeasured,
    DataSeeded,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    FaultHealed,
    FaultInjected,
    FigureMeasured,
    Outcome,
    PlanMade,
    RunFinished,
    RunStarted,
    State,
    SuitesCollected,
    TimeSpent,
)

BEGAN = 1_795_270_502.0  # 2026-11-21 14:15:02 UTC

# Component: level, waits until, begins to probe, is ready (seconds after the start).
STARTS: Mapping[str, tuple[int, float, float, float]] = {
    "test-database": (0, 0.024, 0.121, 0.178),
    "test-redis": (0, 0.024, 0.031, 0.044),
    "test-migrations": (1, 0.178, 0.182, 0.241),
    "test-distilera": (2, 0.241, 0.262, 0.327),
    "test-hoardwell": (2, 0.241, 0.259, 0.301),
    "test-mercatrix": (2, 0.241, 0.264, 0.334),
    "test-jonar": (2, 0.241, 0.266, 0.352),
}
PATH = (
    ("process provider", "preparing", 0.024),
    ("test-database", "starting", 0.097),
    ("test-database", "probing", 0.057),
    ("test-migrations", "starting", 0.004),
    ("test-migrations", "completing", 0.059),
    ("test-jonar", "starting", 0.025),
    ("test-jonar", "probing", 0.086),
    ("seed data", "seeding", 0.116),
)

TRACEBACK = """\
self = <test_economy.TestMercatrix object at 0x7f2c>, mercatrix = <MercatrixClient http://127.0.0.1:40312>

    async def test_balance_after_payment(self, mercatrix, hoardwell):
        payment = await mercatrix.process_transaction(PAYMENT)
        balance = await mercatrix.get_user_balance("alchemist_001")
>       assert balance.essence_coins == Decimal("400.00")
E       AssertionError: assert Decimal('500.00') == Decimal('400.00')
E        +  where Decimal('500.00') = Balance(user='alchemist_001', essence_coins=Decimal('500.00')).essence_coins

tests/component/test_economy.py:41: AssertionError"""

SERVER_ERROR = """\
    async def test_create_user_conflict(api_client, auth_headers):
        await api_client.post("/api/v1/users/", json=USER, headers=auth_headers)
        response = await api_client.post("/api/v1/users/", json=USER, headers=auth_headers)
>       assert response.status_code == 409
E       assert 500 == 409
E        +  where 500 = <Response [500 Internal Server Error]>.status_code

tests/api/test_users.py:88: AssertionError"""


def begin(command: str = "harness test") -> Iterator[Event]:
    """The run and its plan."""
    yield RunStarted(
        at=BEGAN,
        run_id="20261121-141502-9f3a",
        ecosystem="runeframeos-test",
        provider="process",
        command=command,
        seed=4711,
    )
    levels = tuple(tuple(n for n, start in STARTS.items() if start[0] == level) for level in range(3))
    yield PlanMade(at=BEGAN, levels=levels, skipped={"test-mailhog": "profile `mail` was not asked for"})


def _moves() -> list[ComponentChanged]:
    """Every component's changes up to ready, in the order of time."""
    moves: list[ComponentChanged] = []
    for name, (level, waits, probes, ready) in STARTS.items():
        done = State.COMPLETED if name == "test-migrations" else State.READY
        waiting = [(0.025, State.WAITING, "for test-database (ready)")] if level else []
        states = [*waiting, (waits, State.STARTING, ""), (probes, State.PROBING, ""), (ready, done, "")]
        old = State.PLANNED
        for at, new, detail in states:
            moves.append(ComponentChanged(at=BEGAN + at, component=name, old=old, new=new, detail=detail))
            old = new
    return sorted(moves, key=lambda move: move.at)


def start() -> Iterator[Event]:
    """A start-up that works."""
    yield from _moves()
    end = 0.0
    for component, what, seconds in PATH:
        end += seconds
        yield TimeSpent(at=BEGAN + end, component=component, what=what, duration=seconds)
    counts = {"users": 200, "simulations": 400, "listings": 120}
    yield DataSeeded(at=BEGAN + 0.468, counts=counts, digest="b1946ac9", duration=0.116)
    yield EnvironmentStarted(
        at=BEGAN + 0.468, environment_id="5f2c9a1b7e", duration=0.468, critical_path=PATH
    )


def collected(**by_suite: int) -> SuitesCollected:
    """What pytest found."""
    layers = {"unit": 412, "integration": 96, "e2e": 31}
    return SuitesCollected(at=BEGAN + 0.6, by_suite=by_suite, by_layer=layers)


def case(
    at: float,
    id_: str,
    outcome: Outcome = Outcome.PASSED,
    *,
    seconds: float = 0.02,
    message: str = "",
    details: str = "",
    output: Mapping[str, str] | None = None,
) -> Iterator[Event]:
    """A case that begins `at` seconds after the run, and ends."""
    suite = id_.split("/")[1]
    phases = {"setup": seconds * 0.2, "call": seconds * 0.75, "teardown": seconds * 0.05}
    yield CaseStarted(at=BEGAN + at, case=id_, suite=suite)
    yield CaseFinished(
        at=BEGAN + at + seconds,
        case=id_,
        suite=suite,
        outcome=outcome,
        duration=seconds,
        phases=phases,
        message=message,
        details=details,
        output=output or {},
        file=id_.partition("::")[0],
        line=12,
    )


def many(at: float, pattern: str, count: int, seed: int = 1) -> Iterator[Event]:
    """Passing cases of one file, of various lengths."""
    chance = random.Random(seed)  # noqa: S311 - durations to look at
    for number in range(count):
        seconds = 0.004 + chance.expovariate(30)
        yield from case(at, pattern.format(number), seconds=seconds)
        at += seconds


def measures(throughput: float = 1213.0) -> Iterator[Event]:
    """What a performance suite and the services' coverage state."""
    load = "tests/performance/test_load.py::test_hundred_users"
    measured = (
        ("average response time", 41.2, "ms", "< 200 ms", True),
        ("p95 response time", 112.7, "ms", "< 500 ms", True),
        ("error rate", 0.0, "", "< 0.01", True),
        ("throughput", throughput, "requests/s", "> 1000 requests/s", throughput > 1000),
    )
    for name, value, unit, limit, is_ok in measured:
        yield FigureMeasured(
            at=BEGAN + 20, case=load, figure=name, value=value, unit=unit, limit=limit, is_ok=is_ok
        )
    yield CoverageMeasured(
        at=BEGAN + 30,
        files={
            "services/distilera/app.py": (61, 64),
            "services/distilera/users.py": (118, 131),
            "services/distilera/simulations.py": (142, 203),
            "services/hoardwell/messages.py": (77, 80),
            "services/kernel/tokens.py": (54, 54),
            "services/kernel/outbox.py": (68, 71),
            "services/mercatrix/ledger.py": (131, 140),
            "services/jonar/autoscaler.py": (49, 96),
        },
    )


def suites() -> Iterator[Event]:
    """Cases that pass, skip or are expected to fail."""
    yield collected(component=20, api=38, e2e=8, performance=1)
    yield from many(1.0, "tests/component/test_simulations.py::TestAlchemy::test_reaction[{}]", 20)
    yield from many(2.5, "tests/api/test_users.py::TestUsers::test_page[{}]", 36, seed=2)
    yield from case(
        6.0,
        "tests/api/test_graphql.py::test_subscription",
        Outcome.SKIPPED,
        message="the schema has no subscriptions",
    )
    yield from case(6.1, "tests/api/test_websocket.py::test_replay", Outcome.XFAILED, message="issue 12")
    yield from many(7.0, "tests/e2e/test_journeys.py::test_user_journey[{}]", 8, seed=3)
    yield from case(12.0, "tests/performance/test_load.py::test_hundred_users", seconds=8.2)


def end(exit_code: int, seconds: float = 31.4, leftovers: tuple[str, ...] = ()) -> Iterator[Event]:
    """Teardown and the run's last word."""
    stopped = {n: State.STOPPED for n in STARTS if n != "test-migrations"}
    for name, state in stopped.items():
        yield ComponentChanged(at=BEGAN + seconds - 0.2, component=name, old=State.READY, new=State.STOPPING)
        yield ComponentChanged(at=BEGAN + seconds - 0.1, component=name, old=State.STOPPING, new=state)
    yield EnvironmentStopped(
        at=BEGAN + seconds, environment_id="5f2c9a1b7e", duration=0.21, leftovers=leftovers
    )
    yield RunFinished(at=BEGAN + seconds, exit_code=exit_code, duration=seconds)


def failures() -> Iterator[Event]:
    """Two cases that fail, one with an error, one that passes at its second attempt."""
    yield from case(
        21.0,
        "tests/component/test_economy.py::TestMercatrix::test_balance_after_payment",
        Outcome.FAILED,
        seconds=0.412,
        message="AssertionError: assert Decimal('500.00') == Decimal('400.00')",
        details=TRACEBACK,
        output={
            "Captured stdout call": "payment tx_8842 accepted\nwaiting for transaction_processed … seen after 38 ms"
        },
    )
    yield from case(
        22.0,
        "tests/api/test_users.py::test_create_user_conflict",
        Outcome.FAILED,
        seconds=0.087,
        message="assert 500 == 409",
        details=SERVER_ERROR,
        output={"Captured log call": "INFO httpx2 POST http://127.0.0.1:40310/api/v1/users/ 500"},
    )
    latency = {"fault": "Latency", "components": ("test-hoardwell",), "number": 1}
    settings = "component='test-hoardwell', delay=0.5, jitter=0.1, seed=0"
    yield FaultInjected(at=BEGAN + 23.2, detail=settings, **latency)  # type: ignore[arg-type]  # of several types
    yield FaultHealed(at=BEGAN + 24.9, duration=1.7, reason="its owner asked", **latency)  # type: ignore[arg-type]  # of several types
    yield from case(
        23.0,
        "tests/e2e/test_journeys.py::test_marketplace",
        Outcome.ERROR,
        seconds=2.04,
        message="TimeoutError: no `listing_created` within 2 s; last seen: listing_reserved at 14:15:24.9",
        details="tests/ecosystem.py:71: in listing\n    await hoardwell.wait_for('x', timeout=2)\nE   TimeoutError",
    )
    again = "tests/api/test_websocket.py::test_broadcast_across_processes"
    yield from case(
        26.0, again, Outcome.FAILED, message="no user_update within 1 s", details="E   TimeoutError"
    )
    yield from case(27.0, again, seconds=0.31)


def passing() -> list[Event]:
    """Everything passed."""
    return [*begin(), *start(), *suites(), *measures(), *end(0)]


def failing() -> list[Event]:
    """Two failures, one error, one case that needed two attempts."""
    command = "harness test component api e2e performance"
    more = collected(component=21, api=40, e2e=9, performance=1)
    return [*begin(command), *start(), *suites(), more, *failures(), *measures(874.0), *end(1)]


def interrupted() -> list[Event]:
    """Killed while two workers were busy: the log just ends."""
    tests = "tests/e2e/test_journeys.py::test_"
    running = [
        CaseStarted(at=BEGAN + 21.2, case=f"{tests}economic_workflow", suite="e2e", worker="gw0"),
        CaseStarted(at=BEGAN + 24.0, case=f"{tests}disaster_recovery", suite="e2e", worker="gw1"),
    ]
    return [*begin("harness test -n 2"), *start(), *suites(), collected(e2e=22), *running]


def broken() -> list[Event]:
    """Jonar crashed while it started."""
    moves = [move for move in _moves() if move.at < BEGAN + 0.3]
    last = (
        "INFO     jonar.app starting with JONAR_RUNTIME=process",
        "ERROR    jonar.runtime cannot read /etc/jonar/limits.toml",
        "Traceback (most recent call last):",
        '  File "services/jonar/runtime.py", line 48, in limits',
        "    return tomllib.loads(path.read_text())",
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/jonar/limits.toml'",
    )
    return [
        *begin(),
        *moves,
        ComponentExited(
            at=BEGAN + 0.3,
            component="test-jonar",
            exit_code=1,
            expected=False,
            last_lines=last,
            awaited_by=(("the tests",), ("ui", "the demo")),
        ),
        ComponentChanged(
            at=BEGAN + 0.3, component="test-jonar", old=State.PROBING, new=State.FAILED, detail="exit code 1"
        ),
        EnvironmentFailed(
            at=BEGAN + 0.3,
            message="test-jonar ended with exit code 1 after 59 ms, before it was ready",
            hint="See logs/test-jonar.log, or start it alone: harness up test-jonar",
            evidence=last,
        ),
        *end(3, 0.52),
    ]


def left_behind() -> list[Event]:
    """Everything passed, and a process would not go."""
    leftovers = ("process 4242 (jonar-replica-3) does not answer SIGKILL",)
    return [*begin(), *start(), *suites(), *end(4, leftovers=leftovers)]


def large(count: int = 10_000, every: int = 500) -> list[Event]:
    """Many cases; each `every`th fails."""
    events = [*begin("harness test -n 8"), *start()]
    by_suite = dict.fromkeys(("component", "api", "e2e", "security"), count // 4)
    events.append(collected(**by_suite))
    chance = random.Random(5)  # noqa: S311 - durations to look at
    for number in range(count):
        suite = list(by_suite)[number * 4 // count]
        id_ = f"tests/{suite}/test_area_{number // 60}.py::TestSomething::test_behaviour_{number}[admin-json]"
        is_bad = number % every == every - 1
        message, details = ("assert 500 == 409", SERVER_ERROR) if is_bad else ("", "")
        outcome = Outcome.FAILED if is_bad else Outcome.PASSED
        seconds = 0.002 + chance.expovariate(60)
        events += case(1 + number * 0.003, id_, outcome, seconds=seconds, message=message, details=details)
    return [*events, *measures(), *end(1, count * 0.003 + 5)]


LOGS = {
    "test-distilera": [
        (21.91, "INFO     request POST /api/v1/users/ 201 18.2ms user=admin"),
        (22.04, "INFO     request POST /api/v1/users/ started user=admin"),
        (22.05, "ERROR    unhandled asyncpg.exceptions.UniqueViolationError"),
        (22.05, 'DETAIL:  Key (email)=(test@example.com) already exists in constraint "users_email_key"'),
        (22.06, "INFO     request POST /api/v1/users/ 500 21.7ms user=admin"),
    ],
    "test-database": [
        (22.045, 'ERROR:  duplicate key value violates unique constraint "users_email_key"'),
        (22.046, "STATEMENT:  INSERT INTO users (id, name, email) VALUES ($1, $2, $3) RETURNING id"),
    ],
    "test-mercatrix": [
        (21.02, "INFO     transaction tx_8842 alchemist_001 → synthesizer_002 100.00 essence_coins accepted"),
        (21.05, "WARNING  outbox relay is 1 entry behind"),
        (21.38, "INFO     ledger sum 0.00 over 2 accounts"),
    ],
    "test-hoardwell": [(21.06, "INFO     consumed transaction_processed tx_8842 (attempt 1)")],
}


def write_logs(folder: Path) -> Path:
    """The components' logs around the failing cases, as providers write them."""
    folder.mkdir(parents=True, exist_ok=True)
    for component, lines in LOGS.items():
        text = "".join(f"{BEGAN + at:.3f} {line}\n" for at, line in lines)
        (folder / f"{component}.log").write_text(text)
    return folder
