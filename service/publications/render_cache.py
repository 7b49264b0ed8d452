"""What has been rendered of one publication, and under which address it was asked for."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from service.http.conditional import Representation

Key = tuple[Hashable, ...]

FILTERED_BYTES_KEPT = 64 * 1024 * 1024
OBJECTS_BYTES = 9 * 1024  # what headers and objects of a body take in memory beside its bytes, as measured
ADDRESSES_KEPT = 20_000
RENDERED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class CacheAlias:
    """What an address led to before: the body's key, and the template of the route that gave it."""

    key: Key
    route: str


class RenderCache:
    """Bodies by key, and keys by address. Whole bodies are kept, filtered ones while there is room."""

    def __init__(self, room: int = FILTERED_BYTES_KEPT) -> None:
        self._kept: dict[Key, Representation] = {}
        self._passing: OrderedDict[Key, Representation] = OrderedDict()
        self._room = room
        self._taken = 0
        self._shortcuts: dict[Key, CacheAlias] = {}
        self._rendering: dict[Key, asyncio.Task[Representation]] = {}
        self._few = asyncio.Semaphore(RENDERED_AT_ONCE)

    def keep(self, whole: dict[Key, Representation]) -> None:
        """Hold these, and none of those held before."""
        self._kept = whole
        self._passing.clear()
        self._shortcuts.clear()
        self._taken = 0

    def keeps(self, key: Key) -> bool:
        return key in self._kept

    async def get(self, key: Key, render: Callable[[], Representation]) -> Representation:
        """The representation under `key`, rendered off the event loop where there is none yet."""
        found = self._find(key)
        if found is not None:
            return found
        if key not in self._rendering:  # a crowd that asks for the same body renders it once
            task = asyncio.create_task(self._render(key, render))
            self._rendering[key] = task
            task.add_done_callback(lambda _: self._rendering.pop(key))
        return await asyncio.shield(self._rendering[key])

    def remember(self, address: Key, key: Key, route: str) -> None:
        """Let who asks at this address again have the body without another look at what the address means."""
        if len(self._shortcuts) >= ADDRESSES_KEPT:  # more than an honest crowd asks for
            self._shortcuts.clear()
        self._shortcuts[address] = CacheAlias(key, route)

    def shortcut(self, address: Key) -> tuple[Representation, str] | None:
        """The body that this address led to, and the route, where both are still known."""
        known = self._shortcuts.get(address)
        if known is None:
            return None
        found = self._find(known.key)
        return None if found is None else (found, known.route)

    async def _render(self, key: Key, render: Callable[[], Representation]) -> Representation:
        async with self._few:
            made = await asyncio.to_thread(render)
        self._passing[key] = made
        self._taken += made.size + OBJECTS_BYTES
        while len(self._passing) > 1 and self._taken > self._room:
            _, gone = self._passing.popitem(last=False)
            self._taken -= gone.size + OBJECTS_BYTES
        return made

    def _find(self, key: Key) -> Representation | None:
        found = self._passing.get(key)
        if found is not None:
            self._passing.move_to_end(key)
            return found
        return self._kept.get(key)
