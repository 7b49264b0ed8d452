"""Findings: what the checks have to say of a known history, as a table for people."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from publication.model import System
from publication.vocabulary import Check, Severity, series_key
from training.frames import IntArray
from training.history.columns import day_numbers
from training.history.flags import CHECK, FLAG_NOTES, NO_FLAGS, cell_positions, suspect_cells
from training.history.plausibility.catalogue import delays_by_check
from training.history.plausibility.info_checks import INFO_CHECKS, CheckedView
from training.history.plausibility.panel import Panel, panels
from training.history.plausibility.suspect_checks import NOT_FLAGGED, DetectionDelays
from training.system.model import SystemContext

FINDINGS = pa.DataFrameSchema(
    {
        "severity": pa.Column(str, pa.Check.isin([severity.value for severity in Severity])),
        "check": pa.Column(str),
        "unique_id": pa.Column(str),
        "first": pa.Column("datetime64[ns]"),
        "last": pa.Column("datetime64[ns]"),
        "days": pa.Column("int64", pa.Check.ge(1)),
        "found": pa.Column(float, nullable=True),
        "baseline": pa.Column(float, nullable=True),
        "note": pa.Column(str),
    },
    checks=pa.Check(lambda table: table["first"] <= table["last"], name="a finding ends after it begins"),
    strict=True,
    ordered=True,
)
"""One row for each check, series and run of days; `found` and `baseline` are of its first day, in counts."""


def findings(
    table: pd.DataFrame, system: System, context: SystemContext, flags: pd.DataFrame = NO_FLAGS
) -> pd.DataFrame:
    """Every finding of a wide frame, suspect ones first, newest first. `flags` are those of its sources."""
    is_suspect = suspect_cells(flags, table)
    found = []
    for panel in panels(table, system, context):
        delays = delays_by_check(panel)
        found += [_rows_by_run(panel, name, delay) for name, delay in delays.items() if (delay != NOT_FLAGGED).any()]
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        is_suspect[:, columns] |= np.any([delay != NOT_FLAGGED for delay in delays.values()], axis=0)
    views = {
        CheckedView.ALL: table,
        CheckedView.TRUSTED: table.mask(is_suspect),
        CheckedView.OPEN: table[_still_open(table, context)],
    }
    found += [note.run(views[note.of], system) for note in INFO_CHECKS]
    found.append(_flagged_runs(flags, table))
    rows = [part for part in found if not part.empty]
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=str(column.dtype)) for name, column in FINDINGS.columns.items()})
    everything = pd.concat(rows, ignore_index=True)
    everything["severity"] = pd.Categorical(everything["severity"], [severity.value for severity in Severity])
    everything = everything.sort_values(["severity", "last", "unique_id"], ascending=[True, False, True])
    return FINDINGS.validate(everything.astype({"severity": str}).reset_index(drop=True))


def run_starts(series: IntArray, day: IntArray) -> IntArray:
    """Return the positions at which a run of days of one series begins; both are sorted by series, then by day."""
    return np.flatnonzero((np.diff(series, prepend=-1) != 0) | (np.diff(day, prepend=-2) != 1))


def _flagged_runs(flags: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The flags as one row for each check, series and run of days."""
    ordered = flags.sort_values([CHECK, "unique_id", "ds"], kind="stable", ignore_index=True)
    of = ordered.groupby([CHECK, "unique_id"], observed=True, sort=False).ngroup().to_numpy().astype(np.int64)
    days = day_numbers(ordered["ds"])
    begins = run_starts(of, days)
    ends = np.append(begins[1:], len(days))[: len(begins)] - 1
    rows, lasts = ordered.iloc[begins], ordered["ds"].to_numpy()[ends]
    at = cell_positions(rows, table)
    there = (at[0] >= 0) & (at[1] >= 0)
    return pd.DataFrame(
        {
            "severity": [Check(name).severity.value for name in rows[CHECK]],
            "check": rows[CHECK].to_numpy(),
            "unique_id": rows["unique_id"].to_numpy(),
            "first": rows["ds"].to_numpy(),
            "last": lasts,
            "days": (ends - begins + 1).astype("int64"),
            "found": np.where(there, table.to_numpy(dtype=float)[at], np.nan) if len(table) else np.nan,
            "baseline": np.nan,
            "note": [FLAG_NOTES[Check(name)] for name in rows[CHECK]],
        }
    )


def _still_open(table: pd.DataFrame, context: SystemContext) -> list[str]:
    """The series of places that have not closed by the newest day."""
    lasts = {place: opening.last for place, opening in context.opening_periods.items() if opening.last is not None}
    newest = table.index[-1].date()
    return [i for i in map(str, table.columns) if lasts.get(series_key(i).place, newest) >= newest]


def _rows_by_run(panel: Panel, name: str, delays: DetectionDelays) -> pd.DataFrame:
    """The faults of one check as one row for each series and run of days."""
    series, day = np.nonzero((delays != NOT_FLAGGED).T)
    begins = run_starts(series, day)
    ends = np.append(begins[1:], len(day))[: len(begins)] - 1
    first, which = day[begins], series[begins]
    return pd.DataFrame(
        {
            "severity": Severity.SUSPECT.value,
            "check": name,
            "unique_id": np.array(panel.unique_ids, dtype=object)[which],
            "first": panel.days[first],
            "last": panel.days[day[ends]],
            "days": (ends - begins + 1).astype("int64"),
            "found": panel.values[first, which],
            "baseline": panel.baseline_count[first, which].round(1),
            "note": "",
        }
    )
