"""Combinations of the factors to run: all of them, or as few as have every pair of values once."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product

from tests.drills.histories.hospitals import INCIDENTS, LENGTHS, MEASURES, STRUCTURES, Hospital

Values = tuple[int | str, ...]
Pair = tuple[int, int | str, int, int | str]


def every_hospital() -> list[Hospital]:
    """The complete product, without those that have the history of another."""
    combined = (Hospital(*values) for values in product(LENGTHS, MEASURES, STRUCTURES, INCIDENTS))
    return [hospital for hospital in combined if hospital.is_distinct]


def covering(hospitals: list[Hospital]) -> list[Hospital]:
    """Some of the hospitals, in their order, among which is every pair of values that is among all of them.

    Greedy: the next one has most pairs not seen yet, and of those the one whose pairs were seen least.
    """
    pairs = {hospital: frozenset(pairs_of(hospital)) for hospital in hospitals}
    missing = set().union(*pairs.values())
    seen: Counter[Pair] = Counter()
    chosen: set[Hospital] = set()
    while missing:
        best = max(
            hospitals, key=lambda hospital: (len(pairs[hospital] & missing), -sum(seen[p] for p in pairs[hospital]))
        )
        chosen.add(best)
        missing -= pairs[best]
        seen.update(pairs[best])
    return [hospital for hospital in hospitals if hospital in chosen]


def pairs_of(hospital: Hospital) -> Iterator[Pair]:
    """Each two factors, by number, with their values."""
    values: Values = (hospital.days, hospital.measures, hospital.structure, hospital.incident)
    for one, other in combinations(range(len(values)), 2):
        yield one, values[one], other, values[other]
