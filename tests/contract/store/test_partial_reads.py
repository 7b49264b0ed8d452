"""Parts of a publication are those of the complete one, and are read from an undamaged document alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson
import pytest

from publication.errors import MalformedPublicationError, UnknownPublicationError
from publication.model import Place, PublicationSummary
from publication.store import Store
from tests.builders import build_publication
from tests.contract.store.test_read import D1, D2, DOCUMENTS_DAMAGED
from tests.contract.store.witness import ask, overwrite, tell
from tests.unit.publication.tiny import publication, system

DAMAGED = r"Reading the publication of northshire for 2026-11-21, revision 1, at .* is damaged"
PARTS: dict[str, Callable[[Store, PublicationSummary], object]] = {
    "headroom": Store.headroom_of,
    "series": lambda store, summary: store.series_at(summary, "RXA01"),
    "complete": lambda store, summary: store.latest(summary.system, summary.cutoff, summary.revision),
}
ODD = 'a "b" \\ «Jürgen» "key":["RXA01","'


@pytest.fixture(params=["json", "orjson"])
def reader(request: pytest.FixtureRequest, store: Store, store_url: str) -> Iterator[Store]:
    """The store, read by each reader of JSON."""
    if request.param == "json":
        yield store
        return
    quicker = Store(store_url, orjson.loads)
    yield quicker
    quicker.close()


def test_headroom_is_that_of_the_complete_publication(store: Store, reader: Store) -> None:
    issued = store.issue(build_publication(with_headroom=True, with_drivers=True))
    [summary] = store.summaries()
    assert len(issued.headroom) == len(issued.system.places)
    assert reader.headroom_of(summary) == issued.headroom == reader.latest().headroom


def test_the_series_of_each_place_are_those_of_the_complete_publication(store: Store, reader: Store) -> None:
    issued = store.issue(build_publication(with_headroom=True, with_drivers=True))
    [summary] = store.summaries()
    found = {place.id: reader.series_at(summary, place.id) for place in issued.system.places}
    assert found == {
        place.id: tuple(series for series in issued.series if series.key.place == place.id)
        for place in issued.system.places
    }
    assert sum(map(len, found.values())) == len(issued.series)


def test_texts_that_look_like_keys_are_of_no_place(store: Store) -> None:
    """A place whose name needs escapes, and models that are named as the start of another's key."""
    complete = publication()
    [*others, last] = complete.series
    named = (*others, replace(last, model=ODD), replace(last, key=last.key._replace(place=ODD)))
    places = (*complete.system.places, Place(ODD, "RXA", "Odd", "site"))
    issued = store.issue(replace(complete, system=replace(system(), places=places), series=named))
    [summary] = store.summaries()
    assert store.series_at(summary, ODD) == issued.series[-1:]
    assert store.series_at(summary, "RXA01") == tuple(of for of in issued.series if of.key.place == "RXA01")


@pytest.mark.parametrize("place", ["nowhere", "RXA0", "", "RXA01\n"])
def test_a_place_that_is_not_there_has_no_series(store: Store, place: str) -> None:
    store.issue(publication())
    assert store.series_at(store.summaries()[0], place) == ()


def test_each_summary_has_its_own_parts(store: Store) -> None:
    for cutoff, scale in ((D1, 1.0), (D2, 2.0), (D1, 3.0)):
        store.issue(publication(cutoff=cutoff, scale=scale))
    first_means = [[of.days[0].mean for of in store.series_at(s, "RXA02")] for s in store.summaries()]
    assert first_means == [[40.0], [60.0], [20.0]]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
@pytest.mark.parametrize("damage", DOCUMENTS_DAMAGED.values(), ids=DOCUMENTS_DAMAGED.keys())
def test_no_part_of_a_document_that_was_changed_is_read(
    store: Store,
    store_url: str,
    damage: Callable[[bytes], bytes],
    part: Callable[[Store, PublicationSummary], object],
) -> None:
    store.issue(publication())
    [summary] = store.summaries()
    [(document,)] = ask(store_url, "SELECT document FROM publications")
    overwrite(store_url, "publications", "document", damage(bytes(document)))  # type: ignore[call-overload]
    with pytest.raises(MalformedPublicationError, match=DAMAGED):
        part(store, summary)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_no_part_of_a_publication_that_is_gone_is_read(
    store: Store, store_url: str, part: Callable[[Store, PublicationSummary], object]
) -> None:
    store.issue(publication())
    [summary] = store.summaries()
    tell(store_url, "DELETE FROM publications")
    with pytest.raises(UnknownPublicationError, match=r"holds no publication of northshire for cutoff 2026-11-21, rev"):
        part(store, summary)
