"""Strictness: values that would be kept and flagged are refused instead."""

import pandas as pd

from training.frames import wide
from training.history.archive import Archive, unique_ids
from training.history.categoricals import with_columns
from training.history.checks import Reason
from training.history.orders import day_numbers
from training.history.plausibility import SUSPECT_CHECKS, suspects
from training.history.quarantine import described
from training.system import SystemFile

ADVICE = {i: f"{check.name}: correct it, or ingest without --strict" for i, check in enumerate(SUSPECT_CHECKS)}


def quarantine_suspects(
    values: pd.DataFrame, archive: Archive, system_file: SystemFile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values that no check suspects, and rows of the quarantine for the others.

    They are judged in the history as it would be with all of them in it.
    """
    named = with_columns(values, unique_id=unique_ids(values))
    table = _with_what_is_known(named, archive)
    found = suspects(table, system_file.system, system_file.context)
    days = day_numbers(named["ds"]) - day_numbers(table.index.to_series().head(1))[0]
    series = table.columns.get_indexer(named["unique_id"].cat.categories)[named["unique_id"].cat.codes]
    checks = pd.Series(found[days, series], index=values.index)
    bad = values[checks.ge(0)]
    advice = checks[checks.ge(0)].map(ADVICE).astype(object)
    return values[checks.lt(0)], described(bad, Reason.SUSPECT, advice, bad["column"], bad["found"])


def _with_what_is_known(values: pd.DataFrame, archive: Archive) -> pd.DataFrame:
    newest = values.sort_values("known_at", kind="stable", na_position="last")
    new = wide(newest.drop_duplicates(["unique_id", "ds"], keep="last"))
    if archive.is_empty:
        return new
    together = new.combine_first(wide(archive.as_of()))
    return together.reindex(pd.date_range(together.index[0], together.index[-1], freq="D", name="ds"))
