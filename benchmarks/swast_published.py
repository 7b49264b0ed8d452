"""Headroom against the published benchmark of ambulance responses (source and licence: see the data's README).

Protocol: train on all days before 2019, 41 weekly cutoffs through 2019, leads 1 to 84; MASE scaled by the lag-7 MAE
before 2019; means over 7 regions and 41 cutoffs of the mean over days 1 to h.

"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from publication.vocabulary import quantile_column
from training.backtest.run import backtest_candidate, backtest_champion
from training.backtest.scores import mase_scales
from training.backtest.windows import backtest_cutoffs
from training.history import Archive, ingest
from training.history.known import KnownHistory
from training.models.catalogue import CATALOGUE
from training.pipeline import Forecaster
from training.system import read_system

SYSTEM = Path(__file__).parent / "systems" / "swast.toml"
PUBLISHED = Path(__file__).parents[2] / "shared" / "data" / "swast_ambulance" / "published_vs_snaive_summary.csv"
NOT_IN_BENCHMARK = ("SWAST/responses", "OOA/responses")
HORIZONS = (7, 28, 84)
WINDOWS, STEP_DAYS = 41, 7


def main() -> None:
    """Print one row per recipe: MASE by horizon, and coverage of the 80 % and 95 % prediction intervals."""
    if not PUBLISHED.exists():
        sys.exit(f"The published scores are not at {PUBLISHED}; this benchmark needs the shared data.")
    history = _history()
    cutoffs = backtest_cutoffs(history, WINDOWS, STEP_DAYS, max(HORIZONS))
    scales = mase_scales(history, cutoffs[0])
    forecaster = Forecaster(history, max(HORIZONS))
    rows = {"published": _published()}
    for name in CATALOGUE:
        rows[name] = _scores(backtest_candidate(forecaster, cutoffs, name), scales)
    rows["chosen before each cutoff"] = _scores(backtest_champion(forecaster, cutoffs, list(CATALOGUE)), scales)
    print(f"cutoffs {cutoffs[0]:%Y-%m-%d} to {cutoffs[-1]:%Y-%m-%d}")
    print(pd.DataFrame(rows).T.to_string(float_format="{:.4f}".format))


def _history() -> KnownHistory:
    described = read_system(SYSTEM)
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "history", described.system.timezone)
        ingest(described, archive, Path(folder) / "quarantine", datetime.now(UTC))
        return KnownHistory(archive.versions(), described.system, circumstances=described.circumstances)


def _scores(forecasts: pd.DataFrame, scales: pd.Series) -> dict[str, float]:
    regions = forecasts[~forecasts["unique_id"].isin(NOT_IN_BENCHMARK)]
    scaled = (regions["mean"] - regions["y"]).abs() / regions["unique_id"].map(scales)
    row = {f"MASE {h} d": float(scaled[regions["lead"] <= h].mean()) for h in HORIZONS}
    for percent, low, high in ((80, 0.1, 0.9), (95, 0.025, 0.975)):
        inside = regions["y"].between(regions[quantile_column(low)], regions[quantile_column(high)])
        row[f"{percent} % covers"] = float(inside.mean())
    return row


def _published() -> dict[str, float]:
    summary = pd.read_csv(PUBLISHED).mean(numeric_only=True)
    row = {f"MASE {h} d": float(summary[f"pub_MASE_h{h}"]) for h in HORIZONS}
    return row | {f"{percent} % covers": float(summary[f"pub_cov{percent}_h84"]) for percent in (80, 95)}


if __name__ == "__main__":
    main()
