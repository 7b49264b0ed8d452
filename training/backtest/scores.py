"""Scores of a backtest's forecasts, slice by slice. An empty slice gives no row, and nothing to judge by no score."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import COVERAGES
from training.backtest.evidence import scales_of
from training.backtest.judged import PINBALL, PIT_TENTHS, error_of, reference_error_column, row_losses
from training.backtest.pit import distance_from_uniform
from training.backtest.references import REFERENCES
from training.backtest.slices import SLICES, with_slices
from training.history.known import PointInTimeHistory

BY = ("measure", "leads")
MEANS = ["mae", "noise_floor", "mase", "bias", "pinball", "wis", "scaled_wis", *(f"coverage_{p}" for p in COVERAGES)]
SKILLS = [f"skill_{name}" for name in REFERENCES]
LOSSES = [*MEANS, "rmsse", "pit_distance", *SKILLS]
COUNTS = ["n", "fallbacks"]
NOT_SHOWN = ["scaled_square", *map(error_of, REFERENCES), *map(reference_error_column, REFERENCES)]


def mase_scales(history: PointInTimeHistory, first_cutoff: pd.Timestamp) -> pd.Series:
    """The in-sample seasonal-naive MAE of every series, from what was known at the first cutoff of a backtest."""
    return scales_of(history, first_cutoff)["scale"]


def scores(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float], by: Sequence[str] = BY) -> pd.DataFrame:
    """One row for each slice: the columns of `by`, `n, fallbacks`, losses. Rows without an actual are left out.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of `scales`, so that large and small places weigh alike.
    RMSSE, noise floor, skill, and slices by `day` and `regime` need the columns of `with_evidence`.
    """
    return table(row_losses(forecasts, scales, levels), by)[[*by, *COUNTS, *LOSSES]]


def overall(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> dict[str, float]:
    """Each loss over all rows with an actual, and the share of fallbacks; a loss that no row has is left out."""
    return overall_of(row_losses(forecasts, scales, levels))


def overall_of(rows: pd.DataFrame) -> dict[str, float]:
    """What `overall` gives, of rows that are `judged`."""
    found = table(rows.assign(all="all"), ["all"])[LOSSES].mean().dropna()
    return {
        **{str(name): float(value) for name, value in found.items()},
        "fallback_share": float(rows["fallback"].mean()),
    }


def table(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """What `scores` gives, of rows that are `judged`; with pinball by level and the shares of PITs in each tenth."""
    grouped = with_slices(rows, by).groupby(list(by), sort=True, observed=True)
    by_level = [name for name in rows if str(name).startswith(PINBALL)]
    means = grouped[[*MEANS, *by_level, *PIT_TENTHS, *NOT_SHOWN]].mean()
    means.insert(0, "n", grouped.size())
    means.insert(1, "fallbacks", grouped["fallback"].sum())
    found = means.assign(
        rmsse=np.sqrt(means["scaled_square"]),
        pit_distance=grouped["pit"].agg(lambda pits: distance_from_uniform(pits.to_numpy())),
        **{f"skill_{name}": _skill(means, name) for name in REFERENCES},
    )
    return found.drop(columns=NOT_SHOWN).reset_index()


def long_scores(rows: pd.DataFrame, slicings: Sequence[Sequence[str]]) -> pd.DataFrame:
    """One row for each score of each slice: `by`, the slices, `n, fallbacks, loss, value`.

    `by` names the slices that a row is of, comma-separated; the others are empty. A score that there is none of has no
    row.
    """
    parts = [
        table(rows, by)
        .melt([*by, *COUNTS], var_name="loss")
        .dropna(subset="value")
        .astype(dict.fromkeys(by, str))
        .assign(by=",".join(by))
        for by in dict.fromkeys(map(tuple, slicings))
    ]
    return pd.concat(parts, ignore_index=True).reindex(columns=["by", *SLICES, *COUNTS, "loss", "value"])


def _skill(means: pd.DataFrame, reference: str) -> pd.Series:
    """1 - MAE / MAE of the reference, over the rows that have one; NaN where the reference never errs."""
    theirs = means[error_of(reference)].replace(0.0, np.nan)
    return 1 - means[reference_error_column(reference)] / theirs
