"""The places that a system reports: the nodes of its tree, and what a merger makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from numpy.random import Generator

from training.simulate.network import SITE_KIND, Node
from training.simulate.tree import SimulatedTree

MERGED = "M"  # ends the code of what came out of a merger
MERGES_BETWEEN = (0.5, 0.75)  # of the history


@dataclass(frozen=True)
class Place:
    """A node, the sites and bottom places whose counts add up to its own, and the days on which it reports them."""

    node: Node
    bottom: frozenset[str]
    sites: frozenset[str]
    valid_from: date | None = None
    valid_to: date | None = None
    succeeds: tuple[str, ...] = ()
    counts_beds: bool = True  # it is a bottom place: its extract has the measures of beds
    counts_arrivals: bool = True  # it is a site: its extract has attendances

    @property
    def code(self) -> str:
        return self.node.id

    def reports_on(self, day: date) -> bool:
        """Whether the day is one of its own."""
        after_start = self.valid_from is None or day >= self.valid_from
        return after_start and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Merger:
    """From `day` on, `sites` report as one. Their houses stay: patients, beds and wards carry on under new codes."""

    day: date
    sites: tuple[str, str]


def draw_merger(rng: Generator, tree: SimulatedTree, first_day: date, n_days: int) -> Merger:
    """The first two sites that share a parent merge, some time in the third quarter of the history."""
    low, high = (int(share * n_days) for share in MERGES_BETWEEN)
    day = first_day + timedelta(days=int(rng.integers(low, high)))
    return Merger(day, next(_pairs(tree)))


def places(tree: SimulatedTree, merger: Merger | None) -> tuple[Place, ...]:
    """Every place that reports at some time, in the order of places.csv; what came of a merger stands last."""
    if merger is None:
        return tuple(_place(tree, node) for node in tree.nodes)
    ending = {code for site in merger.sites for code in tree.below(site)}
    last = merger.day - timedelta(days=1)
    before = [_place(tree, node) for node in tree.nodes]
    before = [replace(place, valid_to=last) if place.code in ending else place for place in before]
    return (*before, *_successors(tree, merger))


def _place(tree: SimulatedTree, node: Node) -> Place:
    return Place(
        node=node,
        bottom=tree.bottom_of([node.id]),
        sites=tree.sites_of([node.id]),
        counts_beds=not tree.children[node.id],
        counts_arrivals=any(site.code == node.id for site in tree.sites),
    )


def _successors(tree: SimulatedTree, merger: Merger) -> Iterator[Place]:
    """The merged site, and each place below the old ones under a new code."""
    first, second = (tree.by_id[site] for site in merger.sites)
    new_site = f"{first.id}{MERGED}"
    merged = replace(_place(tree, first), bottom=tree.bottom_of(merger.sites), sites=tree.sites_of(merger.sites))
    site = replace(first, id=new_site, name=f"{first.name} with {second.name}")
    yield replace(merged, node=site, valid_from=merger.day, succeeds=merger.sites)
    for old in (code for site_code in merger.sites for code in tree.below(site_code)[1:]):
        node = tree.by_id[old]
        parent = new_site if node.parent in merger.sites else f"{node.parent}{MERGED}"
        node = replace(node, id=f"{old}{MERGED}", parent=parent)
        yield replace(_place(tree, tree.by_id[old]), node=node, valid_from=merger.day, succeeds=(old,))


def _pairs(tree: SimulatedTree) -> Iterator[tuple[str, str]]:
    for node in tree.nodes:
        sites = [code for code in tree.children[node.id] if tree.by_id[code].kind == SITE_KIND]
        alike = [code for code in sites if bool(tree.children[code]) == bool(tree.children[sites[0]])]
        if len(alike) > 1:
            yield alike[0], alike[1]
