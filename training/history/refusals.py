"""When none of what an ingest brings is to be trusted: so much of it is refused, or it is not counted by the day."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from publication.vocabulary import Kind
from training.errors import HistoryError
from training.history.archive import Archive, unique_ids
from training.history.checks import Reason
from training.history.rhythm import LOOKBACK_DAYS, WEEKLY, Rhythm, rhythms
from training.history.screening import Screened
from training.history.weekly_totals import is_weekly_total
from training.system import Source, SystemFile

DAYS_SHOWN = 4


def check_accepted(
    values: pd.DataFrame, screened: Sequence[Screened], refused: pd.DataFrame, file: Path | None
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
        f"Ingesting {files}: not one of {rows} rows could be accepted ({_reasons(refused)}). Nothing was changed. "
        f"{file} has each with its line and reason: correct them or system.toml, and ingest again."
    )


def require_max_rejected(
    sources: Sequence[Source], screened: Sequence[Screened], refused: pd.DataFrame, file: Path | None
) -> None:
    """Raises HistoryError where more of a file's rows are rejected than the `max_rejected_share` of its source.

    Rows of ignored places and rows that only repeat another do not count.
    """
    max_rejected_share = {source.name: source.max_rejected_share for source in sources}
    counting = refused[refused["kind"].ne(Reason.REPEATED_ROW)]
    n_refused = counting.drop_duplicates(["source", "file", "line"]).groupby(["source", "file"], observed=True).size()
    for part in screened:
        n_rows, n_bad = part.rows - part.ignored, int(n_refused.get((part.source, part.file), 0))
        if n_bad <= max_rejected_share[part.source] * n_rows:
            continue
        bad = counting[counting["source"].eq(part.source) & counting["file"].eq(part.file)]
        raise HistoryError(
            f"Ingesting {part.file}: {n_bad} of {n_rows} rows ({n_bad / n_rows:.1%}) are refused ({_reasons(bad)}), "
            f"and max_rejected_share of source {part.source} is {max_rejected_share[part.source]:.1%}. Nothing was "
            f"changed. {file} has each with its line and reason: correct them, or raise max_rejected_share in "
            "system.toml."
        )


def check_rhythm(values: pd.DataFrame, archive: Archive, system_file: SystemFile) -> None:
    """Raises HistoryError where a flow would be archived that has one value a week, a month or a quarter: totals, that
    would be taken for the counts of days.

    Judged by the newest days that the archive would then hold. A source that declares `every` is not asked.
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
    first = days["ds"].max() - pd.Timedelta(days=LOOKBACK_DAYS)
    known = archive.days(first.date())
    known = known[known["unique_id"].isin(days["unique_id"].unique())]
    together = pd.concat([days.astype({"unique_id": str}), known.astype({"unique_id": str})], ignore_index=True)
    found = list(rhythms(together))
    if found:
        files = ", ".join(map(str, new["file"].unique()))
        sources = dict.fromkeys(map(str, new["source"].unique()))
        raise HistoryError(_not_daily(files, list(sources), found))


def check_weeks(values: pd.DataFrame, system_file: SystemFile) -> None:
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
    """The days of the series whose newest values are not counted on days next to each other: most need no more."""
    ordered = days.drop_duplicates().sort_values(["unique_id", "ds"])
    newest = ordered.groupby("unique_id", observed=True, sort=False).tail(2)
    gaps = newest.groupby("unique_id", observed=True, sort=False)["ds"].agg(lambda of: of.iloc[-1] - of.iloc[0])
    daily = gaps.index[(gaps > pd.Timedelta(0)) & (gaps < pd.Timedelta(days=2))]
    return days[~days["unique_id"].isin(daily)]


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


def _reasons(refused: pd.DataFrame) -> str:
    """How often each reason was given, the commonest first."""
    counts = refused["kind"].astype(str).value_counts()
    return ", ".join(f"{reason} {n}" for reason, n in counts.items())
