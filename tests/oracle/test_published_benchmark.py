"""Scores of seasonal naive on the ambulance data against the published ones: windows, leads and scaling agree."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from training.backtest.options import backtest_cutoffs
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales, overall
from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecaster import Forecaster
from training.system.reading import read_system

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "swast_ambulance"
REGIONS = 7
FOLDS = 41
LONGEST = 84

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is absent")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> PointInTimeHistory:
    home = tmp_path_factory.mktemp("swast")
    file = read_system(ROOT / "benchmarks" / "systems" / "swast.toml")
    archive = Archive(home / "history", file.system.timezone)
    ingest(file, archive, home / "quarantine", datetime(2026, 1, 1, tzinfo=UTC))
    return PointInTimeHistory(archive.versions(), file.system, context=file.context)


@pytest.fixture(scope="module")
def forecasts(history: PointInTimeHistory) -> pd.DataFrame:
    cutoffs = backtest_cutoffs(history, FOLDS, 7, LONGEST)
    frame = backtest_candidate(Forecaster(history, LONGEST), cutoffs, "SeasonalNaive")
    places = frame["unique_id"].str.split("/").str[0]
    return frame[~places.isin(["SWAST", "OOA"])].reset_index(drop=True)


def test_the_folds_are_the_published_ones(history: PointInTimeHistory, forecasts: pd.DataFrame) -> None:
    assert str(history.last_complete_day.date()) == "2019-12-30"  # out of area has no row on the 31st
    cutoffs = sorted(forecasts["cutoff"].unique())
    assert len(cutoffs) == FOLDS
    assert (str(cutoffs[0])[:10], str(cutoffs[-1])[:10]) == ("2018-12-31", "2019-10-07")
    assert forecasts["unique_id"].nunique() == REGIONS
    assert len(forecasts) == REGIONS * FOLDS * LONGEST


@pytest.mark.parametrize(("horizon", "published"), [(7, 0.928), (28, 0.936), (84, 0.973)])
def test_seasonal_naive_scores_as_published(
    history: PointInTimeHistory, forecasts: pd.DataFrame, horizon: int, published: float
) -> None:
    scales = mase_scales(history, forecasts["cutoff"].min())
    found = overall(forecasts[forecasts["lead"] <= horizon], scales, history.system.quantiles)
    assert round(found["mase"], 3) == published


def test_intervals_have_their_coverage_on_real_data(history: PointInTimeHistory, forecasts: pd.DataFrame) -> None:
    scales = mase_scales(history, forecasts["cutoff"].min())
    found = overall(forecasts, scales, history.system.quantiles)
    assert 0.76 <= found["coverage_80"] <= 0.86
    assert 0.92 <= found["coverage_95"] <= 0.98
