"""The keys in memory, read again every few seconds. While their store is away, those that were read last are valid."""

import asyncio
import logging
from typing import Protocol

from publication.errors import StoreUnreachableError
from service.auth.key_rows import StoredKeys, UnreadableKey
from service.auth.keys import Key
from service.errors import KeysUnreadableError

KEYS_TIMEOUT_SECONDS = 15.0
"""The time after which unread keys count as lost: longer than the limits of their store, whose errors say why."""

logger = logging.getLogger(__name__)


class Keys(Protocol):
    """The method of a key store that the service calls."""

    def read(self) -> StoredKeys: ...


class KeyCache:
    """Keys by id. Once a key was read, one is required until the process ends.

    `is_loaded`: it is certain which keys exist. It is not before they were read once; nor where there were none, and
    they can no longer be read, for the first may have been made since.
    """

    def __init__(self, store: Keys) -> None:
        self._store = store
        self._keys: dict[str, Key] = {}
        self._unreadable: frozenset[UnreadableKey] = frozenset()
        self.store_up = True
        self.is_loaded = False
        self.has_keys = False

    @property
    def is_empty(self) -> bool:
        """Return whether it is certain that there was never a key."""
        return self.is_loaded and not self.has_keys

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return every key that was read last."""
        return tuple(self._keys.values())

    def find(self, key_id: str) -> Key | None:
        """Return the key of that id, if there is one."""
        return self._keys.get(key_id)

    async def poll_once(self) -> bool:
        """Read the keys, off the event loop. A store that is away leaves `is_loaded`; no other failure does."""
        try:
            stored = await asyncio.to_thread(self._store.read)
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
            if self.has_keys and not stored:  # keys are revoked, never removed: their file or table is gone
                self._lost("The keys are not there any more. They are as they were: put back their file or table.")
            else:
                self._replace(stored)
        return False

    def timed_out(self, seconds: float = KEYS_TIMEOUT_SECONDS) -> None:
        """Count the store as lost while a poll takes longer than `seconds`."""
        self._lost(f"The keys have not been read for {seconds:g} seconds.")
        self.is_loaded = self.has_keys

    def _lost(self, sentence: str) -> None:
        if self.store_up:
            logger.error("%s", sentence)
        self.store_up = False

    def _replace(self, stored: StoredKeys) -> None:
        self._keys, self.store_up, self.is_loaded = {key.id: key for key in stored.keys}, True, True
        self.has_keys = self.has_keys or bool(stored)
        unreadable = frozenset(stored.unreadable)
        for key in sorted(unreadable - self._unreadable, key=lambda key: key.name):
            logger.error("The key %r cannot be read, and opens nothing: %s.", key.name, key.reason)
        self._unreadable = unreadable
