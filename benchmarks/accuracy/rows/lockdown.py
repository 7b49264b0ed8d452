"""Portugal's lockdown: do intervals that learn as errors come in hold where fixed ones do not?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, every_so_many
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.requirement import Requirement, at_least, less_than
from benchmarks.accuracy.runner import ForecastRunner
from benchmarks.accuracy.scoring import CASE, mean_of, row_losses
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales
from training.frames import with_quantiles
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

LEAD = 7
CALIBRATION = ("2019-08-01", "2020-01-24")  # cutoffs whose seventh day is over before February 2020
CUTOFFS = ("2020-02-01", "2020-06-30")
FIXED = "static split conformal"


def lockdown(runner: ForecastRunner) -> list[Requirement]:
    """Daily cutoffs, seventh day: coverage, and the interval score compared with intervals fixed in January 2020."""
    protocol = PROTOCOLS["portugal"]
    history = runner.history(protocol.system)
    before, after = (every_so_many(list(pd.date_range(*days)), runner.options.every) for days in (CALIBRATION, CUTOFFS))
    heading(f"lockdown: {len(before)} cutoffs to calibrate on, {len(after)} to judge")
    made = backtest_candidate(Forecaster(history, protocol.horizon), [*before, *after], DEFAULT_CANDIDATE)
    made = made[made["unique_id"].isin(protocol.series(history)) & (made["lead"] == LEAD)]
    calibration, ours = made[made["cutoff"].isin(before)], made[made["cutoff"].isin(after)]
    levels, scales = history.system.quantiles, mase_scales(history, after[0])
    rows = row_losses(ours, scales, levels)
    fixed = row_losses(static_split_conformal(calibration, ours, levels), scales, levels)
    data = "Portugal, February to June 2020, lead 7"
    share = {FIXED: mean_of(fixed, "covers_80")}
    score = {FIXED: mean_of(fixed, "interval_80")}
    return [
        at_least(data, "80 % covers", mean_of(rows, "covers_80"), 0.75, share),
        less_than(data, "80 % interval score", mean_of(rows, "interval_80"), score),
    ]


def static_split_conformal(calibration: pd.DataFrame, ours: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """Our means with quantiles of the errors of the calibration period, by series, never updated.

    The errors are forecast minus actual in counts; their quantiles stand at p (n + 1), as split conformal wants.
    """
    errors = (calibration["mean"] - calibration["y"]).groupby(calibration["unique_id"])
    shares = [1 - level for level in levels]
    at = {unique_id: np.nanquantile(of_series, shares, method="weibull") for unique_id, of_series in errors}
    deviations = np.stack([at[unique_id] for unique_id in ours["unique_id"]])
    quantiles = np.maximum(ours["mean"].to_numpy()[:, None] - deviations, 0.0)
    return with_quantiles(ours[[*CASE, "lead", "y", "mean"]].copy(), quantiles, levels)
