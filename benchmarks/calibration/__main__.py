"""Compare rules of calibration on days before the windows that the product is scored on.

`python -m benchmarks.calibration [--systems swast,portugal] [--every N]`: WIS over the lag-7 MAE, and coverage of the
80 % interval, by band of leads; the means are those of the first contender, the same for every rule.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, every_so_many, read_history
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.scoring import mean_of, row_losses
from benchmarks.calibration.development import PERIODS
from benchmarks.calibration.rules import StaticSplit, Values, rolling, tracked
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import Calibration, SeriesQuantiles, fitted_quantiles
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

BANDS = ((1, 7), (8, 28), (29, 84))
OURS = "ours: pooled shape, scale, volatility"


class Switch:
    """A calibration that can be changed while the forecaster keeps its means."""

    def __init__(self) -> None:
        self.calibration: Calibration = fitted_quantiles

    def __call__(
        self, means: Values, past: PastErrors, groups: Sequence[str], levels: Sequence[float]
    ) -> SeriesQuantiles:
        return self.calibration(means, past, groups, levels)


def calibrations() -> dict[str, Calibration]:
    """Return the rules to compare, by name."""
    return {
        "static split conformal": StaticSplit(),
        "rolling window of a year": partial(fitted_quantiles, rule=rolling),
        "rolling window of 90 days": partial(fitted_quantiles, rule=partial(rolling, days=90.0)),
        "quantile tracking, step 0.05": partial(fitted_quantiles, rule=partial(tracked, step=0.05)),
        "quantile tracking, step 0.15": partial(fitted_quantiles, rule=partial(tracked, step=0.15)),
        OURS: fitted_quantiles,
    }


def compared(name: str, every: int) -> dict[str, pd.DataFrame]:
    """Forecasts of each rule, with their losses, on one system."""
    protocol, switch = PROTOCOLS[name], Switch()
    history = read_history(protocol.system)
    cutoffs = every_so_many(PERIODS[name], every)
    scales = mase_scales(history, cutoffs[len(cutoffs) // 3])  # in the first year there are hardly any weeks to compare
    forecaster = Forecaster(history, protocol.horizon, switch)
    scored = protocol.series(history)
    found = {}
    for rule, switch.calibration in calibrations().items():
        heading(f"{name}: {rule}")
        made = backtest_candidate(forecaster, cutoffs, DEFAULT_CANDIDATE)
        found[rule] = row_losses(made[made["unique_id"].isin(scored)], scales, history.system.quantiles)
    return found


def lines(found: Mapping[str, Mapping[str, pd.DataFrame]]) -> list[str]:
    """A table of Markdown: of each system and band of leads, WIS and coverage by rule."""
    bands = [(name, first, last) for name in found for first, last in BANDS if first <= PROTOCOLS[name].horizon]
    rows = [["rule", *(f"{name} {first}-{last}" for name, first, last in bands)], ["---"] * (len(bands) + 1)]
    for rule in calibrations():
        rows.append([rule, *(_figures(found[name][rule], first, last) for name, first, last in bands)])
    return [f"| {' | '.join(row)} |" for row in rows]


def _figures(rows: pd.DataFrame, first: int, last: int) -> str:
    return f"{mean_of(rows, 'scaled_wis', first, last):.4f}, {mean_of(rows, 'covers_80', first, last):.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--systems", default=",".join(PERIODS), help=f"some of {', '.join(PERIODS)}")
    parser.add_argument("--every", type=int, default=1, help="only every so many of all cutoffs, to try things")
    options = parser.parse_args()
    if unknown := set(options.systems.split(",")) - set(PERIODS):
        sys.exit(f"--systems names {', '.join(sorted(unknown))}; there are {', '.join(PERIODS)}.")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    found = {name: compared(name, options.every) for name in options.systems.split(",")}
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
