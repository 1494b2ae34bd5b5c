"""Why this exists: the few calls to a container engine that Jonar makes, over the socket mounted into its container.

Paths carry no version of the API, so that old and new engines each answer with what they have.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx2

SOCKET = "/var/run/docker.sock"
_TIMEOUT = 30.0  # seconds; starting a container on a busy machine may take some
_HEADER = 8  # bytes before each piece of output: the stream's number, three zeros, the length


class EngineError(OSError):
    """The engine refused, or did not answer. `status` is that of its answer, 0 without any."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Engine:
    """A client of one engine. Close with `aclose`.

    Args:
        transport: Leads to it; by default through its socket.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        # Every replica's output holds a connection, so there is no bound.
        self._client = httpx2.AsyncClient(
            transport=transport
            or httpx2.AsyncHTTPTransport(uds=SOCKET, verify=False, limits=httpx2.Limits()),
            base_url="http://engine",
            timeout=_TIMEOUT,
        )

    async def get(self, path: str, **parameters: Any) -> Any:
        """What the engine tells of something, as JSON values.

        Raises:
            EngineError: it refused, as do the other calls.
        """
        return await self._call("GET", path, parameters)

    async def post(self, path: str, body: Mapping[str, Any] | None = None, **parameters: Any) -> Any:
        """Have something made or done; what the engine tells of it."""
        return await self._call("POST", path, parameters, body)

    async def delete(self, path: str, **parameters: Any) -> None:
        """Have something removed."""
        await self._call("DELETE", path, parameters)

    async def list_containers(self, filters: Mapping[str, Sequence[str]]) -> Sequence[Any]:
        """The containers that match, those that do not run included."""
        listed: Sequence[Any] = await self.get("/containers/json", all="1", filters=json.dumps(filters))
        return listed

    async def remove(self, container: str) -> None:
        """End a container by force and remove it with its anonymous volumes. Idempotent."""
        try:
            await self.delete(f"/containers/{container}", force="1", v="1")
        except EngineError as error:
            # 409: another removal of it is under way
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    @asynccontextmanager
    async def events(self, filters: Mapping[str, Sequence[str]]) -> AsyncIterator[AsyncIterator[Any]]:
        """What happens on the engine from the moment the block begins; each event as JSON values."""
        async with self._stream("/events", {"filters": json.dumps(filters)}) as response:
            yield (json.loads(line) async for line in response.aiter_lines())

    async def output(self, container: str) -> AsyncIterator[bytes]:
        """What a container has written and writes, in pieces, until it ends."""
        path, parameters = f"/containers/{container}/logs", {"follow": "1", "stdout": "1", "stderr": "1"}
        async with self._stream(path, parameters) as response:
            held = b""
            async for chunk in response.aiter_raw():
                pieces, held = unframed(held + chunk)
                for piece in pieces:
                    yield piece

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, parameters: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            response = await self._client.request(method, path, params=parameters, json=body)
        except httpx2.TransportError as error:
            raise _unreachable(error) from error
        if response.is_error:
            raise _refusal(method, path, response)
        return response.json() if response.content else None

    @asynccontextmanager
    async def _stream(self, path: str, parameters: Mapping[str, str]) -> AsyncIterator[httpx2.Response]:
        endless = httpx2.Timeout(_TIMEOUT, read=None)
        try:
            async with self._client.stream("GET", path, params=parameters, timeout=endless) as response:
                if response.is_error:
                    await response.aread()
                    raise _refusal("GET", path, response)
                yield response
        except httpx2.TransportError as error:
            raise _unreachable(error) from error


def unframed(told: bytes) -> tuple[list[bytes], bytes]:
    """The whole pieces of a container's output, and the beginning of the one that is not whole yet."""
    pieces = []
    while len(told) >= _HEADER:
        end = _HEADER + int.from_bytes(told[4:_HEADER], "big")
        if len(told) < end:
            break
        pieces.append(told[_HEADER:end])
        told = told[end:]
    return pieces, told


def _refusal(method: str, path: str, response: httpx2.Response) -> EngineError:
    try:
        told = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        told = response.text.strip()
    return EngineError(
        f"{method} {path}: the engine answers {response.status_code}: {told}", response.status_code
    )


def _unreachable(error: httpx2.TransportError) -> EngineError:
    return EngineError(
        f"the container engine does not answer at {SOCKET} ({error}): mount its socket there, and let Jonar's "
        "user have it (group_add with the socket's group)"
    )
