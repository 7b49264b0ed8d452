"""The keys in memory, read again every few seconds; a lost store leaves those that were read last."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Protocol

from publication.errors import StoreUnreachableError
from service.auth.errors import KeysUnreadableError
from service.auth.keys import Key
from service.auth.rows import StoredKeys, UnreadableKey

FIRST_LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 15.0
"""How long a look may take before the keys count as lost: longer than the store's own limits, which say why."""

logger = logging.getLogger(__name__)


class Keys(Protocol):
    """What is asked of a store of keys."""

    def read(self) -> StoredKeys: ...


class KeyCache:
    """Keys by id. Once there was a key, one is asked for until the end.

    `known`: it is certain which keys there are, or were a short while ago. Not before they were read once; and where
    there were none, no longer when they can no longer be read, for the first may have been made since.
    """

    def __init__(self, store: Keys, poll_seconds: float, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._patience_seconds = patience_seconds
        self._keys: dict[str, Key] = {}
        self._unreadable: frozenset[UnreadableKey] = frozenset()
        self.store_up = True
        self.is_loaded = False
        self.has_keys = False

    @property
    def is_empty(self) -> bool:
        """Whether there has never been a key, for certain."""
        return self.is_loaded and not self.has_keys

    def find(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Read before serving (but do not wait long), then again and again until left."""
        first = asyncio.create_task(self.poll_once())
        await asyncio.wait({first}, timeout=FIRST_LOOK_SECONDS)
        task = asyncio.create_task(self._look_on(first))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def poll_once(self) -> None:
        """Read the keys, off the event loop. A store that is away leaves what is known; no other failure does."""
        try:
            kept = await self._read()
        except StoreUnreachableError as error:
            self._lost(f"{error} Keys are as they were.")
        except KeysUnreadableError as error:
            self._lost(f"{error} Keys are as they were, and without any nobody is let in.")
            self.is_loaded = self.has_keys
        except Exception:
            if self.store_up:
                logger.exception("Reading the keys failed. They are as they were, and without any nobody is let in.")
            self.store_up, self.is_loaded = False, self.has_keys
        else:
            if self.has_keys and not kept:  # keys are revoked, never removed: their file or table is gone
                self._lost("The keys are not there any more. They are as they were: put back their file or table.")
            else:
                self._take(kept)

    async def _read(self) -> StoredKeys:
        reading = asyncio.create_task(asyncio.to_thread(self._store.read))
        await asyncio.wait({reading}, timeout=self._patience_seconds)
        if not reading.done():
            self._lost(f"The keys have not been read for {self._patience_seconds:g} seconds.")
            self.is_loaded = self.has_keys
        return await reading

    def _lost(self, sentence: str) -> None:
        if self.store_up:
            logger.error("%s", sentence)
        self.store_up = False

    def _take(self, kept: StoredKeys) -> None:
        self._keys, self.store_up, self.is_loaded = {key.id: key for key in kept.keys}, True, True
        self.has_keys = self.has_keys or bool(kept)
        unreadable = frozenset(kept.unreadable)
        for key in sorted(unreadable - self._unreadable, key=lambda key: key.name):
            logger.error("The key %r cannot be read, and opens nothing: %s.", key.name, key.reason)
        self._unreadable = unreadable

    async def _look_on(self, first: "asyncio.Task[None]") -> None:
        await first
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.poll_once()
