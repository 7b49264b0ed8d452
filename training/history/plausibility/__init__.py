"""Plausibility: which days of a known history are not to be believed, judged by what the series say of each other.

A *lag* is how many days after a day its fault shows. It is a function of the values up to that later day alone, so
that a backtest hides exactly what would have been hidden then.
"""

from training.history.plausibility.catalogue import (
    DAYS_FOR_THE_NEWEST,
    NEWEST_CHECKS,
    SUSPECT_CHECKS,
    UNCOUNTED_CHECKS,
    Severity,
    suspect_lags,
    suspects,
)
from training.history.plausibility.findings import FINDINGS, NO_DAYS, findings
from training.history.plausibility.lags import NOT_FLAGGED, Lags, flagged_by

__all__ = [
    "DAYS_FOR_THE_NEWEST",
    "FINDINGS",
    "NEWEST_CHECKS",
    "NOT_FLAGGED",
    "NO_DAYS",
    "SUSPECT_CHECKS",
    "UNCOUNTED_CHECKS",
    "Lags",
    "Severity",
    "findings",
    "flagged_by",
    "suspect_lags",
    "suspects",
]
