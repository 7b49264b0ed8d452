"""The suspect checks by name, and the days of a history that models may not use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import Check
from training.history.event_days import UNTRUSTED_KINDS, days_of
from training.history.plausibility import suspect_checks
from training.history.plausibility.panel import Panel, panels
from training.history.plausibility.suspect_checks import NOT_FLAGGED, DetectionDelays, earliest, flagged_by
from training.system.model import SystemContext


@dataclass(frozen=True)
class SuspectCheck:
    """A named check of days; `newest_only` where the next day decides.

    A day that it finds is `uncounted` where its value stands for no count at all: the series has not reached that day.
    """

    name: Check
    detect: Callable[[Panel], DetectionDelays]
    newest_only: bool = False
    uncounted: bool = False


SUSPECT_CHECKS = (
    SuspectCheck(Check.OUTSIDE_OPENING_PERIOD, suspect_checks.outside_opening_period),
    SuspectCheck(Check.REPORTING_FAILURE, suspect_checks.reporting_failure, uncounted=True),
    SuspectCheck(Check.SUDDEN_ZERO, suspect_checks.sudden_zero),
    SuspectCheck(Check.SENTINEL, suspect_checks.placeholder_run),
    SuspectCheck(Check.ABOVE_BEDS, suspect_checks.above_beds),
    SuspectCheck(Check.DISAGREEING_TOTAL, suspect_checks.disagreeing_total),
    SuspectCheck(Check.FROZEN, suspect_checks.frozen),
    SuspectCheck(Check.SPIKE, suspect_checks.spike),
    SuspectCheck(Check.EXCURSION, suspect_checks.transient_shift),
    SuspectCheck(Check.PARTIAL_DAY, suspect_checks.partial_day, newest_only=True, uncounted=True),
)
NEWEST_CHECKS = tuple(check for check in SUSPECT_CHECKS if check.newest_only)
LASTING_CHECKS = tuple(check for check in SUSPECT_CHECKS if not check.newest_only)
UNCOUNTED_CHECKS = tuple(check for check in SUSPECT_CHECKS if check.uncounted)
NEWEST_LOOKBACK_DAYS = 203  # the longest lookback: a scale of sixteen weeks, fitted every four, on weekday levels


def delays_by_check(panel: Panel) -> dict[str, DetectionDelays]:
    """The detection delays of one panel by check. A day belongs to the first check of the catalogue that finds it."""
    found: dict[str, DetectionDelays] = {}
    taken = np.zeros(panel.values.shape, bool)
    for check in SUSPECT_CHECKS:
        delays = check.detect(panel)
        found[check.name.value] = np.where(taken, NOT_FLAGGED, delays).astype(np.int16)
        taken |= delays != NOT_FLAGGED
    return found


def suspects(table: pd.DataFrame, system: System, context: SystemContext) -> NDArray[np.int8]:
    """Return for each cell of a wide frame the position in SUSPECT_CHECKS of the first check that finds it, or -1."""
    found = np.full(table.shape, -1, dtype=np.int8)
    for panel in panels(table, system, context):
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        for position, delays in enumerate(delays_by_check(panel).values()):
            days, series = np.nonzero(delays != NOT_FLAGGED)
            found[days, columns[series]] = position
    return found


def detection_delays(
    table: pd.DataFrame,
    system: System,
    context: SystemContext,
    checks: Sequence[SuspectCheck] = LASTING_CHECKS,
) -> DetectionDelays:
    """The least delay of any of the checks, for a wide frame; without naming them, of all but those of the newest day.

    Shape (n_days, n_series), as the frame's.
    """
    delays: DetectionDelays = np.full(table.shape, NOT_FLAGGED, dtype=np.int16)
    for panel in panels(table, system, context):
        columns = table.columns.get_indexer(pd.Index(panel.unique_ids))
        delays[:, columns] = reduce(earliest, (check.detect(panel) for check in checks))
    return delays


def mask_untrusted(
    known: pd.DataFrame, delays: DetectionDelays, system: System, context: SystemContext
) -> pd.DataFrame:
    """A wide frame without the days that are known on its newest day to be suspect, or that an event says to leave out.

    `delays` are those of `detection_delays` for the frame, or for one that goes on longer. The checks of the newest day
    are made here.
    """
    if known.empty:
        return known
    is_suspect = flagged_by(delays, len(known) - 1)
    recent = known.tail(NEWEST_LOOKBACK_DAYS)
    is_suspect[-len(recent) :] |= flagged_by(detection_delays(recent, system, context, NEWEST_CHECKS), len(recent) - 1)
    days, unique_ids = pd.DatetimeIndex(known.index), list(known.columns)
    is_suspect |= days_of(context.events, UNTRUSTED_KINDS, days, unique_ids, system)
    return known.mask(is_suspect)


def mask_uncounted(known: pd.DataFrame, system: System, context: SystemContext) -> pd.DataFrame:
    """The newest days of a wide frame, without values that stand for no count: a half-counted day, a day of zeros.

    Any other suspect value counts as present: a frozen feed has been sent.
    """
    recent = known.tail(NEWEST_LOOKBACK_DAYS)
    if recent.empty:
        return recent
    return recent.mask(flagged_by(detection_delays(recent, system, context, UNCOUNTED_CHECKS), len(recent) - 1))
