"""What the ring knows after each look, and what it says of it."""

import asyncio
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publication.errors import StoreUnreachableError
from service.auth.errors import KeysUnreadableError
from service.auth.key_cache import KeyCache
from service.auth.key_store import KeyStore
from service.auth.keys import new_key
from service.auth.principal import Scope
from service.auth.rows import StoredKeys, UnreadableKey

ODD = UnreadableKey("odd\nname", "scopes is 'read admin'")
WORSE = UnreadableKey("worse", "per_minute is 0")
SOME, NONE = StoredKeys(unreadable=(ODD,)), StoredKeys()
AWAY, REFUSED, FAULT = StoreUnreachableError("away"), KeysUnreadableError("refused"), RuntimeError("fault")


class Script:
    """A store of keys that gives one answer after another."""

    def __init__(self, *answers: StoredKeys | Exception) -> None:
        self._answers = list(answers)

    def read(self) -> StoredKeys:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def looked(*answers: StoredKeys | Exception) -> KeyCache:
    ring = KeyCache(Script(*answers), poll_seconds=1)
    for _ in answers:
        asyncio.run(ring.poll_once())
    return ring


@pytest.mark.parametrize(
    ("answers", "up", "known", "is_empty"),
    [
        ([NONE], True, True, True),
        ([SOME], True, True, False),
        ([AWAY], False, False, False),
        ([REFUSED], False, False, False),
        ([FAULT], False, False, False),
        ([NONE, AWAY, AWAY], False, True, True),
        ([NONE, REFUSED], False, False, False),
        ([NONE, FAULT], False, False, False),
        ([NONE, REFUSED, AWAY], False, False, False),
        ([NONE, REFUSED, NONE], True, True, True),
        ([NONE, SOME, NONE], False, True, False),
        ([SOME, NONE, SOME], True, True, False),
        ([SOME, AWAY], False, True, False),
        ([SOME, REFUSED], False, True, False),
        ([SOME, FAULT], False, True, False),
    ],
)
def test_without_keys_it_is_open_only_while_that_is_certain(
    answers: list[StoredKeys | Exception], up: bool, known: bool, is_empty: bool
) -> None:
    ring = looked(*answers)
    assert (ring.store_up, ring.is_loaded, ring.is_empty) == (up, known, is_empty)


@pytest.mark.parametrize("error", [AWAY, REFUSED, FAULT])
def test_a_failure_is_said_once_until_it_is_over(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    looked(error, error, error, NONE, error)
    assert len(caplog.records) == 2


def test_a_key_that_cannot_be_read_is_named_once_and_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        looked(SOME, SOME, StoredKeys(unreadable=(ODD, WORSE)), SOME)
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
    ring = KeyCache(store, poll_seconds=1)
    asyncio.run(ring.poll_once())
    file.rename(tmp_path / "gone.db")
    for _ in range(2):
        asyncio.run(ring.poll_once())
        assert (ring.find(key.id), ring.store_up) == (key, False)
    assert caplog.messages == ["The keys are not there any more. They are as they were: put back their file or table."]
    (tmp_path / "gone.db").rename(file)
    store.revoke("board", datetime(2026, 11, 23, tzinfo=UTC))
    asyncio.run(ring.poll_once())
    found = ring.find(key.id)
    assert found is not None
    assert found.revoked_at is not None
    store.close()


def test_a_look_without_an_answer_counts_as_lost_before_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    store = Silent()
    ring = KeyCache(store, poll_seconds=1, patience_seconds=0.01)

    async def look() -> bool:
        looking = asyncio.create_task(ring.poll_once())
        async with asyncio.timeout(5):
            while ring.store_up:
                await asyncio.sleep(0.01)
        store.let.set()
        await looking
        return ring.store_up

    assert asyncio.run(look())
    assert caplog.messages == ["The keys have not been read for 0.01 seconds."]
