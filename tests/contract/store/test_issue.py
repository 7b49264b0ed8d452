"""A publication is stored completely, once, and read back as it was issued."""

import gzip
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy.exc import DBAPIError

from publication.document import digest
from publication.errors import MalformedPublicationError, PublicationError
from publication.model import Publication
from publication.store import Store
from tests.contract.store.witness import ask, n_publications, tell
from tests.unit.publication.tiny import CHAMPION, CUTOFF, ISSUED_AT, publication, with_day


def test_drivers_are_read_back_as_they_were_issued(store: Store, connect: Callable[[], Store]) -> None:
    plain = publication()
    counted = tuple(
        replace(series, drivers=tuple((day.mean - 1.5, 1.25, 0.0, 0.0, 0.0, 0.0, 0.25) for day in series.days))
        for series in plain.series[:3]
    )
    issued = store.issue(replace(plain, series=(*counted, *plain.series[3:])))
    read = connect().latest()
    assert read == issued
    assert [len(series.drivers) for series in read.series] == [2, 2, 2, 0, 0, 0, 0]
    assert digest(read) != digest(plain)


def test_what_was_issued_is_read_back_equal(store: Store, connect: Callable[[], Store]) -> None:
    issued = store.issue(publication())
    assert issued == replace(publication(), revision=1)
    read = connect().latest()
    assert read == issued
    assert digest(read) == digest(publication())


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 11, 22, 5, 2, 11, 123456, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 11, 22, 23, 59, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_the_instant_of_issue_is_stored_in_utc(store: Store, connect: Callable[[], Store], instant: datetime) -> None:
    store.issue(replace(publication(), issued_at=instant))
    read = connect().latest().issued_at
    assert read == instant
    assert read.utcoffset() == timedelta(0)


def test_sql_sees_the_same_numbers(store: Store, store_url: str) -> None:
    store.issue(publication())
    assert n_publications(store_url) == 1
    assert ask(store_url, "SELECT system, revision, n_series, n_fallbacks, champion_version FROM publications") == [
        ("northshire", 1, 7, 1, 7)
    ]
    [(document, digest_of_row)] = ask(store_url, "SELECT document, digest FROM publications")
    text = gzip.decompress(bytes(document)).replace(b"\n", b"")  # type: ignore[call-overload]  # whatever a driver gives
    assert f"sha256:{hashlib.sha256(text).hexdigest()}" == digest_of_row == digest(publication())
    series = {"/".join(filter(None, of["key"])): of for of in json.loads(text)["series"]}
    assert series["RXA01/occupancy"]["days"] == [
        {"ds": "2026-11-22", "lead": 1, "mean": 1 / 3, "quantiles": [0.9 * (1 / 3), 1 / 3, 1.1 * (1 / 3)]},
        {
            "ds": "2026-11-23",
            "lead": 2,
            "mean": 123456.789,
            "quantiles": [0.9 * 123456.789, 123456.789, 1.1 * 123456.789],
        },
    ]
    assert {of: item["reason"] for of, item in series.items() if item["fallback"]} == {
        "RXA01/attendances/paediatric": "AutoETS did not converge"
    }


def test_issuing_the_same_content_again_writes_nothing(store: Store, store_url: str) -> None:
    first = store.issue(publication())
    again = store.issue(replace(publication(), issued_at=ISSUED_AT + timedelta(hours=3)))
    assert again == first
    assert n_publications(store_url) == 1


def test_changed_content_is_the_next_revision_and_the_old_one_stays(store: Store) -> None:
    first, second = store.issue(publication()), store.issue(publication(scale=1.1))
    assert (first.revision, second.revision) == (1, 2)
    assert store.latest() == second
    assert store.latest(cutoff=CUTOFF, revision=1) == first


def test_going_back_to_older_content_is_a_revision_of_its_own(store: Store) -> None:
    revisions = [store.issue(publication(scale=scale)).revision for scale in (1.0, 1.1, 1.0)]
    assert revisions == [1, 2, 3]


def test_revisions_of_different_cutoffs_and_systems_are_counted_apart(store: Store) -> None:
    store.issue(publication())
    assert store.issue(publication(cutoff=date(2026, 11, 22))).revision == 1
    assert store.issue(publication(name="southshire")).revision == 1


def test_a_malformed_publication_writes_nothing(store: Store, store_url: str) -> None:
    with pytest.raises(MalformedPublicationError, match="parents_add_up"):
        store.issue(with_day(publication(), "RXA/attendances", 1, mean=61.0))
    assert n_publications(store_url) == 0


FAULT = "disk on fire"
FAULTS = {
    "sqlite": [f"CREATE TRIGGER fault AFTER INSERT ON publications BEGIN SELECT RAISE(ABORT, '{FAULT}'); END"],
    "postgresql": [
        f"CREATE FUNCTION fault() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION '{FAULT}'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER fault AFTER INSERT ON publications FOR EACH ROW EXECUTE FUNCTION fault()",
    ],
}


def test_a_fault_while_it_is_written_leaves_nothing_behind(store: Store, store_url: str) -> None:
    tell(store_url, *FAULTS[store_url.split(":")[0]])
    with pytest.raises((PublicationError, DBAPIError), match=FAULT):
        store.issue(publication())
    assert n_publications(store_url) == 0


def test_a_table_lost_between_two_issues_leaves_the_first_as_it_was(store: Store, store_url: str) -> None:
    store.issue(publication())
    tell(store_url, "ALTER TABLE publications RENAME TO away")
    with pytest.raises(PublicationError, match="publications"):
        store.issue(publication(scale=1.1))
    tell(store_url, "ALTER TABLE away RENAME TO publications")
    assert n_publications(store_url) == 1
    assert store.latest() == replace(publication(), revision=1)


Result = TypeVar("Result")


def at_the_same_time(connect: Callable[[], Store], actions: list[Callable[[Store], Result]]) -> list[Result]:
    """Run each in a thread with a store of its own, all let go at once."""
    stores = [connect() for _ in actions]
    start = Barrier(len(actions))

    def run(store: Store, action: Callable[[Store], Result]) -> Result:
        start.wait(10)
        return action(store)

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, stores, actions))


def issue_at_the_same_time(connect: Callable[[], Store], *publications: Publication) -> list[Publication]:
    return at_the_same_time(connect, [partial(Store.issue, publication=p) for p in publications])


@pytest.mark.parametrize("cutoff", [date(2026, 11, day) for day in range(1, 6)])  # a race is run more than once
def test_two_jobs_at_the_same_moment_both_succeed(store: Store, connect: Callable[[], Store], cutoff: date) -> None:
    issued = issue_at_the_same_time(connect, publication(cutoff=cutoff), publication(cutoff=cutoff, scale=1.1))
    assert sorted(p.revision for p in issued) == [1, 2]
    for p in issued:
        assert store.latest(cutoff=cutoff, revision=p.revision) == p


def test_more_jobs_than_that_succeed_too(store: Store, connect: Callable[[], Store]) -> None:
    issued = issue_at_the_same_time(connect, *(publication(scale=1.0 + n) for n in range(6)))
    assert sorted(p.revision for p in issued) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("_again", range(5))
def test_jobs_that_find_no_tables_make_them_once(_again: int, store_url: str, connect: Callable[[], Store]) -> None:
    at_the_same_time(connect, [Store.prepare, Store.prepare, Store.prepare])
    assert n_publications(store_url) == 0


def test_two_jobs_with_the_same_content_make_one_revision(
    store: Store, store_url: str, connect: Callable[[], Store]
) -> None:
    issued = issue_at_the_same_time(connect, publication(), publication())
    assert [p.revision for p in issued] == [1, 1]
    assert n_publications(store_url) == 1


def test_the_champion_is_stored_with_each_publication(store: Store) -> None:
    store.issue(publication())
    promoted = replace(CHAMPION, version=8, run_id="c3d4")
    store.issue(replace(publication(), champion=promoted))
    assert [summary.champion for summary in store.summaries()] == [promoted, CHAMPION]
