"""The keys in memory, read again every few seconds; a lost store leaves those that were read last."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Protocol

from publication.errors import StoreUnreachableError
from service.access.keys import Key

FIRST_LOOK_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Keys(Protocol):
    """What is asked of a store of keys."""

    def read(self) -> tuple[Key, ...]: ...


class Keyring:
    """Keys by id. `known` is false until they were read once; once there was a key, one is asked for until the end."""

    def __init__(self, store: Keys, poll_seconds: float) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._keys: dict[str, Key] = {}
        self.up = True
        self.known = False
        self.has_keys = False

    def find(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Read before serving (but do not wait long), then again and again until left."""
        first = asyncio.create_task(self.look())
        await asyncio.wait({first}, timeout=FIRST_LOOK_SECONDS)
        task = asyncio.create_task(self._look_on(first))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def look(self) -> None:
        """Read the keys, off the event loop."""
        try:
            read = await asyncio.to_thread(self._store.read)
        except StoreUnreachableError as error:
            if self.up:
                logger.error("%s Keys are as they were.", error)
            self.up = False
        except Exception:
            logger.exception("Reading the keys failed. They are as they were.")
        else:
            self._keys, self.up, self.known = {key.id: key for key in read}, True, True
            self.has_keys = self.has_keys or bool(read)

    async def _look_on(self, first: "asyncio.Task[None]") -> None:
        await first
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.look()
