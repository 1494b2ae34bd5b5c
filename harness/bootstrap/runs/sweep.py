"""Why this exists: a keeper that was killed, or a machine that went down, tidies up nothing; the next command does.

Only what is proved to be ours is touched: environments of this user whose keeper's lock is free, the processes and
containers that carry their ids, and the folders named after them.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.bootstrap.runs.run_folder import temporary_folder
from harness.containers.engine import has_labelled
from harness.core.errors import HarnessError, ProviderUnavailableError
from harness.keeper import folders
from harness.providers.docker.labels import ENVIRONMENT
from harness.providers.names import DOCKER, KUBERNETES
from harness.providers.process.storage.folders import left_by, left_by_reboot, remove
from harness.providers.process.tracking.ownership import end_now

_TIMEOUT = 2.0  # seconds that killed processes get to vanish


def sweep(*, engine: bool = False, cluster: str = "") -> tuple[list[str], list[str]]:
    """Remove what dead keepers left.

    Args:
        engine: Look for containers also when no folder tells of any, as after a reboot.
        cluster: A context of the kubeconfig: look there for namespaces also when no folder tells of any.

    Returns:
        The ids of the environments that were found dead, and in words what of them could not be removed. What stays
        is found again by the next sweep.
    """
    dead = [(folder, about) for folder, about in folders.known() if not folders.is_kept(folder)]
    left = {about.environment_id: _end(about.environment_id) for _, about in dead}
    leftovers = [told for each in left.values() for told in each]
    for data in left_by_reboot():
        leftovers += remove(data)
    swept = list(left)
    engine = engine or any(about.provider == DOCKER for _, about in dead)
    containers, of_engine = _sweep_engine() if engine else ([], [])
    contexts = {about.context for _, about in dead if about.provider == KUBERNETES} | {cluster} - {""}
    namespaces, of_clusters = _sweep_clusters(contexts)
    swept += [environment_id for environment_id in (*containers, *namespaces) if environment_id not in left]
    elsewhere = {DOCKER: of_engine, KUBERNETES: of_clusters}
    for folder, about in dead:
        if not (left[about.environment_id] or elsewhere.get(about.provider)):
            folders.remove(folder)  # only now: it is what tells the next sweep of what stays
    for folder in folders.unclaimed():
        folders.remove(folder)
    folders.tidy()
    return swept, leftovers + of_engine + of_clusters


def _end(environment_id: str) -> list[str]:
    """End the processes of an environment and remove its data; in words, what stays."""
    left = end_now(environment_id, _TIMEOUT)
    shutil.rmtree(temporary_folder(environment_id), ignore_errors=True)
    for data in left_by(environment_id):
        left += remove(data)
    return left


def _sweep_engine() -> tuple[list[str], list[str]]:
    try:
        if not has_labelled(ENVIRONMENT):  # as most often
            return [], []
        from harness.providers.docker.sweep import sweep_engine  # noqa: PLC0415 - the SDK is an extra, slow to import

        return sweep_engine(_lives)
    except ProviderUnavailableError:  # whoever needs the engine is told; the labels stay until then
        return [], []


def _sweep_clusters(contexts: Iterable[str]) -> tuple[list[str], list[str]]:
    from harness.providers.kubernetes.namespaces.sweep import sweep_cluster  # noqa: PLC0415 - rarely wanted

    swept: list[str] = []
    leftovers: list[str] = []
    for context in sorted(contexts):
        try:
            found, left = sweep_cluster(context, _lives)
        except HarnessError as error:  # unlike an engine's, nobody else would tell of it
            found, left = [], [f"what is in the cluster of context {context}: {error.line}"]
        swept += found
        leftovers += left
    return swept, leftovers


def _lives(folder: Path) -> bool:
    return folder.exists() and folders.is_kept(folder)
