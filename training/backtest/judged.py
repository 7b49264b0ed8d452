"""Each forecast with its own losses, before anything is averaged."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import COVERAGES, quantile_column
from training.backtest.losses import covered, pinball, weighted_interval_score
from training.backtest.pit import TENTHS, randomised_pit, shares_of, tenths
from training.backtest.references import REFERENCES

PINBALL = "pinball_"
PIT_TENTHS = [f"pit_tenth_{tenth}" for tenth in range(1, TENTHS + 1)]


def row_losses(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> pd.DataFrame:
    """The forecasts that have an actual, with one column for each loss of their own; NaN where there is none.

    `scales` are the seasonal-naive MAEs by series. RMSSE, skill and noise floor need the columns of `with_evidence`.
    """
    rows = forecasts[forecasts["y"].notna()].reset_index(drop=True)
    error = rows["mean"] - rows["y"]
    scale = rows["unique_id"].map(scales).astype(float).replace(0.0, np.nan)
    columns = {
        "mae": error.abs(),
        "bias": error,
        "mase": error.abs() / scale,
        "scaled_square": (error / _evidence(rows, "root_scale").replace(0.0, np.nan)) ** 2,
        "noise_floor": _evidence(rows, "noise_floor"),
        **_of_quantiles(rows, scale, levels),
        **_coverage(rows),
        **_beside_references(rows, error),
    }
    return pd.concat([rows.drop(columns=[name for name in columns if name in rows]), pd.DataFrame(columns)], axis=1)


def pinball_column(level: float) -> str:
    """Name of the pinball loss of one level: 0.9 gives `pinball_q0.9`."""
    return PINBALL + quantile_column(level)


def error_of(reference: str) -> str:
    """Name of the absolute errors of a reference."""
    return f"{reference}_error"


def reference_error_column(reference: str) -> str:
    """Name of the forecast's own absolute errors, where there is such a reference."""
    return f"error_beside_{reference}"


def _evidence(rows: pd.DataFrame, name: str) -> pd.Series:
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
    """Whether the central intervals cover; those whose ends are not published have no column but NaN."""
    found = {}
    for percent in COVERAGES:
        low, high = (quantile_column(round(0.5 + side * percent / 200, 3)) for side in (-1, 1))
        published = low in rows and high in rows
        inside = covered(rows[low].to_numpy(), rows[high].to_numpy(), rows["y"].to_numpy()) if published else np.nan
        found[f"coverage_{percent}"] = pd.Series(inside, index=rows.index)
    return found


def _beside_references(rows: pd.DataFrame, error: pd.Series) -> dict[str, pd.Series]:
    """Absolute errors of each reference, and the forecast's own wherever there is a reference."""
    found = {}
    for name in REFERENCES:
        theirs = (_evidence(rows, name) - rows["y"]).abs()
        found[error_of(name)] = theirs
        found[reference_error_column(name)] = error.abs().where(theirs.notna())
    return found
