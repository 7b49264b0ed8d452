"""The newest live scores of a system, complete, on either database; a reader of those before them is not disturbed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from publication.control import ControlCheck, ControlState, Signal
from publication.errors import MalformedLiveScoresError, StoreUnreachableError
from publication.store import Store, default_url
from tests.builders import build_live_scores
from tests.contract.store.witness import ask, tell, writing

SCORED_AT = datetime(2026, 11, 22, 5, 1, tzinfo=UTC)
LIVE_SCORES = build_live_scores(scored_at=SCORED_AT)


ROWS_DAMAGED = {"control_states": " WHERE measure = 'occupancy' AND \"check\" = 'bias'"}
"""Of other tables, every row is damaged."""


def later(hours: int) -> datetime:
    return SCORED_AT + timedelta(hours=hours)


def test_before_anything_is_scored_there_are_no_live_scores(store: Store) -> None:
    assert (store.scored_at("northshire"), store.live_scores("northshire")) == (None, None)


def test_live_scores_are_read_back_as_they_were_saved(store: Store, connect: Callable[[], Store]) -> None:
    store.save_live_scores(LIVE_SCORES)
    parts = (LIVE_SCORES.scores, LIVE_SCORES.by_lead, LIVE_SCORES.by_champion, LIVE_SCORES.quantiles)
    assert all((*parts, LIVE_SCORES.control))
    assert connect().live_scores("northshire") == LIVE_SCORES
    assert connect().scored_at("northshire") == SCORED_AT


@pytest.mark.parametrize("check", list(ControlCheck))
@pytest.mark.parametrize(
    ("evidence", "signal"),
    [
        (None, None),
        (0.25, None),
        (1.5, Signal("RXH/occupancy/adult", date(2026, 11, 2), date(2026, 11, 14), -0.02, 0.0)),
        (3.0, Signal(None, date(2026, 11, 14), date(2026, 11, 14), 0.68, 0.8)),
    ],
    ids=["too little to check", "no signal", "of one series", "of all places"],
)
def test_a_state_of_control_is_read_back_as_it_was_saved(
    store: Store, connect: Callable[[], Store], check: ControlCheck, evidence: float | None, signal: Signal | None
) -> None:
    states = (ControlState("occupancy", check, 61, evidence, signal),)
    store.save_live_scores(replace(LIVE_SCORES, control=states))
    read = connect().live_scores("northshire")
    assert read is not None
    assert read.control == states
    assert read.signals == (states if signal else ())


def test_states_of_control_are_deleted_with_their_scores(store: Store, store_url: str) -> None:
    for hours in range(4):
        store.save_live_scores(replace(LIVE_SCORES, scored_at=later(hours)))
    assert ask(store_url, "SELECT count(*) FROM control_states") == [(2 * len(LIVE_SCORES.control),)]


def test_the_newest_takes_the_place_of_the_one_before_which_stays_for_a_while(store: Store, store_url: str) -> None:
    for hours in range(4):
        store.save_live_scores(replace(LIVE_SCORES, scored_at=later(hours), scores=LIVE_SCORES.scores[hours:]))
    newest = store.live_scores("northshire")
    assert newest is not None
    assert (newest.scored_at, newest.scores) == (later(3), LIVE_SCORES.scores[3:])
    assert ask(store_url, "SELECT count(*) FROM live_scores") == [(2,)]
    assert ask(store_url, "SELECT count(*) FROM scores") == [(2 * len(LIVE_SCORES.scores) - 2 - 3,)]


def test_what_is_scored_for_a_day_gone_by_does_not_take_the_place_of_the_newest(store: Store) -> None:
    store.save_live_scores(LIVE_SCORES)
    store.save_live_scores(replace(LIVE_SCORES, scored_at=later(1), last=LIVE_SCORES.last - timedelta(days=30)))
    assert store.live_scores("northshire") == LIVE_SCORES
    store.save_live_scores(replace(LIVE_SCORES, scored_at=later(2)))
    assert store.scored_at("northshire") == later(2)


def test_each_system_has_live_scores_of_its_own(store: Store) -> None:
    store.save_live_scores(LIVE_SCORES)
    for hours in range(3):
        store.save_live_scores(replace(LIVE_SCORES, system="southshire", scored_at=later(hours)))
    assert store.scored_at("northshire") == SCORED_AT
    assert store.scored_at("southshire") == later(2)


def test_live_scores_may_have_no_scores(store: Store) -> None:
    store.save_live_scores(replace(LIVE_SCORES, scores=()))
    assert store.live_scores("northshire") == replace(LIVE_SCORES, scores=())


def test_live_scores_are_not_seen_before_they_are_complete(store: Store, store_url: str) -> None:
    store.save_live_scores(LIVE_SCORES)
    half = "INSERT INTO live_scores (system, scored_at, first_day, last_day, n_publications)"
    with writing(store_url, f"{half} VALUES ('northshire', '2026-11-23 05:00:00', '2027-01-01', '2027-01-02', 1)"):
        assert store.live_scores("northshire") == LIVE_SCORES


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("scores", "coverage_80", "'much'"),
        ("lead_scores", "n", "'many'"),
        ("champion_scores", "version", "'new'"),
        ("quantile_shares", "at_or_below", "'most'"),
        ("control_states", "n_days", "'few'"),
        ("control_states", "evidence", "'strong'"),
        ("control_states", "evidence", "9e999"),
        ("control_states", "measure", "x'41'"),
        ("control_states", "check", "'mood'"),
        ("control_states", "size", "'large'"),
        ("control_states", "size", "NULL"),
        ("control_states", "expected", "NULL"),
        ("control_states", "since", "NULL"),
        ("control_states", "since", "'yesterday'"),
        ("control_states", "found", "'today'"),
        ("control_states", "unique_id", "'nowhere'"),
    ],
)
def test_a_damaged_row_of_any_table_is_found(tmp_path: Path, table: str, column: str, value: str) -> None:
    """SQLite alone stores a text in a column of numbers."""
    store = Store(default_url(tmp_path))
    store.prepare()
    store.save_live_scores(LIVE_SCORES)
    tell(default_url(tmp_path), f'UPDATE {table} SET "{column}" = {value}{ROWS_DAMAGED.get(table, "")}')
    with pytest.raises(MalformedLiveScoresError):
        store.live_scores("northshire")
    store.close()


def test_without_its_tables_the_sentence_says_what_to_do(store: Store, store_url: str) -> None:
    tables = ("scores", "lead_scores", "champion_scores", "quantile_shares", "control_states", "live_scores")
    tell(store_url, *(f"DROP TABLE {table}" for table in tables))
    with pytest.raises(StoreUnreachableError, match="the tables exist"):
        store.scored_at("northshire")
