"""Ingest: from the sources of a system to its archive, with rejected values quarantined and counted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import today
from publication.vocabulary import Check, Kind
from training.errors import HistoryError
from training.frames import IntArray, wide
from training.history.aggregation import aggregate_days
from training.history.archive import Archive, unique_ids
from training.history.columns import day_numbers, stack_rows, with_columns
from training.history.parsing import quarantine_ambiguous
from training.history.plausibility.catalogue import SUSPECT_CHECKS, suspects
from training.history.quarantine import Reason, quarantine_duplicates, quarantine_rows, write_quarantine
from training.history.reporting import RHYTHM_LOOKBACK_DAYS, WEEKLY, Rhythm, rhythms
from training.history.screening import ScreenedFile, screen
from training.history.summary import IngestSummary, summarise
from training.history.weekly_totals import is_weekly_total, spread_weeks, weekly_sources
from training.sources.reading import read_source
from training.system.model import Source, SystemFile

ADVICE = {i: f"{check.name}: correct it, or ingest without --strict" for i, check in enumerate(SUSPECT_CHECKS)}
DAYS_SHOWN = 4
NO_DAY = np.iinfo(np.int64).min // 2  # before any other


def ingest(
    system_file: SystemFile, archive: Archive, quarantine: Path, now: datetime, strict: bool = False
) -> IngestSummary:
    """Read every source, append what is new or revised, and write what is rejected to a file under `quarantine`.

    With `strict`, values that would be archived and flagged as suspect are rejected too.

    Raises HistoryError, and appends nothing, where a source cannot be read, not one value can be accepted, more than
    `max_rejected_share` of a file's rows are rejected, or a flow has one value a week, a month or a quarter.
    """
    last_day = today(now, system_file.system.timezone)
    screened, values, rejected = _in_one_table(_screened(system_file, now))
    values, ambiguous = quarantine_ambiguous(values, archive)
    values, less_complete = quarantine_less_complete(values, archive)
    values, superseded, duplicates = quarantine_duplicates(values)
    rejected = stack_rows([rejected, ambiguous, less_complete, duplicates])
    if weekly_sources(system_file):
        require_weekly(values, system_file)
        values, out_of_step = spread_weeks(values, archive, system_file, last_day)
        values, again, duplicates = quarantine_duplicates(values)
        superseded, rejected = stack_rows([superseded, again]), stack_rows([rejected, out_of_step, duplicates])
    if strict:
        values, suspect = quarantine_suspects(values, archive, system_file)
        rejected = stack_rows([rejected, suspect])
    file = write_quarantine(rejected, quarantine, now)
    require_accepted(values, screened, rejected, file)
    require_max_rejected(system_file.sources, screened, rejected, file)
    require_daily(values, archive, system_file)
    statuses = archive.append(values, now)
    return summarise(screened, with_columns(values, status=statuses), superseded, rejected, file)


def _screened(system_file: SystemFile, now: datetime) -> list[ScreenedFile]:
    system, last_day = system_file.system, today(now, system_file.system.timezone)
    screened: list[ScreenedFile] = []
    for source in system_file.sources:
        parts = [screen(extract, system, last_day) for extract in read_source(source, system_file.folder)]
        screened.extend(aggregate_days(parts, source, system, now))
    return screened


def _in_one_table(screened: Sequence[ScreenedFile]) -> tuple[list[ScreenedFile], pd.DataFrame, pd.DataFrame]:
    """The values and the quarantined rows of all files in one table each, and what else is known of each file."""
    counted = [replace(part, values=part.values.iloc[:0], quarantined=part.quarantined.iloc[:0]) for part in screened]
    values = stack_rows([part.values for part in screened])
    return counted, values, stack_rows([part.quarantined for part in screened])


def quarantine_less_complete(values: pd.DataFrame, archive: Archive) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values without partial days that the archive has complete, or with more of their rows; and those.

    An extract of the last hours has a part of a day that an earlier one has had in full.
    """
    partial = values[values["check"].eq(Check.PARTIAL_DAY.value)]
    if partial.empty or archive.is_empty:
        return values, quarantine_rows(partial.iloc[:0], Reason.LESS_COMPLETE, "", "", partial["found"].iloc[:0])
    keys = pd.MultiIndex.from_arrays([pd.Series(unique_ids(partial)).astype(object), partial["ds"]])
    known = archive.as_of()
    known = known[known["unique_id"].isin(keys.get_level_values(0).unique())]
    archived = known.astype({"unique_id": object}).set_index(["unique_id", "ds"]).reindex(keys)
    before = archived["y"].to_numpy()
    was_partial = (
        archived["check"].eq(Check.PARTIAL_DAY.value).to_numpy()
        if "check" in archived
        else np.zeros(len(partial), bool)
    )
    is_less = ~np.isnan(before) & (~was_partial | (before > partial["y"].to_numpy()))
    less = partial[is_less]
    advice = "the archive has more of this day: send all of its rows to revise it"
    rejected = quarantine_rows(less, Reason.LESS_COMPLETE, advice, less["column"], less["found"])
    return values.drop(index=less.index), rejected


def quarantine_suspects(
    values: pd.DataFrame, archive: Archive, system_file: SystemFile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values that no check suspects, and rows of the quarantine for the others.

    They are checked in the history as it would be with all of them in it.
    """
    named = with_columns(values, unique_id=unique_ids(values))
    table = _with_archived(named, archive)
    found = suspects(table, system_file.system, system_file.context)
    days = day_numbers(named["ds"]) - day_numbers(table.index.to_series().head(1))[0]
    series = table.columns.get_indexer(named["unique_id"].cat.categories)[named["unique_id"].cat.codes]
    checks = pd.Series(found[days, series], index=values.index)
    bad = values[checks.ge(0)]
    advice = checks[checks.ge(0)].map(ADVICE).astype(object)
    return values[checks.lt(0)], quarantine_rows(bad, Reason.SUSPECT, advice, bad["column"], bad["found"])


def _with_archived(values: pd.DataFrame, archive: Archive) -> pd.DataFrame:
    newest = values.sort_values("known_at", kind="stable", na_position="last")
    new = wide(newest.drop_duplicates(["unique_id", "ds"], keep="last"))
    if archive.is_empty:
        return new
    together = new.combine_first(wide(archive.as_of()))
    return together.reindex(pd.date_range(together.index[0], together.index[-1], freq="D", name="ds"))


def require_accepted(
    values: pd.DataFrame, screened: Sequence[ScreenedFile], rejected: pd.DataFrame, file: Path | None
) -> None:
    """Raises HistoryError where there is nothing to archive, with what stood in the way of every row."""
    if not values.empty:
        return
    rows = sum(part.rows for part in screened)
    files = ", ".join(dict.fromkeys(part.file for part in screened))
    if file is None:
        ignored, empty = sum(part.ignored for part in screened), sum(part.empty for part in screened)
        raise HistoryError(
            f"Ingesting {files}: not one of {rows} rows has a value ({ignored} rows of ignored places, "
            f"{empty} blank counts). Nothing was changed. Check the columns and ignore_places in system.toml, "
            "or send the extract again."
        )
    raise HistoryError(
        f"Ingesting {files}: not one of {rows} rows could be accepted ({_reasons(rejected)}). Nothing was changed. "
        f"{_example(rejected)} {file} has each with its line and reason: correct them or system.toml, and ingest again."
    )


def require_max_rejected(
    sources: Sequence[Source], screened: Sequence[ScreenedFile], rejected: pd.DataFrame, file: Path | None
) -> None:
    """Raises HistoryError where more of a file's rows are rejected than the `max_rejected_share` of its source.

    Rows of ignored places and rows that only repeat another do not count.
    """
    max_rejected_share = {source.name: source.max_rejected_share for source in sources}
    counting = rejected[rejected["kind"].ne(Reason.REPEATED_ROW)]
    n_rejected = counting.drop_duplicates(["source", "file", "line"]).groupby(["source", "file"], observed=True).size()
    for part in screened:
        n_rows, n_bad = part.rows - part.ignored, int(n_rejected.get((part.source, part.file), 0))
        if n_bad <= max_rejected_share[part.source] * n_rows:
            continue
        bad = counting[counting["source"].eq(part.source) & counting["file"].eq(part.file)]
        raise HistoryError(
            f"Ingesting {part.file}: {n_bad} of {n_rows} rows ({n_bad / n_rows:.1%}) are rejected ({_reasons(bad)}), "
            f"and max_rejected_share of source {part.source} is {max_rejected_share[part.source]:.1%}. Nothing was "
            f"changed. {_example(bad)} {file} has each with its line and reason: correct them, or raise "
            "max_rejected_share in system.toml."
        )


def require_daily(values: pd.DataFrame, archive: Archive, system_file: SystemFile) -> None:
    """Raises HistoryError where a flow would be archived that has one value a week, a month or a quarter.

    Such values are totals, and would be taken for the counts of days.

    The newest days that the archive would then hold decide. A source that declares `every` is exempt.
    """
    flows = {measure.name for measure in system_file.system.measures if measure.kind is Kind.FLOW}
    undeclared = {source.name for source in system_file.sources if source.every is None}
    new = values[values["measure"].isin(flows) & values["source"].isin(undeclared)]
    if new.empty:
        return
    days = pd.DataFrame({"unique_id": unique_ids(new), "ds": new["ds"].array})
    days = _without_daily(days)
    if days.empty:
        return
    first = days["ds"].max() - pd.Timedelta(days=RHYTHM_LOOKBACK_DAYS)
    known = archive.days(first.date())
    known = known[known["unique_id"].isin(days["unique_id"].unique())]
    together = pd.concat([days.astype({"unique_id": str}), known.astype({"unique_id": str})], ignore_index=True)
    found = list(rhythms(together))
    if found:
        files = ", ".join(map(str, new["file"].unique()))
        sources = dict.fromkeys(map(str, new["source"].unique()))
        raise HistoryError(_not_daily(files, list(sources), found))


def require_weekly(values: pd.DataFrame, system_file: SystemFile) -> None:
    """Raises HistoryError where values that are declared to be totals of weeks are those of months or quarters."""
    totals = values[is_weekly_total(values, system_file)]
    if totals.empty:
        return
    days = pd.DataFrame({"unique_id": unique_ids(totals), "ds": totals["ds"].array})
    found = [(unique_id, rhythm) for unique_id, rhythm, _ in rhythms(days) if rhythm != WEEKLY]
    if found:
        unique_id, rhythm = found[0]
        files = ", ".join(map(str, totals["file"].unique()))
        raise HistoryError(
            f'Ingesting {files}: {unique_id} has {rhythm}, but its source declares every = "week". Nothing was '
            "changed. Send daily counts, or totals of weeks: those of longer times cannot be forecast as days."
        )


def _without_daily(days: pd.DataFrame) -> pd.DataFrame:
    """Return the days of the series whose two newest values are not of days next to each other: most have none."""
    series, day = days["unique_id"].cat.codes.to_numpy(), day_numbers(days["ds"])
    newest = _newest_days(series, day, len(days["unique_id"].cat.categories))
    before = day < newest[series]
    previous = _newest_days(series[before], day[before], len(newest))
    others: pd.DataFrame = days[(newest - previous != 1)[series]]
    return others


def _newest_days(series: NDArray[np.integer], day: IntArray, n_series: int) -> IntArray:
    newest = np.full(n_series, NO_DAY)
    np.maximum.at(newest, series, day)
    return newest


def _not_daily(files: str, sources: list[str], found: list[tuple[str, Rhythm, pd.DatetimeIndex]]) -> str:
    unique_id, rhythm, days = found[0]
    others = f", and {len(found) - 1} other series are like it" if len(found) > 1 else ""
    newest = ", ".join(f"{day:%Y-%m-%d}" for day in days[-DAYS_SHOWN:])
    source = sources[0] if len(sources) == 1 else "NAME"
    if rhythm == WEEKLY:
        totals = f'declare every = "week" under [sources.{source}] in system.toml if they are totals of weeks'
    else:
        totals = "a source may hold totals of weeks, but those of longer times cannot be forecast as days"
    return (
        f"Ingesting {files}: {unique_id} has {rhythm} ({newest} are the newest){others}, and would be taken for counts "
        f'of single days. Nothing was changed. Send daily counts; {totals}. Declare every = "day" if each value is the '
        "count of that day alone, as of a clinic that opens on one day only."
    )


def _example(rejected: pd.DataFrame) -> str:
    """The first row of the most frequent reason, with the advice on it."""
    kind = rejected["kind"].astype(str)
    first = rejected[kind.eq(kind.value_counts().index[0])].iloc[0]
    column = f", column {first['column']}" if isinstance(first["column"], str) and first["column"] else ""
    where = f"{first['file']} line {first['line']}{column}"
    return f"For example {where}: found {str(first['found'])!r}: {first['reason']}."


def _reasons(rejected: pd.DataFrame) -> str:
    """The reasons and their numbers, the most frequent first."""
    counts = rejected["kind"].astype(str).value_counts()
    return ", ".join(f"{reason} {n}" for reason, n in counts.items())
