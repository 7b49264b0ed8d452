"""The newest ledger of a system, whole, on either database; who is reading the one before is left in peace."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publication.errors import StoreUnreachableError
from publication.store import Store
from tests.builders import build_ledger
from tests.contract.store.witness import ask, tell, writing

SCORED_AT = datetime(2026, 11, 22, 5, 1, tzinfo=UTC)
LEDGER = build_ledger(scored_at=SCORED_AT)


def later(hours: int) -> datetime:
    return SCORED_AT + timedelta(hours=hours)


def test_before_anything_is_scored_there_is_no_ledger(store: Store) -> None:
    assert (store.scored_at("northshire"), store.ledger("northshire")) == (None, None)


def test_a_ledger_is_read_back_as_it_was_kept(store: Store, connect: Callable[[], Store]) -> None:
    store.keep(LEDGER)
    assert connect().ledger("northshire") == LEDGER
    assert connect().scored_at("northshire") == SCORED_AT


def test_the_newest_takes_the_place_of_the_one_before_which_stays_for_a_while(store: Store, store_url: str) -> None:
    for hours in range(4):
        store.keep(replace(LEDGER, scored_at=later(hours), scores=LEDGER.scores[hours:]))
    newest = store.ledger("northshire")
    assert newest is not None
    assert (newest.scored_at, newest.scores) == (later(3), LEDGER.scores[3:])
    assert ask(store_url, "SELECT count(*) FROM ledgers") == [(2,)]
    assert ask(store_url, "SELECT count(*) FROM scores") == [(2 * len(LEDGER.scores) - 2 - 3,)]


def test_what_is_scored_for_a_day_gone_by_does_not_take_the_place_of_the_newest(store: Store) -> None:
    store.keep(LEDGER)
    store.keep(replace(LEDGER, scored_at=later(1), last=LEDGER.last - timedelta(days=30)))
    assert store.ledger("northshire") == LEDGER
    store.keep(replace(LEDGER, scored_at=later(2)))
    assert store.scored_at("northshire") == later(2)


def test_systems_keep_their_ledgers_apart(store: Store) -> None:
    store.keep(LEDGER)
    for hours in range(3):
        store.keep(replace(LEDGER, system="southshire", scored_at=later(hours)))
    assert store.scored_at("northshire") == SCORED_AT
    assert store.scored_at("southshire") == later(2)


def test_a_ledger_without_scores_is_one(store: Store) -> None:
    store.keep(replace(LEDGER, scores=()))
    assert store.ledger("northshire") == replace(LEDGER, scores=())


def test_a_ledger_is_not_seen_before_it_is_whole(store: Store, store_url: str) -> None:
    store.keep(LEDGER)
    half = "INSERT INTO ledgers (system, scored_at, first_day, last_day, n_publications)"
    with writing(store_url, f"{half} VALUES ('northshire', '2026-11-23 05:00:00', '2027-01-01', '2027-01-02', 1)"):
        assert store.ledger("northshire") == LEDGER


def test_without_its_tables_the_sentence_says_what_to_do(store: Store, store_url: str) -> None:
    tell(store_url, "DROP TABLE scores", "DROP TABLE ledgers")
    with pytest.raises(StoreUnreachableError, match="the tables exist"):
        store.scored_at("northshire")
