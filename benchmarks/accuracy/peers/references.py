"""Point references that people use by hand, with intervals from their own errors of the past eight weeks."""

from collections.abc import Callable

import numpy as np

from benchmarks.accuracy.peers.peer import Answer, Question, Values
from training.backtest.losses import mean_of_known
from training.frames import WEEK

ERROR_DAYS = 56
WEEKS_MEANT = 6

Rule = Callable[[Values, int], Values]
"""Values up to an origin and a horizon; gives means (horizon,)."""


class Reference:
    """A rule, and around its means the quantiles of the errors (forecast minus actual) it made at each lead.

    The errors are those of every origin of the past eight weeks whose target day is known.
    """

    versions = "1"

    def __init__(self, name: str, rule: Rule) -> None:
        self.name = name
        self._rule = rule

    def forecast(self, question: Question) -> Answer:
        values = question.values.to_numpy(dtype=float)
        means = self._rule(values, question.horizon)
        errors = past_errors(values, question.horizon, self._rule)
        shares = [1 - level for level in question.levels]
        deviations = np.stack([np.nanquantile(of_lead, shares) for of_lead in errors.T])
        return Answer(means, np.maximum(means[:, None] - deviations, 0.0))


def past_errors(values: Values, horizon: int, rule: Rule) -> Values:
    """Errors (n_origins, horizon) of the eight weeks' origins; NaN where the target day is not known."""
    end = len(values)
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    origins = range(end - ERROR_DAYS, end - 1)
    return np.stack([rule(values[: o + 1], horizon) - padded[o + 1 : o + 1 + horizon] for o in origins])


def as_yesterday(values: Values, horizon: int) -> Values:
    """The last value, for every day to come."""
    return np.full(horizon, values[~np.isnan(values)][-1])


def six_week_mean(values: Values, horizon: int) -> Values:
    """The mean of the same weekday in the past six weeks; of those that are known."""
    weeks = values[-WEEKS_MEANT * WEEK :].reshape(-1, WEEK)
    return np.resize(mean_of_known(weeks), horizon)


def same_as_yesterday() -> Reference:
    return Reference("same as yesterday", as_yesterday)


def six_week_weekday_mean() -> Reference:
    return Reference("six-week mean", six_week_mean)
