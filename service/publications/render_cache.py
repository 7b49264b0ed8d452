"""The rendered bodies of one publication, and the addresses that lead to them."""

import asyncio
import math
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass

from cachetools import LRUCache

from service.http.conditional import Representation

Key = tuple[Hashable, ...]

MAX_FILTERED_BYTES = 64 * 1024 * 1024
OBJECTS_BYTES = 9 * 1024  # memory of a body's headers and objects, in addition to its bytes, as measured
MAX_ALIASES = 20_000
RENDERED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class CacheAlias:
    """The body that an address led to before, by its key, and the template of its route.

    `expires_at` is in seconds of a monotonic clock.
    """

    key: Key
    route: str
    expires_at: float = math.inf


class RenderCache:
    """Bodies by key, and keys by address. Complete bodies stay; filtered ones stay while there is room."""

    def __init__(self, room: int = MAX_FILTERED_BYTES) -> None:
        self._complete: dict[Key, Representation] = {}
        self._filtered: LRUCache[Key, Representation] = LRUCache(room, getsizeof=_memory_bytes)
        self._aliases: dict[Key, CacheAlias] = {}
        self._rendering: dict[Key, asyncio.Task[Representation]] = {}
        self._few = asyncio.Semaphore(RENDERED_AT_ONCE)

    def replace_complete(self, complete: dict[Key, Representation]) -> None:
        """Hold these bodies, and none of those held before."""
        self._complete = complete
        self._filtered.clear()
        self._aliases.clear()

    def has_complete(self, key: Key) -> bool:
        """Return whether the complete body of this key is held."""
        return key in self._complete

    async def get(self, key: Key, render: Callable[[], Representation]) -> Representation:
        """Return the representation under `key`, rendered off the event loop where there is none yet."""
        found = self._find(key)
        if found is not None:
            return found
        if key not in self._rendering:  # many requests for one body render it once
            task = asyncio.create_task(self._render(key, render))
            self._rendering[key] = task
            task.add_done_callback(lambda _: self._rendering.pop(key))
        return await asyncio.shield(self._rendering[key])

    def remember(self, address: Key, key: Key, route: str, lifetime_seconds: float = math.inf) -> None:
        """Let the next request for this address have the body without its route, for as long as the lifetime."""
        if len(self._aliases) >= MAX_ALIASES:  # more addresses than honest callers have
            self._aliases.clear()
        self._aliases[address] = CacheAlias(key, route, time.monotonic() + lifetime_seconds)

    def find_alias(self, address: Key) -> tuple[Representation, str] | None:
        """Return the body that this address led to, and the template of its route, where both are still known."""
        alias = self._aliases.get(address)
        if alias is None or alias.expires_at < time.monotonic():
            return None
        found = self._find(alias.key)
        return None if found is None else (found, alias.route)

    async def _render(self, key: Key, render: Callable[[], Representation]) -> Representation:
        async with self._few:
            rendered = await asyncio.to_thread(render)
        with suppress(ValueError):  # a body that is larger than the room is rendered at each request
            self._filtered[key] = rendered
        return rendered

    def _find(self, key: Key) -> Representation | None:
        try:
            return self._filtered[key]
        except KeyError:
            return self._complete.get(key)


def _memory_bytes(representation: Representation) -> int:
    return representation.size + OBJECTS_BYTES
