"""The nodes of a simulated system: one root, trusts under it, sites under the trusts, and wards in the sites."""

from dataclasses import dataclass

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
