"""Findings: what the checks have to say of a known history, as a table for people."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from publication.model import System
from publication.vocabulary import series_key
from training.history.plausibility.catalogue import Severity, delays_by_check
from training.history.plausibility.info_checks import INFO_CHECKS, CheckedView, weekly_totals
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


NO_DAYS = pd.DataFrame({"unique_id": pd.Series(dtype=object), "ds": pd.Series(dtype="datetime64[ns]")})


def findings(
    table: pd.DataFrame, system: System, context: SystemContext, spread: pd.DataFrame = NO_DAYS
) -> pd.DataFrame:
    """Every finding of a wide frame, suspect ones first, newest first.

    `spread` has the series and days (`unique_id, ds`) whose counts are totals of weeks, spread over their days.
    """
    is_suspect = np.zeros(table.shape, bool)
    found = []
    for panel in panels(table, system, context):
        delays = delays_by_check(panel)
        found += [_rows_by_run(panel, name, delay) for name, delay in delays.items() if (delay != NOT_FLAGGED).any()]
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        is_suspect[:, columns] = np.any([delay != NOT_FLAGGED for delay in delays.values()], axis=0)
    views = {
        CheckedView.ALL: table,
        CheckedView.TRUSTED: table.mask(is_suspect),
        CheckedView.OPEN: table[_still_open(table, context)],
    }
    found += [note.run(views[note.of], system) for note in INFO_CHECKS]
    found.append(weekly_totals(spread))
    rows = [part for part in found if not part.empty]
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=str(column.dtype)) for name, column in FINDINGS.columns.items()})
    everything = pd.concat(rows, ignore_index=True)
    everything["severity"] = pd.Categorical(everything["severity"], [severity.value for severity in Severity])
    everything = everything.sort_values(["severity", "last", "unique_id"], ascending=[True, False, True])
    return FINDINGS.validate(everything.astype({"severity": str}).reset_index(drop=True))


def _still_open(table: pd.DataFrame, context: SystemContext) -> list[str]:
    """The series of places that have not closed by the newest day."""
    lasts = {place: opening.last for place, opening in context.opening_periods.items() if opening.last is not None}
    newest = table.index[-1].date()
    return [i for i in map(str, table.columns) if lasts.get(series_key(i).place, newest) >= newest]


def _rows_by_run(panel: Panel, name: str, delays: DetectionDelays) -> pd.DataFrame:
    """The faults of one check as one row for each series and run of days."""
    series, day = np.nonzero((delays != NOT_FLAGGED).T)
    begins = np.flatnonzero((np.diff(series, prepend=-1) != 0) | (np.diff(day, prepend=-2) != 1))
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
