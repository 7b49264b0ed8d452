"""The checks of a known history by name, each with its severity. docs/reference/history.md says what each means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from training.history.plausibility import judging
from training.history.plausibility.lags import NOT_FLAGGED, Lags, earliest
from training.history.plausibility.panel import Panel, panels
from training.system import SystemContext


class Severity(StrEnum):
    """The consequence of a finding: quarantined; flagged and left out of training; or noted alone."""

    REFUSED = "refused"
    SUSPECT = "suspect"
    NOTED = "noted"


@dataclass(frozen=True)
class SuspectCheck:
    """A named judgement of days; `newest_only` where the next day will tell better.

    A day that it finds is `uncounted` where its value stands for no count at all: the series has not reached that day.
    """

    name: str
    judge: Callable[[Panel], Lags]
    newest_only: bool = False
    uncounted: bool = False


SUSPECT_CHECKS = (
    SuspectCheck("outside opening period", judging.outside_opening_period),
    SuspectCheck("reporting failure", judging.reporting_failure, uncounted=True),
    SuspectCheck("sudden zero", judging.sudden_zero),
    SuspectCheck("sentinel", judging.placeholder_run),
    SuspectCheck("above beds", judging.above_beds),
    SuspectCheck("disagreeing total", judging.disagreeing_total),
    SuspectCheck("frozen", judging.frozen),
    SuspectCheck("spike", judging.spike),
    SuspectCheck("excursion", judging.transient_shift),
    SuspectCheck("partial day", judging.partial_day, newest_only=True, uncounted=True),
)
NEWEST_CHECKS = tuple(check for check in SUSPECT_CHECKS if check.newest_only)
LASTING_CHECKS = tuple(check for check in SUSPECT_CHECKS if not check.newest_only)
UNCOUNTED_CHECKS = tuple(check for check in SUSPECT_CHECKS if check.uncounted)
DAYS_FOR_THE_NEWEST = 203  # the longest look back: a spread of sixteen weeks, renewed every four, on weekday levels


def judged(panel: Panel) -> dict[str, Lags]:
    """The lags of one panel by check. A day keeps the first check that finds it at all, in catalogue order."""
    found: dict[str, Lags] = {}
    taken = np.zeros(panel.values.shape, bool)
    for check in SUSPECT_CHECKS:
        lags = check.judge(panel)
        found[check.name] = np.where(taken, NOT_FLAGGED, lags).astype(np.int16)
        taken |= lags != NOT_FLAGGED
    return found


def suspects(table: pd.DataFrame, system: System, context: SystemContext) -> NDArray[np.int8]:
    """For each cell of a wide frame the position in `SUSPECT_CHECKS` of the first check that finds it; -1: none."""
    found = np.full(table.shape, -1, dtype=np.int8)
    for panel in panels(table, system, context):
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        for position, lags in enumerate(judged(panel).values()):
            days, series = np.nonzero(lags != NOT_FLAGGED)
            found[days, columns[series]] = position
    return found


def suspect_lags(
    table: pd.DataFrame,
    system: System,
    context: SystemContext,
    checks: Sequence[SuspectCheck] = LASTING_CHECKS,
) -> Lags:
    """The least lag of any of the checks, for a wide frame; without naming them, of all but those of the newest day.

    Shape (n_days, n_series), as the frame's.
    """
    lags: Lags = np.full(table.shape, NOT_FLAGGED, dtype=np.int16)
    for panel in panels(table, system, context):
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        lags[:, columns] = reduce(earliest, (check.judge(panel) for check in checks))
    return lags
