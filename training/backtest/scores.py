"""The losses of each forecast, and their means by slice. An empty slice has no row, and no actual means no score."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.live_scores import DEFAULT_SLICES
from publication.vocabulary import COVERAGES, quantile_column
from training.backtest.baselines import REFERENCES, scales_of
from training.backtest.losses import (
    N_TENTHS,
    covered,
    distance_from_uniform,
    pinball,
    randomised_pit,
    shares_of,
    tenths,
    weighted_interval_score,
)
from training.backtest.slices import SLICERS, with_slices
from training.history.point_in_time import PointInTimeHistory

PINBALL = "pinball_"
PIT_TENTHS = [f"pit_tenth_{tenth}" for tenth in range(1, N_TENTHS + 1)]


def row_losses(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> pd.DataFrame:
    """Return the forecasts that have an actual, with a column for each loss; NaN where a loss is undefined.

    `scales` are the seasonal-naive MAEs by series. RMSSE, skill and noise floor need columns of
    `with_baselines_and_slices`.
    """
    rows = forecasts[forecasts["y"].notna()].reset_index(drop=True)
    error = rows["mean"] - rows["y"]
    scale = rows["unique_id"].map(scales).astype(float).replace(0.0, np.nan)
    columns = {
        "mae": error.abs(),
        "bias": error,
        "mase": error.abs() / scale,
        "scaled_square": (error / _column_or_nan(rows, "root_scale").replace(0.0, np.nan)) ** 2,
        "noise_floor": _column_or_nan(rows, "noise_floor"),
        **_of_quantiles(rows, scale, levels),
        **_coverage(rows),
        **_reference_errors(rows, error),
    }
    return pd.concat([rows.drop(columns=[name for name in columns if name in rows]), pd.DataFrame(columns)], axis=1)


def pinball_column(level: float) -> str:
    """Return the column of one level's pinball loss: `pinball_q0.9` for 0.9."""
    return PINBALL + quantile_column(level)


def error_of(reference: str) -> str:
    """Return the column of a reference's absolute errors."""
    return f"{reference}_error"


def reference_error_column(reference: str) -> str:
    """Return the column of the forecast's absolute errors, on the rows for which there is such a reference."""
    return f"error_vs_{reference}"


def _column_or_nan(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name] if name in rows else pd.Series(np.nan, index=rows.index)


def _of_quantiles(rows: pd.DataFrame, scale: pd.Series, levels: Sequence[float]) -> dict[str, pd.Series]:
    y = rows["y"].to_numpy(dtype=float)
    quantiles = rows[[quantile_column(level) for level in levels]].to_numpy(dtype=float)
    losses = pinball(quantiles, y, levels)
    wis = pd.Series(weighted_interval_score(quantiles, y, levels), index=rows.index)
    pit = randomised_pit(quantiles, y, levels, shares_of(rows))
    return {
        "pinball": pd.Series(losses.mean(axis=1), index=rows.index),
        **{pinball_column(level): pd.Series(losses[:, i], index=rows.index) for i, level in enumerate(levels)},
        "wis": wis,
        "scaled_wis": wis / scale,
        "pit": pd.Series(pit, index=rows.index),
        **{name: pd.Series(tenths(pit)[:, i], index=rows.index) for i, name in enumerate(PIT_TENTHS)},
    }


def _coverage(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which central intervals cover; NaN for those whose ends are not published."""
    found = {}
    for percent in COVERAGES:
        low, high = (quantile_column(round(0.5 + side * percent / 200, 3)) for side in (-1, 1))
        published = low in rows and high in rows
        inside = covered(rows[low].to_numpy(), rows[high].to_numpy(), rows["y"].to_numpy()) if published else np.nan
        found[f"coverage_{percent}"] = pd.Series(inside, index=rows.index)
    return found


def _reference_errors(rows: pd.DataFrame, error: pd.Series) -> dict[str, pd.Series]:
    """Return absolute errors of each reference, and the forecast's own wherever there is a reference."""
    found = {}
    for name in REFERENCES:
        theirs = (_column_or_nan(rows, name) - rows["y"]).abs()
        found[error_of(name)] = theirs
        found[reference_error_column(name)] = error.abs().where(theirs.notna())
    return found


MEAN_LOSSES = [
    "mae",
    "noise_floor",
    "mase",
    "bias",
    "pinball",
    "wis",
    "scaled_wis",
    *(f"coverage_{p}" for p in COVERAGES),
]
SKILLS = [f"skill_{name}" for name in REFERENCES]
TABLE_LOSSES = [*MEAN_LOSSES, "rmsse", "pit_distance", *SKILLS]
COUNTS = ["n", "fallbacks"]
INTERMEDIATE = ["scaled_square", *map(error_of, REFERENCES), *map(reference_error_column, REFERENCES)]


def mase_scales(history: PointInTimeHistory, first_cutoff: pd.Timestamp) -> pd.Series:
    """Return the in-sample seasonal-naive MAE of every series, known at the first cutoff of a backtest."""
    return scales_of(history, first_cutoff)["scale"]


def scores(
    forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float], by: Sequence[str] = DEFAULT_SLICES
) -> pd.DataFrame:
    """Return a row for each slice: the columns of `by`, `n, fallbacks`, losses. Rows without an actual are left out.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of `scales`, so that large and small places weigh alike.
    RMSSE, noise floor, skill, and slices by `day` and `regime` need the columns of `with_baselines_and_slices`.
    """
    return table(row_losses(forecasts, scales, levels), by)[[*by, *COUNTS, *TABLE_LOSSES]]


def overall(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> dict[str, float]:
    """Return each loss over all rows with an actual, and the share of fallbacks; undefined losses are left out."""
    return overall_of(row_losses(forecasts, scales, levels))


def overall_of(rows: pd.DataFrame) -> dict[str, float]:
    """Return `overall` of rows that have their losses."""
    found = table(rows.assign(all="all"), ["all"])[TABLE_LOSSES].mean().dropna()
    return {
        **{str(name): float(value) for name, value in found.items()},
        "fallback_share": float(rows["fallback"].mean()),
    }


def table(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return `scores` of rows that have their losses, with pinball by level and the shares of PITs in each tenth."""
    grouped = with_slices(rows, by).groupby(list(by), sort=True, observed=True)
    by_level = [name for name in rows if str(name).startswith(PINBALL)]
    means = grouped[[*MEAN_LOSSES, *by_level, *PIT_TENTHS, *INTERMEDIATE]].mean()
    means.insert(0, "n", grouped.size())
    means.insert(1, "fallbacks", grouped["fallback"].sum())
    found = means.assign(
        rmsse=np.sqrt(means["scaled_square"]),
        pit_distance=grouped["pit"].agg(lambda pits: distance_from_uniform(pits.to_numpy())),
        **{f"skill_{name}": _skill(means, name) for name in REFERENCES},
    )
    return found.drop(columns=INTERMEDIATE).reset_index()


def long_scores(rows: pd.DataFrame, slicings: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return a row for each score of each slice: `by`, the slices, `n, fallbacks, loss, value`.

    `by` names the slices of a row, comma-separated; the others are empty. An undefined score has no row.
    """
    parts = [
        table(rows, by)
        .melt([*by, *COUNTS], var_name="loss")
        .dropna(subset="value")
        .astype(dict.fromkeys(by, str))
        .assign(by=",".join(by))
        for by in dict.fromkeys(map(tuple, slicings))
    ]
    return pd.concat(parts, ignore_index=True).reindex(columns=["by", *SLICERS, *COUNTS, "loss", "value"])


def _skill(means: pd.DataFrame, reference: str) -> pd.Series:
    """Return 1 - MAE / MAE of the reference, over the rows that have one; NaN where the reference never errs."""
    theirs = means[error_of(reference)].replace(0.0, np.nan)
    return 1 - means[reference_error_column(reference)] / theirs
