"""The tree of a simulated system: one root, trusts under it, sites under the trusts."""

from dataclasses import dataclass

ROOT_ID = "northshire"
ROOT_NAME = "Northshire"
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


def nodes(n_trusts: int, n_sites: int) -> tuple[Node, ...]:
    """The root, then the trusts, then the sites."""
    root = Node(ROOT_ID, "", ROOT_NAME, "system")
    trusts = [Node(trust_id(i), ROOT_ID, f"{_town(i)} NHS Trust", "trust") for i in range(n_trusts)]
    return (root, *trusts, *(_site(i, n_trusts) for i in range(n_sites)))


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
    return Node(f"{trust_id(trust)}{place_in_trust + 1:02d}", trust_id(trust), name, "site")


def _town(index: int) -> str:
    again = index // len(TOWNS)
    return TOWNS[index % len(TOWNS)] + f" {again + 1}" * bool(again)
