"""Newest first, by cutoff and then revision, one system or all."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orjson
import psycopg
import pytest

from publication.document import DOCUMENT_CHUNK_BYTES, digest, write
from publication.errors import MalformedPublicationError, UnknownPublicationError
from publication.model import Note, Place
from publication.store import Store
from publication.vocabulary import NoteKind
from tests.builders import build_publication, build_system
from tests.contract.store.databases import new_postgresql_database
from tests.contract.store.witness import ask, overwrite, tell, writing
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
    assert [(h.cutoff, h.revision) for h in filled.summaries(system, limit)] == expected


def test_a_heading_says_what_its_publication_holds(filled: Store) -> None:
    [summary] = filled.summaries("southshire")
    complete = filled.latest("southshire")
    assert (summary.system, summary.n_series, summary.n_fallbacks) == ("southshire", 7, 1)
    assert (summary.champion, summary.issued_at) == (CHAMPION, ISSUED_AT)
    assert summary.digest == digest(complete)


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
    with pytest.raises(UnknownPublicationError) as raised:
        filled.latest(system, cutoff, revision)
    assert wanted in str(raised.value)


def test_an_empty_store_has_no_headings_and_no_latest(store: Store) -> None:
    assert store.summaries() == ()
    with pytest.raises(UnknownPublicationError, match=r"holds no publication\.$"):
        store.latest()


def test_another_reader_of_json_reads_the_same(filled: Store, store_url: str) -> None:
    quicker = Store(store_url, orjson.loads)
    assert quicker.latest("northshire") == filled.latest("northshire")
    assert digest(quicker.latest("southshire")) == quicker.summaries("southshire")[0].digest
    quicker.close()


def test_hundreds_of_series_are_read_in_their_order(store: Store) -> None:
    """In more than one piece of what is decompressed at a time."""
    sites = [Place(f"S{n}", "northshire", f"Site {n}", "site") for n in range(300)]
    system = build_system(places=(Place("northshire", None, "Northshire", "system"), *sites))
    made = build_publication(system=system, recent_days=1, with_headroom=True, with_drivers=True)
    assert len(write(made)[0]) > DOCUMENT_CHUNK_BYTES
    store.issue(made)
    assert store.latest() == replace(made, revision=1)


def test_no_text_can_be_taken_for_the_end_of_another(store: Store) -> None:
    odd = 'a "b" \\ c\n\u2028,],[null'
    complete = publication()
    named = tuple(replace(series, unit=odd, model=odd) for series in complete.series)
    kinds = (NoteKind.LATE, NoteKind.SILENT, NoteKind.EVENT)
    reasons = tuple(Note(NoteKind.FALLBACK, odd, series=of.unique_id) for of in complete.series)
    issued = store.issue(replace(complete, series=named, notes=(*(Note(kind, odd) for kind in kinds), *reasons)))
    assert store.latest() == issued


def test_a_note_on_a_series_that_is_not_published_is_read_again(store: Store) -> None:
    made = publication()
    issued = store.issue(replace(made, notes=(*made.notes, Note(NoteKind.FALLBACK, "gone", series="RXA01/beds"))))
    assert store.latest() == issued


def test_preparing_again_keeps_what_is_there(filled: Store, store_url: str, connect: Callable[[], Store]) -> None:
    connect().prepare()
    assert ask(store_url, "SELECT count(*) FROM publications") == [(5,)]


def changed(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A change of the text of a document, compressed again as if nothing were wrong with it."""
    return lambda document: gzip.compress(change(gzip.decompress(document)))


DOCUMENTS_DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda document: b"",
    "its end is lost": lambda document: document[:-20],
    "its middle is lost": lambda document: document[:200] + document[300:],
    "not compressed": gzip.decompress,
    "a bit": lambda document: document[:300] + bytes([document[300] ^ 1]) + document[301:],
    "another number": changed(lambda text: text.replace(b'"mean":60.0', b'"mean":61.0')),
    "another place": changed(lambda text: text.replace(b'"key":["RXA",', b'"key":["RXB",')),
    "no system": changed(lambda text: text.partition(b',"system"')[0]),
    "no days": changed(lambda text: text.replace(b'"days":', b'"hours":')),
    "no JSON": changed(lambda text: text.replace(b"[", b"(")),
    "a line more": changed(lambda text: text + b"{}\n"),
    "an end of a line less": changed(bytes.rstrip),
    "nothing in it": changed(lambda text: b""),
}


@pytest.mark.parametrize("damage", DOCUMENTS_DAMAGED.values(), ids=DOCUMENTS_DAMAGED.keys())
def test_a_document_that_was_changed_is_not_served(
    store: Store, store_url: str, damage: Callable[[bytes], bytes]
) -> None:
    store.issue(publication())
    [(document,)] = ask(store_url, "SELECT document FROM publications")
    overwrite(store_url, "publications", "document", damage(bytes(document)))  # type: ignore[call-overload]
    with pytest.raises(MalformedPublicationError, match=r"northshire for 2026-11-21, revision 1, at .* is damaged"):
        store.latest()


ROWS_DAMAGED = {
    "its digest": "UPDATE publications SET digest = 'sha256:00'",
    "its cutoff": "UPDATE publications SET cutoff = '2026-11-20'",
    "its system": "UPDATE publications SET system = 'southshire'",
    "its champion": "UPDATE publications SET champion_version = 8",
    "how many series": "UPDATE publications SET n_series = 6",
    "how many fallbacks": "UPDATE publications SET n_fallbacks = 0",
    "no list of notes": "UPDATE publications SET notes = '5'",
    "a note of another kind": """UPDATE publications SET notes = '[{"kind": "gossip", "text": "x"}]'""",
    "a note without a text": """UPDATE publications SET notes = '[{"kind": "event"}]'""",
    "notes on its content lost": "UPDATE publications SET notes = '[]'",
}


@pytest.mark.parametrize("damage", ROWS_DAMAGED.values(), ids=ROWS_DAMAGED.keys())
def test_a_row_that_was_changed_is_not_served(store: Store, store_url: str, damage: str) -> None:
    store.issue(publication())
    tell(store_url, damage)
    with pytest.raises(MalformedPublicationError, match=r"shire for 2026-11-2., revision 1, .* is damaged"):
        store.latest()


OWN_ROW_DAMAGED = {
    "notes": "UPDATE publications SET notes = 'much'",
    "no instant": "UPDATE publications SET issued_at = 'yesterday'",
}


@pytest.mark.parametrize("damage", OWN_ROW_DAMAGED.values(), ids=OWN_ROW_DAMAGED.keys())
def test_damage_that_only_sqlite_lets_happen_is_found_and_issued_again(tmp_path: Path, damage: str) -> None:
    url = f"sqlite:///{tmp_path / 'publications.db'}"
    store = Store(url)
    store.prepare()
    issued = store.issue(publication())
    tell(url, damage)
    with pytest.raises(MalformedPublicationError, match=r"the publication .*2026-11-21.* at .* is damaged"):
        store.latest(cutoff=D3)
    again = store.issue(publication())
    assert again.revision == 2
    assert replace(store.latest(), revision=1) == issued
    store.close()


def test_what_was_damaged_is_issued_again_as_it_was(store: Store, store_url: str) -> None:
    issued = store.issue(publication())
    overwrite(store_url, "publications", "document", b"")
    assert store.issue(publication()).revision == 2
    assert replace(store.latest(), revision=1) == issued
    assert store.issue(publication()).revision == 2


def test_readers_are_not_held_up_by_a_writer(store_url: str, filled: Store) -> None:
    """A job in the middle of writing has its locks; dashboards go on reading what was there before."""
    with writing(store_url, "DELETE FROM publications"):
        assert filled.latest("northshire").cutoff == D3


def test_a_connection_that_the_server_dropped_is_replaced(postgresql_url: str) -> None:
    store = Store(new_postgresql_database(postgresql_url))
    store.prepare()
    store.issue(publication())
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.latest().cutoff == D3
    store.close()
