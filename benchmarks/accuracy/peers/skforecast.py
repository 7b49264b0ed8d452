"""skforecast's recursive forecaster of gradient-boosted trees, with its bootstrapped intervals."""

import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd

from benchmarks.accuracy.peers.peer import Answer, Question
from training.features.calendar import YEAR_DAYS
from training.frames import WEEK
from training.system.bank_holidays import bank_holidays

LAGS = 28
LONG_LAGS_FROM_DAYS = 112  # a shorter series has too few rows left after four weeks of lags
CALIBRATION_SHARE = 0.2
CALIBRATION_DAYS = 182
DRAWS = 250  # its default
SEED = 1


class SkforecastPeer:
    """Lags, their means, and the calendar; residuals out of sample, of the newest fifth of days, as its guide advises.

    In-sample residuals, its default, would make intervals several times too narrow. It drops the rows of long gaps.
    """

    name = "skforecast"

    def __init__(self) -> None:
        self.versions = f"skforecast {version('skforecast')}, scikit-learn {version('scikit-learn')}"

    def forecast(self, question: Question) -> Answer:
        from skforecast.preprocessing import RollingFeatures
        from skforecast.recursive import ForecasterRecursive
        from sklearn.ensemble import HistGradientBoostingRegressor

        y = question.values.loc[question.values.first_valid_index() :].asfreq("D")
        lags = LAGS if y.count() >= LONG_LAGS_FROM_DAYS else WEEK
        known, ahead = (calendar(pd.DatetimeIndex(days), question.country) for days in (y.index, question.days_ahead))
        forecaster = ForecasterRecursive(
            HistGradientBoostingRegressor(random_state=SEED),
            lags=lags,
            window_features=RollingFeatures(stats=["mean", "mean"], window_sizes=sorted({WEEK, lags, 2 * WEEK})[:2]),
            dropna_from_series=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the rows of long gaps that it drops, as it should
            held_out = min(CALIBRATION_DAYS, round(CALIBRATION_SHARE * y.count()))
            forecaster.fit(y.iloc[:-held_out], exog=known.iloc[:-held_out])
            rows, actuals = forecaster.create_train_X_y(y, exog=known)
            rows, actuals = rows.tail(held_out), actuals.tail(held_out)
            fitted = pd.Series(forecaster.estimator.predict(rows), actuals.index)
            forecaster.fit(y, exog=known)
            forecaster.set_out_sample_residuals(y_true=actuals, y_pred=fitted)
            arguments = {"steps": question.horizon, "exog": ahead, "last_window": y.ffill().tail(4 * LAGS)}
            means = forecaster.predict(**arguments)
            drawn = forecaster.predict_quantiles(
                **arguments,
                quantiles=list(question.levels),
                n_boot=DRAWS,
                use_in_sample_residuals=False,
                random_state=SEED,
            )
        return Answer(means.to_numpy(), drawn.to_numpy())


def calendar(days: pd.DatetimeIndex, country: str) -> pd.DataFrame:
    """Weekday, season, and bank holidays with the days around them."""
    special = pd.DatetimeIndex([day for year in range(2010, 2031) for day in bank_holidays(country, year)])
    angle = 2 * np.pi * days.dayofyear.to_numpy() / YEAR_DAYS
    columns = {f"weekday_{day}": days.weekday == day for day in range(WEEK)}
    near = {f"holiday_{shift}": (days - pd.Timedelta(days=shift)).isin(special) for shift in (-1, 0, 1)}
    table = pd.DataFrame({**columns, **near, "sin": np.sin(angle), "cos": np.cos(angle)}, index=days)
    return table.astype(float)
