"""The named invariants, on random trees and values."""

import math
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from publication.invariants import TOLERANCE, check, parents_add_up, quantiles_increase
from publication.model import Publication
from publication.vocabulary import SeriesKey, series_key
from tests.unit.publication.tiny import publication, series, system, with_day

HORIZON_DAYS = 3
counts = st.floats(0, 5000, allow_nan=False)
words = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)


@st.composite
def coherent_publications(draw: st.DrawFn) -> Publication:
    """A tree of 2 to 15 places and any depth, whose parents' means are the sums of their children's."""
    n_places = draw(st.integers(2, 15))
    parents = {f"p{i}": f"p{draw(st.integers(0, i - 1))}" for i in range(1, n_places)}
    tree = system("p0", parents, horizon_days=HORIZON_DAYS)
    means: dict[str, list[float]] = {}
    for place in reversed(list(tree.under("p0"))):  # children before parents
        of_children = [means[child] for child in tree.children(place)]
        drawn = draw(st.lists(counts, min_size=HORIZON_DAYS, max_size=HORIZON_DAYS))
        means[place] = [math.fsum(day) for day in zip(*of_children, strict=True)] or drawn
    return replace(publication(), system=tree, series=tuple(series(f"{p}/occupancy", m) for p, m in means.items()))


@given(coherent_publications())
def test_bottom_up_means_add_up(coherent: Publication) -> None:
    check(coherent)


@given(coherent_publications(), st.data())
def test_one_mean_off_by_a_thousandth_is_caught_with_its_series_and_day(
    coherent: Publication, data: st.DataObject
) -> None:
    broken = data.draw(st.sampled_from([s.unique_id for s in coherent.series]))
    day = data.draw(st.sampled_from(coherent.series_by_id[broken].days))
    off = with_day(coherent, broken, day.lead, mean=day.mean + 1e-3)
    place = series_key(broken).place
    expected = {place} if coherent.system.children(place) else set()
    expected |= set(list(coherent.system.ancestors(place))[:1])  # the parent's sum now disagrees too
    sentences = list(parents_add_up(off))
    assert {sentence.split("/")[0] for sentence in sentences} == expected
    assert all(f"on {day.ds} " in sentence for sentence in sentences)


@given(coherent_publications(), st.data())
def test_places_left_out_in_between_do_not_hide_the_sum(coherent: Publication, data: st.DataObject) -> None:
    """Parents are held against the nearest published places below them."""
    tree = coherent.system
    between = [p for p in tree.place_by_id if tree.children(p) and p != tree.name]
    gone = data.draw(st.sets(st.sampled_from(between))) if between else set()
    check(replace(coherent, series=tuple(s for s in coherent.series if s.key.place not in gone)))


@given(st.lists(counts, min_size=3, max_size=3), st.permutations(range(3)))
def test_quantiles_pass_exactly_when_they_are_in_order(values: list[float], order: list[int]) -> None:
    arranged = tuple(values[i] for i in order)
    off = with_day(publication(), "RXA01/occupancy", 1, quantiles=arranged)
    in_order = arranged[0] <= arranged[1] <= arranged[2]
    assert (list(quantiles_increase(off)) == []) == in_order


@given(words, words, st.none() | words)
def test_a_unique_id_gives_its_key_back(place: str, measure: str, stream: str | None) -> None:
    key = SeriesKey(place, measure, stream)
    assert series_key(key.unique_id) == key


@given(st.floats(0, 10, allow_nan=False))
def test_the_tolerance_is_the_declared_one(off: float) -> None:
    assume(abs(off - TOLERANCE) > 1e-9)  # at the edge itself, rounding decides
    shifted = with_day(publication(), "northshire/attendances", 1, mean=60.0 + off)
    assert (list(parents_add_up(shifted)) == []) == (off <= TOLERANCE)
