"""Stores with a publication of places that have odd names, and its flat tables."""

from dataclasses import replace
from pathlib import Path

from publication.model import Publication
from publication.store import Store, default_url
from tests.builders import FINDINGS, QUANTILES, build_live_scores, build_publication, build_system
from training.exports.tables import FlatTables, flat_tables

ODD_NAMES = {
    "northshire": "=1+1",
    "RXH": 'Łódź, "東" | 50 %',
    "RXK": "-2+3\ttab",
    "RXH1": "#N/A",
    "RXH2": "St Anne's; DROP TABLE places --",
    "RXK1": "two\nlines",
    "RXK2": "@SUM(A1)",
}
HORIZON_DAYS = 9
RECENT_DAYS = 5


def new_store(folder: Path) -> Store:
    """A store in the home that has no publication."""
    store = Store(default_url(folder))
    store.prepare()
    return store


def issue(
    store: Store, name: str = "northshire", scale: float = 1.0, quantiles: tuple[float, ...] = QUANTILES
) -> Publication:
    """Issue a small publication of the system, whose places have odd names."""
    system = build_system(name=name, horizon_days=HORIZON_DAYS, quantiles=quantiles)
    odd = tuple(replace(place, name=ODD_NAMES.get(place.id, place.name)) for place in system.places)
    publication = build_publication(
        system=replace(system, places=odd),
        with_headroom=True,
        recent_days=RECENT_DAYS,
        scale=scale,
        findings=FINDINGS[:1],
    )
    return store.issue(publication)


def issued_tables(
    folder: Path, name: str = "northshire", scale: float = 1.0, quantiles: tuple[float, ...] = QUANTILES
) -> FlatTables:
    """The flat tables of a publication that was issued to a store in the folder, and of live scores."""
    store = new_store(folder)
    issue(store, name, scale, quantiles)
    store.save_live_scores(replace(build_live_scores(), system=name))
    return tables_of(store, name)


def tables_of(store: Store, name: str = "northshire") -> FlatTables:
    """The flat tables of the newest publication in the store."""
    (summary,) = store.summaries(name, limit=1)
    return flat_tables(store.latest(name), summary, store.live_scores(name))
