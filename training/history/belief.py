"""Belief: which of the known days a model may learn from, and which of them were counted at all."""

import pandas as pd

from publication.model import System
from training.history.disturbances import UNTRUSTED_KINDS, days_of
from training.history.plausibility import (
    DAYS_FOR_THE_NEWEST,
    NEWEST_CHECKS,
    UNCOUNTED_CHECKS,
    Lags,
    flagged_by,
    suspect_lags,
)
from training.system import SystemContext


def mask_untrusted(known: pd.DataFrame, lags: Lags, system: System, context: SystemContext) -> pd.DataFrame:
    """A wide frame without the days that are known on its newest day to be suspect, or that an event says to leave out.

    `lags` are those of `suspect_lags` for the frame, or for one that goes on longer; the checks of the newest day are
    made here.
    """
    if known.empty:
        return known
    doubted = flagged_by(lags, len(known) - 1)
    recent = known.tail(DAYS_FOR_THE_NEWEST)
    doubted[-len(recent) :] |= flagged_by(suspect_lags(recent, system, context, NEWEST_CHECKS), len(recent) - 1)
    days, unique_ids = pd.DatetimeIndex(known.index), list(known.columns)
    doubted |= days_of(context.events, UNTRUSTED_KINDS, days, unique_ids, system)
    return known.mask(doubted)


def counted(known: pd.DataFrame, system: System, context: SystemContext) -> pd.DataFrame:
    """The newest days of a wide frame, without values that stand for no count: a half-counted day, a day of zeros.

    Whatever else is doubted counts as present: a frozen feed has been sent.
    """
    recent = known.tail(DAYS_FOR_THE_NEWEST)
    if recent.empty:
        return recent
    return recent.mask(flagged_by(suspect_lags(recent, system, context, UNCOUNTED_CHECKS), len(recent) - 1))
