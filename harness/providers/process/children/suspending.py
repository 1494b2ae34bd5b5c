"""Why this exists: a component stands still only when every process of it does, also those it is starting just now."""

import signal

from harness.providers.process.tracking.ownership import owned


def suspend(environment_id: str, component: str, leader: int) -> None:
    """Stop every process of a component. One that was started meanwhile is found by looking again.

    Args:
        environment_id: What they carry.
        component: Its name.
        leader: Its first process, which lives.
    """
    stopped: set[int] = set()
    while new := _signal(signal.SIGSTOP, environment_id, component, leader) - stopped:
        stopped |= new


def resume(environment_id: str, component: str, leader: int) -> None:
    """Let every process of a component go on."""
    _signal(signal.SIGCONT, environment_id, component, leader)


def _signal(number: signal.Signals, environment_id: str, component: str, leader: int) -> set[int]:
    """Signal what is there now and tell which processes that were."""
    found = owned(environment_id, component=component, leader=leader)
    for process in found:
        process.send(number)
        process.close()
    return {process.pid for process in found}
