"""The review of an archive: the findings of all that is known, and the events that they suggest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from publication.model import System
from publication.vocabulary import Check, Kind, SeriesKey, Severity, series_key
from training.frames import wide
from training.history.archive import Archive
from training.history.flags import CHECK, NO_FLAGS, flags_of
from training.history.hierarchy import of_system, with_inherited
from training.history.plausibility.baseline import LevelShift
from training.history.plausibility.findings import findings
from training.history.quarantine import replace_text
from training.history.weekly_totals import weekly_sources
from training.system.model import Event, EventKind, SystemFile
from training.system.tables import EVENT_COLUMNS, event_row

SAME_SHIFT_DAYS = 7  # of one measure at several places: one thing happened to the system
SHARE_OF_SYSTEM = 0.5
FROZEN_WORTH_DAYS = 7
SHIFT_DAYS = 28  # what follows may be recovery
REPORTING_FAILURE = "reporting failure"
FROZEN = "frozen"
LEVEL_SHIFT = "level shift"


@dataclass(frozen=True)
class Review:
    """`findings` has the columns of FINDINGS; `proposed` are events that events.csv does not have."""

    findings: pd.DataFrame
    proposed: tuple[Event, ...]
    last_day: pd.Timestamp

    def of(self, severity: Severity) -> dict[str, int]:
        """Return the number of findings of this severity, by check."""
        checks = self.findings.loc[self.findings["severity"].eq(severity.value), "check"]
        return {str(check): int(n) for check, n in checks.value_counts().items()}

    def suspect_values(self, newest: int) -> dict[str, int]:
        """Return how many of the newest days are suspect, summed over series, by check; 0 for a check without any."""
        suspect = self.findings[self.findings["severity"].eq(Severity.SUSPECT.value)]
        first_day = self.last_day - pd.Timedelta(days=newest - 1)
        first = suspect["first"].where(suspect["first"] >= first_day, first_day)
        days = (suspect["last"] - first).dt.days + 1
        by_check = days.clip(lower=0).groupby(suspect["check"]).sum()
        checks = [check for check in Check if check.severity is Severity.SUSPECT]
        return {check.value: int(by_check.get(check.value, 0)) for check in checks}


def review(system_file: SystemFile, archive: Archive) -> Review:
    """Check everything that is known now."""
    system, context = system_file.system, system_file.context
    rows = of_system(archive.as_of(), system)
    last_day = rows["ds"].max()
    known = wide(with_inherited(rows, context.opening_periods, last_day.date(), system))
    flags = pd.concat([flags_of(rows), weekly_total_flags(system_file, archive)], ignore_index=True)
    found = findings(known, system, context, flags)
    proposed = proposals(found, system, last_day.date())
    return Review(found, tuple(not_listed(proposed, context.events, system)), last_day)


def weekly_total_flags(system_file: SystemFile, archive: Archive) -> pd.DataFrame:
    """Return flags of the series and days whose counts are totals of weeks, spread over their days."""
    sources = weekly_sources(system_file)
    if not sources:
        return NO_FLAGS
    days = archive.days_of(sources).astype({"unique_id": str})
    flows = {measure.name for measure in system_file.system.measures if measure.kind is Kind.FLOW}
    flagged = days[[series_key(unique_id).measure in flows for unique_id in days["unique_id"]]]
    return flagged.assign(**{CHECK: Check.WEEKLY_TOTALS.value})


def write_findings(found: pd.DataFrame, file: Path) -> None:
    """Write the findings as a CSV in place of the last; where there are none, it has its header alone."""
    _replace(file, found.to_csv(index=False, date_format="%Y-%m-%d", float_format="%g"))


def write_proposals(proposed: Sequence[Event], file: Path) -> None:
    """Write the proposed events as lines of an events.csv, in place of the last."""
    rows = [event_row(event) for event in proposed]
    _replace(file, pd.DataFrame(rows, columns=list(EVENT_COLUMNS)).to_csv(index=False))


def _replace(file: Path, content: str) -> None:
    replace_text(file, content, str(file), "The history itself is complete.")


@dataclass(frozen=True)
class SuggestedEvent:
    """A series and the days on which something happened to it."""

    key: SeriesKey
    first: date
    last: date
    kind: EventKind
    note: str


def proposals(findings: pd.DataFrame, system: System, last_day: date) -> list[Event]:
    """Reporting failures, frozen feeds and level shifts as events, oldest first; `last_day` is that of the history."""
    suggested = [*_fault_events(findings), *_level_shift_events(_shifts(findings), system, last_day)]
    return sorted(_joined(suggested, system), key=lambda event: (event.first, event.place or "", event.measure or ""))


def not_listed(proposed: Iterable[Event], events: Sequence[Event], system: System) -> list[Event]:
    """The proposals that no event of the same place and measure overlaps: what a person has not dealt with yet."""
    return [event for event in proposed if not any(_covers(listed, event, system) for listed in events)]


def _fault_events(findings: pd.DataFrame) -> list[SuggestedEvent]:
    failures = findings["check"].eq(REPORTING_FAILURE)
    frozen = findings["check"].eq(FROZEN) & findings["days"].ge(FROZEN_WORTH_DAYS)
    chosen = findings[failures | frozen]
    columns = chosen["unique_id"], chosen["first"].dt.date, chosen["last"].dt.date, chosen["check"], chosen["found"]
    return [
        SuggestedEvent(series_key(unique_id), first, last, EventKind.DATA_FAULT, f"{check}: {value:g} every day")
        for unique_id, first, last, check, value in zip(*map(list, columns), strict=True)
    ]


def _shifts(findings: pd.DataFrame) -> list[LevelShift]:
    rows = findings[findings["check"].eq(LEVEL_SHIFT)].sort_values(["unique_id", "first"])
    columns = rows["unique_id"], rows["first"], rows["baseline"], rows["found"]
    return [LevelShift(*row) for row in zip(*map(list, columns), strict=True)]


def _level_shift_events(shifts: Sequence[LevelShift], system: System, last_day: date) -> list[SuggestedEvent]:
    """Each shift: of beds until the next one of its series, of other counts for the weeks that show it."""
    found = []
    for position, shift in enumerate(shifts):
        following = shifts[position + 1] if position + 1 < len(shifts) else None
        lasts = following is None or following.unique_id != shift.unique_id
        until = last_day if lasts or following is None else (following.day - pd.Timedelta(days=1)).date()
        key = series_key(shift.unique_id)
        beds = system.measure_by_name[key.measure].kind is Kind.CAPACITY
        if not beds:
            until = min(until, (shift.day + pd.Timedelta(days=SHIFT_DAYS - 1)).date())
        level = f"from {shift.before:g} to {shift.after:g} a day ({shift.change:+.0%})"
        kind = EventKind.CLOSURE if shift.change < 0 else EventKind.DIVERT
        note = f"{shift.after - shift.before:+.0f} beds: {level}" if beds else level
        found.append(SuggestedEvent(key, shift.day.date(), until, EventKind.BED_CHANGE if beds else kind, note))
    return found


def _joined(found: list[SuggestedEvent], system: System) -> list[Event]:
    """One event for each thing that happened: for the system where half of its places show it."""
    events = []
    waiting = sorted(found, key=lambda item: (item.key.measure, item.kind, item.first, item.key))
    while waiting:
        first = waiting[0]
        together = [item for item in waiting if _same_thing(first, item)]
        n_places = sum(1 for place in system.places if not system.children(place.id))
        if first.kind is not EventKind.BED_CHANGE and len(together) > max(1, SHARE_OF_SYSTEM * n_places):
            note = f"{len(together)} series: {first.note}"
            last = max(item.last for item in together)
            events.append(Event(first.first, last, None, first.key.measure, first.kind, note))
        else:
            together = [first]
            events.append(Event(first.first, first.last, first.key.place, first.key.measure, first.kind, first.note))
        waiting = [item for item in waiting if item not in together]
    return events


def _same_thing(one: SuggestedEvent, other: SuggestedEvent) -> bool:
    near = abs((other.first - one.first).days) <= SAME_SHIFT_DAYS
    return near and (one.key.measure, one.kind) == (other.key.measure, other.kind)


def _covers(listed: Event, proposed: Event, system: System) -> bool:
    if not listed.first <= proposed.last or not proposed.first <= listed.last:
        return False
    place = proposed.place or system.name
    if listed.place is not None and listed.place not in (place, *system.ancestors(place)):
        return False
    return listed.measure is None or listed.measure == proposed.measure
