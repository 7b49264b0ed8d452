"""The numbers of pressure as JSON writes them, made for all days of a place at once."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

import orjson

from publication.model import Publication
from publication.packed import PackedRows
from publication.pressure import SHORT_BY
from publication.vocabulary import COMPUTED_DECIMALS
from service.queries.pressure import PlacePressure, rounded
from service.queries.selection import Selection

ALL_DIGITS_NOUGHT = bytes.maketrans(b"123456789", b"000000000")
MORE_DECIMALS = b"." + b"0" * (COMPUTED_DECIMALS + 1)
"""In a text whose digits are all nought: a number that is to be rounded."""
EXPONENT = b"e"


class DayPositions(NamedTuple):
    """The positions of one day's numbers among those of its place. `net_flow` is empty where it is not counted."""

    beds: int
    occupancy: range
    headroom: range
    net_flow: range
    over: range
    short: range


class PressureNumbers:
    """The numbers of any place at the selected quantiles."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self._positions = [position for position, _ in selection.quantiles(publication.system)]
        self._n_thresholds = len(publication.system.thresholds)

    def texts(self, pressure: PlacePressure) -> list[str]:
        """Return those of all shown days, at least one."""
        of, days, positions = pressure.of, slice(pressure.shown.start, pressure.shown.stop), self._positions
        counts = [
            *of.beds[days],
            *_numbers(of.occupancy, days, positions),
            *_numbers(of.headroom, days, [pressure.published[i] for i in positions]),
            *_numbers(of.net_flow, days, positions),
        ]
        every_day = slice(len(pressure.shown))
        over = _numbers(pressure.over, every_day, range(self._n_thresholds))
        short = _numbers(pressure.short, every_day, range(len(SHORT_BY)))
        return f"{_rounded_texts(counts)},{orjson.dumps([*over, *short])[1:-1].decode()}".split(",")

    def n_texts(self, n_days: int, *, has_flow: bool) -> int:
        """Return the number of texts of so many days."""
        return n_days * sum(self._widths(has_flow))

    def positions(self, n_days: int, *, has_flow: bool) -> Iterator[DayPositions]:
        """Yield the positions of each day's numbers among the texts."""
        widths = self._widths(has_flow)
        firsts = [n_days * before for before in accumulate(widths, initial=0)]
        for day in range(n_days):
            starts = [first + day * width for first, width in zip(firsts, widths, strict=False)]
            ranges = [range(start, start + width) for start, width in zip(starts, widths, strict=True)]
            yield DayPositions(ranges[0].start, *ranges[1:])

    def _widths(self, has_flow: bool) -> tuple[int, ...]:
        """Return how many numbers of each kind a day has."""
        n = len(self._positions)
        return (1, n, n, n if has_flow else 0, self._n_thresholds, len(SHORT_BY))


class Filling:
    """A template whose places take texts in an order that is fixed for all places of a system."""

    def __init__(self, template: str, order: Sequence[int]) -> None:
        self._template = template
        self._arranged = itemgetter(*order)

    def of(self, texts: Sequence[str]) -> str:
        """Return the template with these texts."""
        arranged: tuple[str, ...] = self._arranged(texts)
        return self._template % arranged


def _numbers(rows: Sequence[Sequence[float]], days: slice, columns: Sequence[int]) -> Sequence[float]:
    """Return the numbers of some rows at the columns, one row after the other."""
    if isinstance(rows, PackedRows):
        return rows.numbers(days, columns)
    return [row[column] for row in rows[days] for column in columns]


def _rounded_texts(numbers: Sequence[float]) -> str:
    """Return the rounded numbers as JSON writes them, with commas between.

    Most were published with few decimals. Those that a scenario has shifted are rounded, and any with more: rounding
    takes ten times as long as the search for them.
    """
    found = orjson.dumps(numbers)
    masked = found.translate(ALL_DIGITS_NOUGHT)
    if MORE_DECIMALS in masked or EXPONENT in masked:
        found = orjson.dumps([rounded(number) for number in numbers])
    return found[1:-1].decode()
