"""Ingest: from the sources of a system to its archive, with rejected values quarantined and counted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from publication.days import today
from training.history.archive import Archive
from training.history.categoricals import stacked, with_columns
from training.history.duplicates import set_apart_duplicates
from training.history.quarantine import write_quarantine
from training.history.refusals import check_accepted, check_rhythm, check_weeks, require_max_rejected
from training.history.screening import Screened, screen
from training.history.separators import quarantine_ambiguous
from training.history.strictness import quarantine_suspects
from training.history.summary import IngestSummary, summarise
from training.history.weekly_totals import spread_weeks, weekly_sources
from training.sources import read_source
from training.system import SystemFile


def ingest(
    system_file: SystemFile, archive: Archive, quarantine: Path, now: datetime, strict: bool = False
) -> IngestSummary:
    """Read every source, append what is new or revised, and write what is refused to a file under `quarantine`.

    With `strict`, values that would be kept and flagged as suspect are refused too.

    Raises HistoryError, and appends nothing, where a source cannot be read, not one value can be accepted, more than
    `max_rejected_share` of a file's rows are refused, or a flow has one value a week, a month or a quarter.
    """
    last_day = today(now, system_file.system.timezone)
    screened, values, refused = _gathered(_screened(system_file, last_day))
    values, ambiguous = quarantine_ambiguous(values, archive)
    values, superseded, duplicates = set_apart_duplicates(values)
    refused = stacked([refused, ambiguous, duplicates])
    if weekly_sources(system_file):
        check_weeks(values, system_file)
        values, out_of_step = spread_weeks(values, archive, system_file, last_day)
        values, again, duplicates = set_apart_duplicates(values)
        superseded, refused = stacked([superseded, again]), stacked([refused, out_of_step, duplicates])
    if strict:
        values, suspect = quarantine_suspects(values, archive, system_file)
        refused = stacked([refused, suspect])
    file = write_quarantine(refused, quarantine, now)
    check_accepted(values, screened, refused, file)
    require_max_rejected(system_file.sources, screened, refused, file)
    check_rhythm(values, archive, system_file)
    fates = archive.append(values, now)
    return summarise(screened, with_columns(values, fate=fates), superseded, refused, file)


def _screened(system_file: SystemFile, last_day: date) -> list[Screened]:
    return [
        screen(extract, system_file.system, last_day)
        for source in system_file.sources
        for extract in read_source(source, system_file.folder)
    ]


def _gathered(screened: Sequence[Screened]) -> tuple[list[Screened], pd.DataFrame, pd.DataFrame]:
    """The values and the quarantined rows of all files in one table each, and what else is known of each file."""
    counted = [replace(part, values=part.values.iloc[:0], quarantined=part.quarantined.iloc[:0]) for part in screened]
    values = stacked([part.values for part in screened])
    return counted, values, stacked([part.quarantined for part in screened])
