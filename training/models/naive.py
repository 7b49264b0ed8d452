"""Seasonal naive: the same as a week ago. The yardstick of every skill, and the fallback of every failure."""

import numpy as np
import pandas as pd

from training.frames import WEEK
from training.models.candidate import ForecastRequest, Means, Scope, target_days


class SeasonalNaive:
    """Repeats the last week. A series younger than a week repeats its mean, so that there is always a forecast."""

    scope = Scope.SERIES

    def forecast(self, windows: ForecastRequest) -> Means:
        means = Means()
        for cutoff in windows.cutoffs:
            week = windows.history.undisturbed(cutoff).tail(WEEK).reset_index(drop=True).reindex(range(WEEK))
            whole = np.where(week.isna(), week.mean(), week)
            values = np.tile(whole, (-(-windows.horizon // WEEK), 1))[: windows.horizon]
            means.by_cutoff[cutoff] = pd.DataFrame(values, target_days(cutoff, windows.horizon), week.columns)
        return means
