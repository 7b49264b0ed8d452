"""The state of the key cache after each poll, and what it logs."""

import asyncio
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publication.errors import StoreUnreachableError
from service.auth.key_cache import KeyCache
from service.auth.key_rows import StoredKeys, UnreadableKey
from service.auth.key_store import KeyStore
from service.auth.keys import Scope, new_key
from service.errors import KeysUnreadableError
from service.publications.poller import Poller

ODD = UnreadableKey("odd\nname", "scopes is 'read admin'")
WORSE = UnreadableKey("worse", "per_minute is 0")
SOME, NONE = StoredKeys(unreadable=(ODD,)), StoredKeys()
AWAY, DENIED, FAULT = StoreUnreachableError("away"), KeysUnreadableError("denied"), RuntimeError("fault")


class Script:
    """A store of keys that gives one answer after another."""

    def __init__(self, *answers: StoredKeys | Exception) -> None:
        self._answers = list(answers)

    def read(self) -> StoredKeys:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def polled(*answers: StoredKeys | Exception) -> KeyCache:
    key_cache = KeyCache(Script(*answers))
    for _ in answers:
        asyncio.run(key_cache.poll_once())
    return key_cache


@pytest.mark.parametrize(
    ("answers", "up", "known", "is_empty"),
    [
        ([NONE], True, True, True),
        ([SOME], True, True, False),
        ([AWAY], False, False, False),
        ([DENIED], False, False, False),
        ([FAULT], False, False, False),
        ([NONE, AWAY, AWAY], False, True, True),
        ([NONE, DENIED], False, False, False),
        ([NONE, FAULT], False, False, False),
        ([NONE, DENIED, AWAY], False, False, False),
        ([NONE, DENIED, NONE], True, True, True),
        ([NONE, SOME, NONE], False, True, False),
        ([SOME, NONE, SOME], True, True, False),
        ([SOME, AWAY], False, True, False),
        ([SOME, DENIED], False, True, False),
        ([SOME, FAULT], False, True, False),
    ],
)
def test_without_keys_it_is_open_only_while_that_is_certain(
    answers: list[StoredKeys | Exception], up: bool, known: bool, is_empty: bool
) -> None:
    key_cache = polled(*answers)
    assert (key_cache.store_up, key_cache.is_loaded, key_cache.is_empty) == (up, known, is_empty)


@pytest.mark.parametrize("error", [AWAY, DENIED, FAULT])
def test_a_failure_is_said_once_until_it_is_over(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    polled(error, error, error, NONE, error)
    assert len(caplog.records) == 2


def test_a_key_that_cannot_be_read_is_named_once_and_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        polled(SOME, SOME, StoredKeys(unreadable=(ODD, WORSE)), SOME)
    assert caplog.messages == [
        "The key 'odd\\nname' cannot be read, and opens nothing: scopes is 'read admin'.",
        "The key 'worse' cannot be read, and opens nothing: per_minute is 0.",
    ]


class Silent:
    """A store of keys that answers when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def read(self) -> StoredKeys:
        self.let.wait(10)
        return NONE


def test_keys_whose_file_is_gone_go_on_until_it_is_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "keys.db"
    store = KeyStore(f"sqlite:///{file}", writable=True)
    key, _ = new_key("board", frozenset({Scope.READ}), datetime(2026, 11, 22, tzinfo=UTC))
    store.add(key)
    key_cache = KeyCache(store)
    asyncio.run(key_cache.poll_once())
    file.rename(tmp_path / "gone.db")
    for _ in range(2):
        asyncio.run(key_cache.poll_once())
        assert (key_cache.find(key.id), key_cache.store_up) == (key, False)
    assert caplog.messages == ["The keys are not there any more. They are as they were: put back their file or table."]
    (tmp_path / "gone.db").rename(file)
    store.revoke("board", datetime(2026, 11, 23, tzinfo=UTC))
    asyncio.run(key_cache.poll_once())
    found = key_cache.find(key.id)
    assert found is not None
    assert found.revoked_at is not None
    store.close()


async def _enter(poller: Poller) -> None:
    async with poller.running():
        pass


def test_a_poll_without_an_answer_counts_as_lost_before_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    store = Silent()
    key_cache = KeyCache(store)
    poller = Poller(key_cache.poll_once, 0.01, 0.01, lambda: key_cache.timed_out(0.01))

    async def poll() -> bool:
        running = asyncio.create_task(_enter(poller))
        async with asyncio.timeout(5):
            while key_cache.store_up:
                await asyncio.sleep(0.01)
            store.let.set()
            await running
        return key_cache.store_up

    assert asyncio.run(poll())
    assert caplog.messages == ["The keys have not been read for 0.01 seconds."]
