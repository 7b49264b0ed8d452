"""The tree of a simulated system, and the places that it reports: nodes, sites, and what a merger makes of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from numpy.random import Generator

ROOT_ID = "northshire"
ROOT_NAME = "Northshire"
SITE_KIND = "site"  # where attendances are counted
FIRST_CODE = 23 * 26  # "XA": codes that begin with RX look like an English trust's
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOWNS = ("Aldermoor", "Brackwater", "Carrowby", "Dunsmere", "Elmsworth", "Farndale", "Gosforth Vale", "Hartlow")
HOUSES = ("General Hospital", "Royal Infirmary", "District Hospital", "Memorial Hospital")


@dataclass(frozen=True, slots=True)
class Node:
    """A line of places.csv."""

    id: str
    parent: str
    name: str
    kind: str


def nodes(n_trusts: int, n_sites: int, n_wards: int = 0) -> tuple[Node, ...]:
    """The root, then the trusts, then the sites, then `n_wards` wards of each site."""
    root = Node(ROOT_ID, "", ROOT_NAME, "system")
    trusts = [Node(trust_id(i), ROOT_ID, f"{_town(i)} NHS Trust", "trust") for i in range(n_trusts)]
    sites = [_site(i, n_trusts) for i in range(n_sites)]
    return (root, *trusts, *sites, *(_ward(site, number) for site in sites for number in range(1, n_wards + 1)))


def trust_id(index: int) -> str:
    """RXA, RXB, ... RXZ, RYA, ...: distinct for any number of trusts."""
    number, letters = FIRST_CODE + index, ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        letters = LETTERS[digit] + letters
    return f"R{letters}"


def _site(index: int, n_trusts: int) -> Node:
    """Sites are dealt to the trusts in turn, so that one more site renames none."""
    trust = index % n_trusts
    place_in_trust = index // n_trusts
    house = HOUSES[place_in_trust % len(HOUSES)]
    number = place_in_trust // len(HOUSES)
    name = f"{_town(trust)} {house}" + f" {number + 1}" * bool(number)
    return Node(f"{trust_id(trust)}{place_in_trust + 1:02d}", trust_id(trust), name, SITE_KIND)


def _ward(site: Node, number: int) -> Node:
    return Node(f"{site.id}W{number:02d}", site.id, f"{site.name}, ward {number}", "ward")


def _town(index: int) -> str:
    again = index // len(TOWNS)
    return TOWNS[index % len(TOWNS)] + f" {again + 1}" * bool(again)


@dataclass(frozen=True, slots=True)
class Site:
    """A site where patients arrive, and the bottom places with its beds: itself, if it has no parts."""

    code: str
    bottom: tuple[str, ...]


@dataclass(frozen=True)
class SimulatedTree:
    """Nodes in the order of places.csv, of any depth.

    Attendances are counted at the uppermost node of kind `site` above a bottom place; a bottom place without one is a
    site of its own.
    """

    nodes: tuple[Node, ...]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Every node by its id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """The ids right below each node."""
        below: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for node in self.nodes:
            if node.parent:
                below[node.parent].append(node.id)
        return {code: tuple(codes) for code, codes in below.items()}

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every site, in the order of its first bottom place."""
        bottom: dict[str, list[str]] = {}
        for node in self.nodes:
            if not self.children[node.id]:
                bottom.setdefault(self._site_above(node), []).append(node.id)
        return tuple(Site(code, tuple(places)) for code, places in bottom.items())

    def below(self, code: str) -> tuple[str, ...]:
        """The node and all that is under it."""
        return (code, *(place for child in self.children[code] for place in self.below(child)))

    def bottom_of(self, codes: Iterable[str]) -> frozenset[str]:
        """The bottom places of these nodes."""
        return frozenset(place for code in codes for place in self.below(code) if not self.children[place])

    def sites_of(self, codes: Iterable[str]) -> frozenset[str]:
        """The sites that lie completely under these nodes."""
        under = {place for code in codes for place in self.below(code)}
        return frozenset(site.code for site in self.sites if site.code in under)

    def _site_above(self, node: Node) -> str:
        site, above = node.id, node
        while above.parent:
            if above.kind == SITE_KIND:
                site = above.id
            above = self.by_id[above.parent]
        return site


MERGED_SUFFIX = "M"  # ends the code of a merged site
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
        """Return whether the day is one of its own."""
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
    """Every place that reports at some time, in the order of places.csv; a merged site stands last."""
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
    new_site = f"{first.id}{MERGED_SUFFIX}"
    merged = replace(_place(tree, first), bottom=tree.bottom_of(merger.sites), sites=tree.sites_of(merger.sites))
    site = replace(first, id=new_site, name=f"{first.name} with {second.name}")
    yield replace(merged, node=site, valid_from=merger.day, succeeds=merger.sites)
    for old in (code for site_code in merger.sites for code in tree.below(site_code)[1:]):
        node = tree.by_id[old]
        parent = new_site if node.parent in merger.sites else f"{node.parent}{MERGED_SUFFIX}"
        node = replace(node, id=f"{old}{MERGED_SUFFIX}", parent=parent)
        yield replace(_place(tree, tree.by_id[old]), node=node, valid_from=merger.day, succeeds=(old,))


def _pairs(tree: SimulatedTree) -> Iterator[tuple[str, str]]:
    for node in tree.nodes:
        sites = [code for code in tree.children[node.id] if tree.by_id[code].kind == SITE_KIND]
        alike = [code for code in sites if bool(tree.children[code]) == bool(tree.children[sites[0]])]
        if len(alike) > 1:
            yield alike[0], alike[1]
