"""Newest first, by cutoff and then revision, one system or all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orjson
import psycopg
import pytest

from publication.digest import digest
from publication.errors import MalformedPublicationError, UnknownPublicationError
from publication.model import Note, Place
from publication.rows import BATCH
from publication.store import Store
from publication.vocabulary import NoteKind
from tests.builders import build_publication, build_system
from tests.contract.store.databases import new_postgresql_database
from tests.contract.store.witness import ask, tell, writing
from tests.unit.publication.tiny import CHAMPION, ISSUED_AT, publication

D1, D2, D3 = (date(2026, 11, day) for day in (19, 20, 21))


@pytest.fixture
def filled(store: Store) -> Store:
    """Issued in no order: three cutoffs of northshire, the oldest revised last, and one of southshire."""
    for name, cutoff, scale in (
        ("northshire", D2, 1.0),
        ("northshire", D1, 1.0),
        ("northshire", D3, 1.0),
        ("southshire", D2, 1.0),
        ("northshire", D1, 1.5),
    ):
        store.issue(publication(name=name, cutoff=cutoff, scale=scale))
    return store


@pytest.mark.parametrize(
    ("system", "limit", "expected"),
    [
        ("northshire", None, [(D3, 1), (D2, 1), (D1, 2), (D1, 1)]),
        ("northshire", 2, [(D3, 1), (D2, 1)]),
        ("southshire", None, [(D2, 1)]),
        (None, None, [(D3, 1), (D2, 1), (D2, 1), (D1, 2), (D1, 1)]),
        ("nowhere", None, []),
    ],
)
def test_headings_are_newest_first(
    filled: Store, system: str | None, limit: int | None, expected: list[tuple[date, int]]
) -> None:
    assert [(h.cutoff, h.revision) for h in filled.headings(system, limit)] == expected


def test_a_heading_says_what_its_publication_holds(filled: Store) -> None:
    [heading] = filled.headings("southshire")
    whole = filled.latest("southshire")
    assert (heading.system, heading.n_series, heading.n_fallbacks) == ("southshire", 7, 1)
    assert (heading.champion, heading.issued_at) == (CHAMPION, ISSUED_AT)
    assert heading.digest == digest(whole)


@pytest.mark.parametrize(
    ("system", "cutoff", "revision", "scale"),
    [
        ("northshire", None, None, 1.0),
        ("northshire", D1, None, 1.5),
        ("northshire", D1, 1, 1.0),
        ("southshire", None, None, 1.0),
        ("southshire", D2, 1, 1.0),
    ],
)
def test_the_latest_is_the_newest_of_what_was_asked_for(
    filled: Store, system: str, cutoff: date | None, revision: int | None, scale: float
) -> None:
    found = filled.latest(system, cutoff, revision)
    newest = {"northshire": D3, "southshire": D2}[system]
    assert (found.system.name, found.cutoff) == (system, cutoff or newest)
    assert found.series == publication(name=system, cutoff=found.cutoff, scale=scale).series


@pytest.mark.parametrize(
    ("system", "cutoff", "revision", "wanted"),
    [
        ("nowhere", None, None, "holds no publication of nowhere."),
        ("southshire", D1, None, "holds no publication of southshire for cutoff 2026-11-19."),
        (None, D3 + timedelta(days=1), None, "holds no publication for cutoff 2026-11-22."),
        ("northshire", D1, 3, "holds no publication of northshire for cutoff 2026-11-19, revision 3."),
    ],
)
def test_what_is_not_there_is_named(
    filled: Store, system: str | None, cutoff: date | None, revision: int | None, wanted: str
) -> None:
    with pytest.raises(UnknownPublicationError) as refusal:
        filled.latest(system, cutoff, revision)
    assert wanted in str(refusal.value)


def test_an_empty_store_has_no_headings_and_no_latest(store: Store) -> None:
    assert store.headings() == ()
    with pytest.raises(UnknownPublicationError, match=r"holds no publication\.$"):
        store.latest()


def test_another_reader_of_json_reads_the_same(filled: Store, store_url: str) -> None:
    quicker = Store(store_url, orjson.loads)
    assert quicker.latest("northshire") == filled.latest("northshire")
    assert digest(quicker.latest("southshire")) == quicker.headings("southshire")[0].digest
    quicker.close()


def test_hundreds_of_series_come_in_their_order_however_their_rows_lie(store: Store, store_url: str) -> None:
    sites = [Place(f"S{n}", "northshire", f"Site {n}", "site") for n in range(3 * BATCH // 5)]
    system = build_system(places=(Place("northshire", None, "Northshire", "system"), *sites))
    issued = store.issue(build_publication(system=system, recent_days=1, with_headroom=True, with_drivers=True))
    assert len(issued.series) > 3 * BATCH
    assert store.latest() == issued
    if store_url.startswith("sqlite"):
        for table in ("series", "forecasts", "drivers", "headroom"):
            tell(store_url, f"UPDATE {table} SET rowid = 100000 - rowid")
        assert store.latest() == issued


def test_no_text_can_be_taken_for_the_end_of_another(store: Store) -> None:
    odd = 'a "b" \\ c\n\u2028,],[null'
    whole = publication()
    named = tuple(replace(series, unit=odd, model=odd) for series in whole.series)
    kinds = (NoteKind.LATE, NoteKind.SILENT, NoteKind.EVENT)
    reasons = tuple(Note(NoteKind.FALLBACK, odd, series=of.unique_id) for of in whole.series)
    issued = store.issue(replace(whole, series=named, notes=(*(Note(kind, odd) for kind in kinds), *reasons)))
    assert store.latest() == issued


def test_preparing_again_keeps_what_is_there(filled: Store, store_url: str, connect: Callable[[], Store]) -> None:
    connect().prepare()
    assert ask(store_url, "SELECT count(*) FROM publications") == [(5,)]


DAY = "[1.0, 0.5, 1.0, 1.5]"
DAMAGES = {
    "a lead": f"UPDATE forecasts SET by_day = '[{DAY}]'",
    "a quantile": f"UPDATE forecasts SET by_day = '[{DAY}, [1.0, 0.5, 1.0]]'",
    "a number": f"UPDATE forecasts SET by_day = '[{DAY}, [1.0, null, 1.0, 1.5]]'",
    "a day": f"UPDATE forecasts SET by_day = '[{DAY}, []]'",
    "all there is": "UPDATE forecasts SET by_day = 'null'",
    "all days": "UPDATE forecasts SET by_day = '[]'",
    "its row": "DELETE FROM forecasts",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_series_that_lacks_numbers_is_named_not_served(store: Store, store_url: str, damage: str) -> None:
    store.issue(publication())
    tell(store_url, f"{damage} WHERE unique_id = 'RXA/attendances'")
    with pytest.raises(MalformedPublicationError, match="northshire for 2026-11-21: RXA/attendances is damaged: "):
        store.latest()


ROWS_DAMAGED = {
    "the system's description": "UPDATE publications SET description = '{}'",
    "a stream that is none": "UPDATE series SET stream = '' WHERE unique_id = 'RXA/attendances'",
    "another place": "UPDATE series SET place = 'RXA01' WHERE unique_id = 'RXA/attendances'",
    "its notes": "UPDATE publications SET notes = '5'",
    "a note of another kind": """UPDATE publications SET notes = '[{"kind": "gossip", "text": "x"}]'""",
    "a note without a text": """UPDATE publications SET notes = '[{"kind": "event"}]'""",
    "what was counted last": "UPDATE series SET recent = '[[\"yesterday\", 1.0]]'",
    "drivers": """INSERT INTO drivers SELECT publication_id, unique_id, '[[1.0, "much"]]' FROM series""",
    "what is left": "INSERT INTO headroom SELECT publication_id, unique_id, position, '[]' FROM series",
}


@pytest.mark.parametrize("damage", ROWS_DAMAGED.values(), ids=ROWS_DAMAGED.keys())
def test_other_damage_names_the_publication(store: Store, store_url: str, damage: str) -> None:
    store.issue(publication())
    tell(store_url, damage)
    with pytest.raises(MalformedPublicationError, match=r"northshire for 2026-11-21, revision 1, .* rows are damaged"):
        store.latest()


OWN_ROW_DAMAGED = {
    "no JSON": "UPDATE publications SET description = '{'",
    "notes": "UPDATE publications SET notes = 'much'",
    "no instant": "UPDATE publications SET issued_at = 'yesterday'",
}


@pytest.mark.parametrize("damage", OWN_ROW_DAMAGED.values(), ids=OWN_ROW_DAMAGED.keys())
def test_damage_that_only_sqlite_lets_happen_is_told_and_issued_again(tmp_path: Path, damage: str) -> None:
    url = f"sqlite:///{tmp_path / 'publications.db'}"
    store = Store(url)
    store.prepare()
    issued = store.issue(publication())
    tell(url, damage)
    with pytest.raises(MalformedPublicationError, match=r"the publication for cutoff 2026-11-21 at .* are damaged"):
        store.latest(cutoff=D3)
    again = store.issue(publication())
    assert again.revision == 2
    assert replace(store.latest(), revision=1) == issued
    store.close()


def test_what_lost_a_row_is_issued_again_as_it_was(store: Store, store_url: str) -> None:
    issued = store.issue(publication())
    tell(store_url, "DELETE FROM forecasts WHERE unique_id = 'RXA/attendances'")
    assert store.issue(publication()).revision == 2
    assert replace(store.latest(), revision=1) == issued
    assert store.issue(publication()).revision == 2


def test_readers_are_not_held_up_by_a_writer(store_url: str, filled: Store) -> None:
    """A job in the middle of writing has its locks; dashboards go on reading what was there before."""
    with writing(store_url, "DELETE FROM forecasts"):
        assert filled.latest("northshire").cutoff == D3


def test_a_connection_that_the_server_dropped_is_replaced(postgresql_url: str) -> None:
    store = Store(new_postgresql_database(postgresql_url))
    store.prepare()
    store.issue(publication())
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.latest().cutoff == D3
    store.close()
