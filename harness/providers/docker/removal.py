"""Why this exists: what carries a label is removed in the one order that works, and what resists is named."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any

from docker.errors import APIError, NotFound
from requests import RequestException

from harness.providers.docker.failures import told_by

_AT_ONCE = 8


def clear(client: Any, label_filter: str) -> tuple[str, ...]:
    """Remove every container, then every network, volume and image, that carries a label; names what could not be."""
    try:
        return tuple(_removed_all(client, {"label": label_filter}))
    except RequestException as error:  # the engine does not even say what there is
        return (f"what has the label {label_filter} on the engine: {told_by(error)}",)


def _removed_all(client: Any, filters: dict[str, str]) -> list[str]:
    told = list(_containers_removed(client, filters))
    for network in client.networks.list(filters=filters):
        told += _removed("network", network.name, partial(_network_removed, network))
    for volume in client.volumes.list(filters=filters):
        told += _removed("volume", volume.name, volume.remove)
    for image in client.images.list(filters=filters):
        name = next(iter(image.tags), image.id)  # somebody may have removed its name alone
        told += _removed("image", name, partial(client.images.remove, image.id, force=True))
    return told


def _containers_removed(client: Any, filters: dict[str, str]) -> Iterator[str]:
    """Until none is found anew: a component that has the engine's socket makes others while it is there."""
    seen = set[str]()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while found := [made for made in _containers(client, filters) if made.id not in seen]:
            seen.update(made.id for made in found)
            yield from chain.from_iterable(threads.map(_container_removed, found))


def _containers(client: Any, filters: dict[str, str]) -> Iterable[Any]:
    return client.containers.list(all=True, filters=filters, ignore_removed=True)  # type: ignore[no-any-return]  # the SDK tells no types


def _container_removed(container: Any) -> Iterable[str]:
    return _removed("container", container.name, partial(container.remove, force=True, v=True))


def _network_removed(network: Any) -> None:
    """Also one with somebody else's container in it: that which a killed keeper ran in."""
    try:
        network.remove()
    except APIError:
        network.reload()
        for container_id in network.attrs["Containers"] or ():
            network.disconnect(container_id, force=True)
        network.remove()


def _removed(kind: str, name: str, remove: Callable[[], object]) -> Iterable[str]:
    """Nothing, or what could not be removed, with the reason."""
    try:
        remove()
    except NotFound:
        return ()
    except APIError as error:
        return (f"{kind} {name}: {told_by(error)}",)
    return ()
