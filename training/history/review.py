"""The review of an archive: what the checks have to say of all that is known, and which events they suggest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from publication.vocabulary import Kind, series_key
from training.frames import wide
from training.history.archive import Archive
from training.history.parts import of_system
from training.history.plausibility import NO_DAYS, Severity, findings
from training.history.proposals import not_listed, proposals
from training.history.succession import with_inherited
from training.history.weekly_totals import weekly_sources
from training.history.whole_files import write_atomically
from training.system import Event, SystemFile
from training.system.calendars import EVENT_COLUMNS


@dataclass(frozen=True)
class Review:
    """`findings` has the columns of FINDINGS; `proposed` are events that events.csv does not have."""

    findings: pd.DataFrame
    proposed: tuple[Event, ...]
    last_day: pd.Timestamp

    def of(self, severity: Severity) -> dict[str, int]:
        """How many findings of this severity, by check."""
        checks = self.findings.loc[self.findings["severity"].eq(severity.value), "check"]
        return {str(check): int(n) for check, n in checks.value_counts().items()}


def review(system_file: SystemFile, archive: Archive) -> Review:
    """Judge everything that is known now."""
    system, context = system_file.system, system_file.context
    rows = of_system(archive.as_of(), system)
    last_day = rows["ds"].max()
    known = wide(with_inherited(rows, context.opening_periods, last_day.date()))
    found = findings(known, system, context, _spread(system_file, archive))
    proposed = proposals(found, system, last_day.date())
    return Review(found, tuple(not_listed(proposed, context.events, system)), last_day)


def _spread(system_file: SystemFile, archive: Archive) -> pd.DataFrame:
    """The series and days whose counts are totals of weeks, spread over their days."""
    sources = weekly_sources(system_file)
    if not sources:
        return NO_DAYS
    days = archive.days_of(sources)
    flows = {measure.name for measure in system_file.system.measures if measure.kind is Kind.FLOW}
    return days[[series_key(unique_id).measure in flows for unique_id in days["unique_id"]]]


def write_findings(found: pd.DataFrame, file: Path) -> None:
    """The findings as a CSV in place of the last; no file where there are none."""
    _replace(file, None if found.empty else found.to_csv(index=False, date_format="%Y-%m-%d", float_format="%g"))


def write_proposals(proposed: Sequence[Event], file: Path) -> None:
    """The proposed events as lines of an events.csv in place of the last; no file where there are none."""
    rows = [(e.first, e.last, e.place or "", e.measure or "", e.kind.value, e.note) for e in proposed]
    _replace(file, pd.DataFrame(rows, columns=list(EVENT_COLUMNS)).to_csv(index=False) if rows else None)


def _replace(file: Path, content: str | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
        return
    write_atomically(file, content, str(file), "The history itself is complete.")
