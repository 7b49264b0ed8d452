"""Recent findings: the days of the last weeks that a check doubts, and what the forecast for a cutoff did with them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from publication.days import ONE_DAY
from publication.model import Finding, Publication
from publication.vocabulary import Check, Severity, Treatment
from training.frames import WEEK, BoolArray
from training.history.event_days import UNTRUSTED_KINDS, days_of
from training.history.flags import NO_FLAGS
from training.history.hierarchy import bottom_series
from training.history.plausibility.findings import findings, run_starts
from training.history.plausibility.info_checks import gap_days
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import LOOKBACK_WEEKS

SILENT_NAMED_DAYS = 182  # after which a series that stopped is no news
WEEKDAYS_SEEN_DAYS = (LOOKBACK_WEEKS + 1) * WEEK  # in which it shows on which weekdays a series is never counted
MOST_CHECKED_SERIES_NAMED = 3
MISSING_CHECKS = frozenset({Check.GAP, Check.LATE, Check.SILENT})
"""Checks of missing values. They are made here, day by day and up to the cutoff."""


def recent_findings(
    history: PointInTimeHistory,
    cutoff: pd.Timestamp,
    n_days: int,
    published: Collection[str],
    flags: pd.DataFrame = NO_FLAGS,
) -> tuple[Finding, ...]:
    """Return the findings on the last `n_days` up to the cutoff: suspect ones first, then the newest.

    `published` are the series of the publication. `flags` are those of sources that the history does not bring along.
    What is noted of a total whose parts report is left out: the parts are used in its stead.
    """
    checked = _CheckedHistory(history, cutoff, n_days, frozenset(published))
    found = [*checked.by_check(flags), *checked.gaps(), *checked.excluded(), *checked.late(), *checked.stopped()]
    return tuple(sorted(_joined(found), key=_newest_suspects_first))


def _joined(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings; those of one check and series whose days meet are one, as sources flag days too."""
    waiting: Finding | None = None
    for finding in sorted(found, key=lambda finding: (finding.series, finding.check, finding.first)):
        if waiting is not None and _meet(waiting, finding):
            waiting = replace(waiting, last=max(waiting.last, finding.last))
            continue
        if waiting is not None:
            yield waiting
        waiting = finding
    if waiting is not None:
        yield waiting


def _meet(one: Finding, following: Finding) -> bool:
    same = (one.series, one.check) == (following.series, following.check)
    return same and one.check.concerns_days and following.first <= one.last + ONE_DAY


def _newest_suspects_first(finding: Finding) -> tuple[bool, int, str, int, date]:
    position = list(Check).index(finding.check)
    return finding.severity is Severity.NOTED, -finding.last.toordinal(), finding.series, position, finding.first


class _CheckedHistory:
    """What is known of a history at a cutoff, and what is used of it."""

    def __init__(
        self, history: PointInTimeHistory, cutoff: pd.Timestamp, n_days: int, published: frozenset[str]
    ) -> None:
        self._history = history
        self._cutoff = cutoff
        self._first = cutoff - pd.Timedelta(days=n_days - 1)
        self._published = published
        self._known = history.latest.loc[:cutoff]
        self._used = history.as_of(cutoff)

    def by_check(self, flags: pd.DataFrame) -> Iterator[Finding]:
        """Yield what the checks of values and the flags of sources find."""
        context = self._history.context
        every = pd.concat([self._history.flags, flags], ignore_index=True)
        table = findings(self._known, self._history.system, context, every[every["ds"] <= self._cutoff])
        missing = table["check"].isin([check.value for check in MISSING_CHECKS])
        for row in table[table["last"].ge(self._first) & ~missing].to_dict("records"):
            check, unique_id = Check(row["check"]), str(row["unique_id"])
            if check.severity is Severity.SUSPECT or not self._is_unused_total(unique_id):
                yield self._finding(
                    check, unique_id, row["first"], row["last"], row["note"] or _in_words(row["found"], row["baseline"])
                )

    def gaps(self) -> Iterator[Finding]:
        """Yield the days without a value between others."""
        tail = self._known.loc[self._first - pd.Timedelta(days=WEEKDAYS_SEEN_DAYS) :]
        if len(tail):
            yield from self._runs(tail, gap_days(tail), Check.GAP, "no value, and others before and after it")

    def excluded(self) -> Iterator[Finding]:
        """Yield the days with a value that events.csv leaves out."""
        days = self._known.loc[self._first :]
        series = [i for i in map(str, days.columns) if i in self._used]
        table = days[series]
        if table.empty:
            return
        index, events = pd.DatetimeIndex(table.index), self._history.context.events
        left_out = days_of(events, UNTRUSTED_KINDS, index, series, self._history.system) & table.notna().to_numpy()
        yield from self._runs(table, left_out, Check.EXCLUDED, "events.csv says that its days are not to be used")

    def late(self) -> Iterator[Finding]:
        """Yield the days since the last value of series that have not reached the cutoff."""
        for unique_id in self._history.days_behind(self._cutoff):
            last = _last_day(self._known[unique_id])
            if last < self._cutoff:
                reason = f"no value since {last:%Y-%m-%d}{self._typical_lateness(unique_id)}"
                yield self._finding(Check.LATE, unique_id, last + pd.Timedelta(days=1), self._cutoff, reason)

    def stopped(self) -> Iterator[Finding]:
        """Yield the series that are not forecast any more: silent ones, and those of places that closed."""
        for unique_id, last in stopped_series(self._history, self._cutoff):
            is_open = self._history.is_open(unique_id, self._cutoff)
            if last >= self._cutoff:
                continue
            check = Check.SILENT if is_open else Check.CLOSED
            reason = f"no value since {last:%Y-%m-%d}" if is_open else f"its place closed; last value {last:%Y-%m-%d}"
            yield self._finding(check, unique_id, last + pd.Timedelta(days=1), self._cutoff, reason)

    def _runs(self, table: pd.DataFrame, holds: BoolArray, check: Check, reason: str) -> Iterator[Finding]:
        """Yield each run of days of a series on which it holds, if it reaches the last weeks."""
        series, day = np.nonzero(holds.T)
        begins = run_starts(series, day)
        ends = np.append(begins[1:], len(day))[: len(begins)] - 1
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            unique_id, last = str(table.columns[series[begin]]), table.index[day[end]]
            if last >= self._first and not self._is_unused_total(unique_id):
                yield self._finding(check, unique_id, table.index[day[begin]], last, reason)

    def _finding(self, check: Check, unique_id: str, first: pd.Timestamp, last: pd.Timestamp, reason: str) -> Finding:
        treatment = self._treatment(check, unique_id, first, last)
        return Finding(unique_id, first.date(), last.date(), check, check.severity, reason, treatment)

    def _treatment(self, check: Check, unique_id: str, first: pd.Timestamp, last: pd.Timestamp) -> Treatment:
        """Return what the forecast did with the days: what models may see of them decides."""
        if unique_id not in self._published:
            return Treatment.NOT_FORECAST
        if check is Check.GAP:
            return Treatment.IMPUTED
        if check is Check.LATE:
            return Treatment.LEAD_EXTENDED
        if not check.concerns_days:
            return Treatment.USED
        if unique_id not in self._used:
            return Treatment.LEFT_OUT  # a total, in whose stead the sum of its parts is used
        used, known = self._used.loc[first:last, unique_id], self._known.loc[first:last, unique_id]
        return Treatment.LEFT_OUT if used.notna().sum() < known.notna().sum() else Treatment.USED

    def _is_unused_total(self, unique_id: str) -> bool:
        return unique_id in self._published and unique_id not in self._used

    def _typical_lateness(self, unique_id: str) -> str:
        """Return in words how late the series typically is; nothing where it is prompt, or no source says."""
        days = self._history.typical_delay(unique_id)
        return f"; its values typically come {days} days after the day" if days > 1 else ""


def stopped_series(history: PointInTimeHistory, cutoff: pd.Timestamp) -> Sequence[tuple[str, pd.Timestamp]]:
    """Return the series that had a value in the last half year and are not forecast, each with its last day."""
    sent = history.latest.loc[cutoff - pd.Timedelta(days=SILENT_NAMED_DAYS) : cutoff].dropna(axis=1, how="all")
    forecast = set(map(str, history.as_of(cutoff).columns))
    stopped = [i for i in bottom_series(history.system, {*map(str, sent), *forecast}) if i not in forecast]
    return [(i, _last_day(sent[i])) for i in stopped]


def _last_day(counts: pd.Series) -> pd.Timestamp:
    """Return the day of the last value; there is one."""
    return pd.Timestamp(pd.DatetimeIndex(counts.dropna().index)[-1])


def _in_words(found: float, baseline: float) -> str:
    return f"found {found:g}" + ("" if np.isnan(baseline) else f" on its first day, baseline {baseline:g}")


def findings_sentence(publication: Publication) -> str:
    """Say how many findings a publication has by check, and which series have most days of suspect ones."""
    if not publication.findings:
        return "No day of the last weeks is doubted."
    by_check = Counter(finding.check for finding in publication.findings)
    counts = ", ".join(f"{by_check[check]} {check}" for check in Check if by_check[check])
    days: Counter[str] = Counter()
    for finding in publication.findings:
        if finding.severity is Severity.SUSPECT:
            days[finding.series] += finding.days
    worst = sorted(days.items(), key=lambda item: (-item[1], item[0]))[:MOST_CHECKED_SERIES_NAMED]
    named = ", ".join(f"{unique_id} ({n} day{'s' * (n > 1)})" for unique_id, n in worst)
    return f"Findings of the last weeks: {counts}." + (f" Most suspect days: {named}." if worst else "")
