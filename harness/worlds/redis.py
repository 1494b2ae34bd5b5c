"""Why this exists: snapshots of a Redis: what differs from one, and only that, is put back.

Values are compared and put back in the server's own form (DUMP, RESTORE), streams with their consumer groups among
them; so are libraries of functions, which are data of the server as keys are. Whether anything was written at all is
told by the server's own count of calls of commands that write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from harness.core.data_files import DataFiles
from harness.core.endpoint import Endpoint
from harness.worlds.error import WorldError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_FOR_EVER = 0  # what RESTORE takes for no expiry
_COMPARED = b"harness:compared"  # a key that is there for a moment
_COUNTS = ("run_id", "expired_keys", "evicted_keys")
_Place = tuple[int, bytes]  # a database's number, and a key in it


@dataclass(frozen=True, slots=True)
class _Value:
    """What DUMP says, and how many milliseconds it had to live; 0 for ever."""

    dump: bytes
    lives: int

    def differs(self, now: "_Value | None") -> bool:
        """Whether it was changed; that it has less to live by now is no change."""
        if now is None or self.dump != now.dump:
            return True
        return (self.lives == _FOR_EVER) != (now.lives == _FOR_EVER)

    def is_still(self, now: "_Value | None") -> bool:
        """Whether nothing has to be put back. What has an expiry has less of it by now."""
        return now is not None and self.dump == now.dump and self.lives == now.lives == _FOR_EVER


@dataclass(frozen=True, slots=True)
class _Functions:
    """What FUNCTION DUMP says, and the code of each library by its name."""

    dump: bytes
    libraries: Mapping[bytes, bytes]

    def differing(self, now: "_Functions | None") -> tuple[str, ...]:
        """The libraries that are not as these are, as people are told of them."""
        others = self.libraries.items() ^ (now.libraries if now else {}).items()
        return tuple(sorted(f"function library {name.decode(errors='replace')}" for name in dict(others)))


@dataclass(slots=True)
class _Snapshot:
    """All keys as they were.

    Args:
        values: What they held.
        functions: The functions; None of a server that knows none.
        writes: What the server had counted when it last was like that.
    """

    values: Mapping[_Place, _Value]
    functions: _Functions | None
    writes: tuple[object, ...]

    @property
    def is_expiring(self) -> bool:
        """Whether keys go by themselves, which is no write."""
        return any(value.lives != _FOR_EVER for value in self.values.values())


class RedisStore:
    """All keys of one Redis, in all its databases. `RedisStore.open` makes it."""

    def __init__(self, component: str, client: "Redis") -> None:
        self.component = component
        self._client = client
        self._writing: tuple[str, ...] = ()
        self._snapshots: dict[str, _Snapshot] = {}

    @classmethod
    async def open(cls, component: str, at: Endpoint, password: str | None) -> Self:
        """Learn what the server can do.

        Args:
            component: Whose keys they are, for messages.
            at: Where the server listens.
            password: What it asks for; None where it asks for nothing.

        Raises:
            WorldError: the server refuses, or is not reached.
        """
        from redis.asyncio import Redis  # noqa: PLC0415 - an ecosystem without Redis does not pay for it
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        store = cls(
            component, Redis(host=at.host, port=at.port, password=password, single_connection_client=True)
        )
        try:
            store._writing = await store._commands_that_write()
        except BaseException as error:  # also when nobody waits for it any more
            await store.aclose()
            if not isinstance(error, RedisError):
                raise
            raise WorldError(f"{component}: its keys cannot be kept: {error}") from error
        return store

    async def activity(self) -> object:
        """How often a key was changed. Raises WorldError: the server is not reached."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        try:
            told = await self._client.info("persistence")
            return told["rdb_changes_since_last_save"], told["rdb_last_save_time"]
        except RedisError as error:
            raise WorldError(f"{self.component}: its activity cannot be told: {error}") from error

    async def keep(self, snapshot: str) -> None:
        """Keep every key as it is now.

        Raises:
            WorldError: the server refuses, or is not reached.
        """
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        try:
            counts = await self._counted()  # what is written from here on is looked for by the next reset
            self._snapshots[snapshot] = _Snapshot(await self._read(), await self._functions(), counts)
        except RedisError as error:
            raise WorldError(f"{self.component}: its keys cannot be kept: {error}") from error

    async def reset(self, snapshot: str) -> tuple[str, ...]:
        """Put back the keys that differ; their names, with the number of their database before those not in 0.

        Libraries of functions come after them.

        Raises:
            WorldError: the server refuses, or is not reached.
        """
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        kept = self._snapshots[snapshot]
        try:
            if not kept.is_expiring and await self._counted() == kept.writes:
                return ()
            functions = await self._put_back_functions(kept)
            changed = await self._put_back(kept)
        except RedisError as error:
            raise WorldError(f"{self.component}: its keys cannot be put back: {error}") from error
        return (*sorted(map(_shown, changed)), *functions)

    async def differences(self, snapshot: str) -> tuple[str, ...]:
        """The keys that are not as they were kept; how long they have to live is not compared.

        Raises:
            WorldError: the server is not reached.
        """
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        try:
            now, kept = await self._read(), self._snapshots[snapshot].values
            dumps = {place: value.dump for place, value in now.items()}.items()
            others = {
                place for place, _ in dumps ^ {place: value.dump for place, value in kept.items()}.items()
            }
            differing = [place for place in others if not await self._holds(place, kept.get(place))]
            then = self._snapshots[snapshot].functions
            functions = then.differing(await self._functions()) if then else ()
        except RedisError as error:
            raise WorldError(f"{self.component}: its keys cannot be compared: {error}") from error
        return (*sorted(map(_shown, differing)), *functions)

    async def _holds(self, place: _Place, value: _Value | None) -> bool:
        """Whether a set or hash has these members: they have no order, and reading alone may dump them in another."""
        number, key = place
        looking = self._client.pipeline(transaction=False)
        looking.execute_command("SELECT", number)
        looking.type(key)
        _, kind = await looking.execute()
        if value is None or kind not in {b"set", b"hash"}:
            return False
        comparing = self._client.pipeline(transaction=True)
        comparing.restore(_COMPARED, _FOR_EVER, value.dump, replace=True)
        for each in (_COMPARED, key):
            comparing.smembers(each) if kind == b"set" else comparing.hgetall(each)
        comparing.delete(_COMPARED)
        _, then, now, _ = await comparing.execute(raise_on_error=False)
        return bool(then == now)

    async def write_down(self) -> DataFiles:
        """SAVE: all keys are in its file when it answers."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - as above

        try:
            await self._client.save()
            told = await self._client.config_get("dir")
        except RedisError as error:
            raise WorldError(f"{self.component}: its keys cannot be copied: {error}") from error
        return DataFiles(str(told["dir"]))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _counted(self) -> tuple[object, ...]:
        """Equal as long as nothing was written."""
        return self._counts_in(await self._client.info("everything"))

    def _counts_in(self, told: Mapping[str, Any]) -> tuple[object, ...]:
        calls = (told.get(f"cmdstat_{name}", {}).get("calls", 0) for name in self._writing)
        return (*(told.get(name) for name in _COUNTS), *calls)

    async def _commands_that_write(self) -> tuple[str, ...]:
        """As the server itself classes them, `xgroup|create` among them (COMMAND)."""
        names = []
        for name, command in (await self._client.command()).items():
            names += [name] if "write" in command["flags"] else []
            names += [sub[0].decode() for sub in command.get("subcommands", ()) if b"write" in sub[2]]
        return tuple(sorted(names))

    async def _read(self) -> dict[_Place, _Value]:
        databases = [int(name.removeprefix("db")) for name in await self._client.info("keyspace")]
        listing = self._client.pipeline(transaction=False)
        for number in databases:
            listing.execute_command("SELECT", number)
            listing.keys("*")
        listed = (await listing.execute())[1::2]
        places = [(number, key) for number, keys in zip(databases, listed, strict=True) for key in keys]
        reading = self._client.pipeline(transaction=False)
        for number, key in places:
            reading.execute_command("SELECT", number)
            reading.dump(key)
            reading.pttl(key)
        told = await reading.execute()
        values = zip(places, told[1::3], told[2::3], strict=True)
        return {
            place: _Value(dump, max(lives, _FOR_EVER)) for place, dump, lives in values if dump is not None
        }

    async def _functions(self) -> _Functions | None:
        """None before Redis 7."""
        if "function|restore" not in self._writing:
            return None
        dump = await self._client.function_dump()
        listed: list[Any] = await self._client.function_list(withcode=True)
        told = (dict(zip(each[::2], each[1::2], strict=True)) for each in listed)
        return _Functions(dump, {each[b"library_name"]: each[b"library_code"] for each in told})

    async def _put_back_functions(self, snapshot: _Snapshot) -> tuple[str, ...]:
        if (kept := snapshot.functions) is None:
            return ()
        changed = kept.differing(await self._functions())
        if changed:
            restoring = self._client.pipeline(transaction=False)
            restoring.execute_command("FUNCTION RESTORE", kept.dump, "FLUSH")
            await restoring.execute()
        return changed

    async def _put_back(self, snapshot: _Snapshot) -> Iterable[_Place]:
        """All at once: nobody sees half of it."""
        now, kept = await self._read(), snapshot.values
        gone = sorted(now.keys() - kept.keys())
        other = [place for place, value in kept.items() if not value.is_still(now.get(place))]
        putting = self._client.pipeline(transaction=True)
        for number, key in gone:
            putting.execute_command("SELECT", number)
            putting.delete(key)
        for number, key in other:
            value = kept[number, key]
            putting.execute_command("SELECT", number)
            putting.restore(key, value.lives, value.dump, replace=True)
            putting.dump(key)
        putting.info("everything")
        *told, counts = (await putting.execute())[2 * len(gone) :]
        snapshot.writes = self._counts_in(counts)
        # the members of a set have no order: put back, they may be dumped in another one
        dumps = dict(zip(other, told[2::3], strict=True))
        snapshot.values = {
            place: replace(value, dump=dumps.get(place) or value.dump) for place, value in kept.items()
        }
        return (*gone, *(place for place in other if kept[place].differs(now.get(place))))


def _shown(place: _Place) -> str:
    number, key = place
    name = key.decode(errors="replace")
    return f"{number}:{name}" if number else name
