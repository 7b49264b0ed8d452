"""What the report is drawn from: one history as it was known, judged once."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import SeriesKey, series_key
from training.arrays import BoolArray
from training.history.disturbances import UNTRUSTED_KINDS, days_of
from training.history.known import PointInTimeHistory
from training.history.plausibility import Severity, findings
from training.history.report.vintages import Vintages, vintages
from training.system import SystemContext


class Finding(NamedTuple):
    """One row of the findings."""

    severity: str
    check: str
    unique_id: str
    first: pd.Timestamp
    last: pd.Timestamp
    days: int
    found: float
    usual: float
    note: str


def each(found: pd.DataFrame) -> list[Finding]:
    """The rows of a table of findings, in its order."""
    return [Finding(*row) for row in found.itertuples(index=False, name=None)]


@dataclass(frozen=True)
class Evidence:
    """A history as it was known at `as_of`; `table` is wide, and masks of it have its shape (n_days, n_series)."""

    system: System
    context: SystemContext
    as_of: datetime
    table: pd.DataFrame
    last_complete_day: date
    findings: pd.DataFrame
    vintages: Vintages

    @property
    def days(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.table.index)

    @cached_property
    def unique_ids(self) -> list[str]:
        return [str(unique_id) for unique_id in self.table.columns]

    @cached_property
    def keys(self) -> list[SeriesKey]:
        return [series_key(unique_id) for unique_id in self.unique_ids]

    @cached_property
    def suspect(self) -> pd.DataFrame:
        """The suspect findings, newest first."""
        return self.findings[self.findings["severity"] == Severity.SUSPECT.value]

    @cached_property
    def is_suspect(self) -> BoolArray:
        found = np.zeros(self.table.shape, bool)
        columns = self.table.columns.get_indexer(pd.Index(self.suspect["unique_id"]))
        first, last = (self.days.get_indexer(pd.DatetimeIndex(self.suspect[end])) for end in ("first", "last"))
        for column, begin, end in zip(columns, first, last, strict=True):
            found[begin : end + 1, column] = True
        return found

    @cached_property
    def is_left_out(self) -> BoolArray:
        """Where an event says that the days teach nothing."""
        return days_of(self.context.events, UNTRUSTED_KINDS, self.days, self.unique_ids, self.system)

    @cached_property
    def is_revised(self) -> BoolArray:
        revised = np.zeros(self.table.shape, bool)
        chosen = self.vintages.is_revised
        revised[self.vintages.day[chosen], self.vintages.series[chosen]] = True
        return revised

    @cached_property
    def measures(self) -> list[str]:
        """Those that have a series, as the system lists them."""
        present = {key.measure for key in self.keys}
        listed = [measure.name for measure in self.system.measures if measure.name in present]
        return [*listed, *sorted(present - set(listed))]

    def of_measure(self, measure: str) -> BoolArray:
        """Which of the values of `vintages` count this measure."""
        is_theirs = np.array([key.measure == measure for key in self.keys], dtype=bool)
        chosen: BoolArray = is_theirs[self.vintages.series]
        return chosen


def evidence(versions: pd.DataFrame, system: System, context: SystemContext, as_of: datetime) -> Evidence:
    """Of `unique_id, ds, y, known_at`, every vintage that was known at the instant; at least one."""
    known = PointInTimeHistory(versions, system, context=context)
    table = known.latest
    return Evidence(
        system=system,
        context=context,
        as_of=as_of,
        table=table,
        last_complete_day=known.last_complete_day.date(),
        findings=findings(table, system, context),
        vintages=vintages(versions, table, system.timezone, as_of),
    )
