"""Germany's intensive care with values that become known in the morning after their day, not at its end."""

import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.requirement import Requirement, at_most, within
from benchmarks.accuracy.runner import ForecastRunner
from benchmarks.accuracy.scoring import mean_of, row_losses
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales
from training.frames import long
from training.history.point_in_time import PointInTimeHistory
from training.history.publication_hours import instants_after
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

HOUR = 6
COVERS = (0.77, 0.83)
MOST_OVER_MIDNIGHT = 1.03
MIDNIGHT = "known at midnight"


def known_in_the_morning(runner: ForecastRunner) -> list[Requirement]:
    """Germany's cutoffs: day 1 is as calibrated, and the loss as low, as where each day is known at its end."""
    protocol = PROTOCOLS["germany"]
    at_midnight, history = runner.ours("germany"), runner.history(protocol.system)
    cutoffs = runner.cutoffs("germany")
    heading(f"germany: ours at {len(cutoffs)} cutoffs, known at {HOUR:02d}:00")
    made = backtest_candidate(Forecaster(known_at_hour(history, HOUR), protocol.horizon), cutoffs, DEFAULT_CANDIDATE)
    made = made[made["unique_id"].isin(protocol.series(history))]
    rows = row_losses(made, mase_scales(history, protocol.cutoffs(history)[0]), history.system.quantiles)
    data = f"Germany ICU, known at {HOUR:02d}:00 of the next day"
    shares = {MIDNIGHT: mean_of(at_midnight, "covers_80", 1, 1)}
    ratio = mean_of(rows, "scaled_wis") / mean_of(at_midnight, "scaled_wis")
    return [
        within(data, "80 % covers, day 1", mean_of(rows, "covers_80", 1, 1), *COVERS, shares),
        at_most(data, f"WIS, scaled, over that {MIDNIGHT}", ratio, MOST_OVER_MIDNIGHT, {}),
    ]


def known_at_hour(history: PointInTimeHistory, hour: int) -> PointInTimeHistory:
    """Return the history in which each value became known at this local hour of the day after its day."""
    rows = long(history.latest).dropna(subset="y")
    known: pd.DataFrame = rows.assign(known_at=instants_after(rows["ds"], hour, history.system))
    return PointInTimeHistory(known, history.system, context=history.context)
