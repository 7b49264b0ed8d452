"""Options of a simulation, and the checks of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from training.errors import UsageError
from training.simulate.effects import ADMISSIONS_BY_HOUR
from training.system.schema import MAX_HORIZON_DAYS

MAX_WARDS = 40  # of a site: smaller wards than that have no refit or winter beds to speak of
SHORTEST_WITH_STRIKES_DAYS = 28
SHORTEST_WITH_MERGER_DAYS = 60
SHORTEST_WITH_LOCKDOWN_DAYS = 90
SHORTEST_WITH_FAULTS_DAYS = 240


class FaultKind(StrEnum):
    """Kinds of faults of a feed, in the order in which they are injected."""

    LATE = "late"
    PARTIAL_DAY = "partial_day"
    REVISED = "revised"
    ZERO_DAY = "zero_day"
    GAP = "gap"
    BALANCE = "balance"
    FROZEN = "frozen"
    SPIKE = "spike"
    DIP = "dip"
    ABOVE_BEDS = "above_beds"
    SENTINEL_NEGATIVE = "sentinel_negative"
    SENTINEL_POSITIVE = "sentinel_positive"
    TEXT = "text"
    DECIMAL_COMMA = "decimal_comma"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"
    UNKNOWN_PLACE = "unknown_place"
    FUTURE_DAY = "future_day"


@dataclass(frozen=True)
class Scenario:
    """The options of a simulation. `sites` is their number in all, `wards` that of each site (0: sites are the bottom).

    `faults` are those of the feed, `truth_days` the cutoffs whose true distributions are written, from `draws`
    futures up to `horizon` days ahead. `census_hour` is the local hour at which occupancy is counted; without it, the
    flows of a day are those from census to census.
    """

    days: int = 1096
    trusts: int = 2
    sites: int = 4
    wards: int = 0
    strikes: bool = False
    lockdown: bool = False
    merger: bool = False
    faults: tuple[FaultKind, ...] = ()
    truth_days: tuple[date, ...] = ()
    horizon: int = 28
    draws: int = 2000
    census_hour: int | None = None

    def check(self, seed: int, last_day: date) -> None:
        """Raises UsageError where no system can be like this."""
        faults = [*self._size_faults(seed), *self._option_faults(), *self._truth_faults(last_day)]
        if faults:
            raise UsageError(f"Simulating a system: {faults[0]}")

    def _size_faults(self, seed: int) -> Iterator[str]:
        if seed < 0:
            yield f"the seed is {seed}. Give a seed of 0 or more."
        if self.days < 1:
            yield f"{self.days} days were asked for. Give at least 1 day."
        if self.trusts < 1:
            yield f"{self.trusts} trusts were asked for. Give at least 1 trust."
        if self.sites < self.trusts:
            yield (
                f"{self.trusts} trusts cannot share {self.sites} sites, since each trust has at least one. "
                f"Give at least {self.trusts} sites, or fewer trusts."
            )
        if not 0 <= self.wards <= MAX_WARDS:
            yield f"{self.wards} wards for each site were asked for. Give 0 to {MAX_WARDS}."
        n_hours = len(ADMISSIONS_BY_HOUR)
        if self.census_hour is not None and not 0 <= self.census_hour < n_hours:
            yield f"a census at hour {self.census_hour} was asked for. Give 0 to {n_hours - 1}."

    def _option_faults(self) -> Iterator[str]:
        shortest = (
            ("strikes", self.strikes, SHORTEST_WITH_STRIKES_DAYS),
            ("a lockdown", self.lockdown, SHORTEST_WITH_LOCKDOWN_DAYS),
            ("a merger", self.merger, SHORTEST_WITH_MERGER_DAYS),
            ("faults", bool(self.faults), SHORTEST_WITH_FAULTS_DAYS),
        )
        for what, wanted, days in shortest:
            if wanted and self.days < days:
                yield f"{self.days} days are too few for {what}. Give at least {days} days."
        if self.merger and self.sites <= self.trusts:
            yield "a merger needs two sites in one trust. Give more sites than trusts."
        if self.faults and self.sites - self.merger < 2:
            yield "faults need two sites, since one of them reports late. Give at least 2 sites, 3 with a merger."

    def _truth_faults(self, last_day: date) -> Iterator[str]:
        first_day = last_day - timedelta(days=self.days - 1)
        if not 1 <= self.horizon <= MAX_HORIZON_DAYS:
            yield f"a horizon of {self.horizon} days was asked for. Give 1 to {MAX_HORIZON_DAYS}."
        if self.draws < 1:
            yield f"{self.draws} draws were asked for. Give at least 1."
        for day in self.truth_days:
            if not first_day <= day <= last_day:
                yield f"the truth for {day} was asked for. Give a day of the history, {first_day} to {last_day}."
