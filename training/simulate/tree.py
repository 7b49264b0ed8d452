"""Any tree of nodes, as what a simulation needs to know of it: where patients arrive and where their beds are."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from training.simulate.network import SITE_KIND, Node


@dataclass(frozen=True, slots=True)
class Site:
    """Where patients arrive, and the bottom places whose beds they are put in: itself, where it has no parts."""

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
        """The sites that lie whole under these nodes."""
        under = {place for code in codes for place in self.below(code)}
        return frozenset(site.code for site in self.sites if site.code in under)

    def _site_above(self, node: Node) -> str:
        site, above = node.id, node
        while above.parent:
            if above.kind == SITE_KIND:
                site = above.id
            above = self.by_id[above.parent]
        return site
