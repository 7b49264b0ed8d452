"""The metrics that runs are compared by: which they are, their values, and that they stay few."""

import math

import pandas as pd
import pytest

from tests.unit.backtest.test_scores import FORECASTS, SCALES, THREE, rows
from training.backtest.evaluation import Evaluation
from training.backtest.scores import row_losses
from training.tracking.comparison import (
    MEASURE_LOSSES,
    MOST_METRICS,
    by_importance,
    leaderboard_metrics,
    recipe_metrics,
    within_limit,
)
from training.tracking.provenance import RunCost


def evaluation_of(forecasts: pd.DataFrame, *recipes: str) -> Evaluation:
    """Return an evaluation in which every recipe made the same forecasts."""
    return Evaluation({recipe: row_losses(forecasts, SCALES, THREE) for recipe in recipes}, THREE)


def test_the_metrics_of_a_recipe_worked_by_hand() -> None:
    """Of four forecasts: scaled WIS is 1.2 / 4, 3.867 / 4 and 2.667 / 10; occupancy has no scale."""
    found = recipe_metrics(evaluation_of(FORECASTS, "naive"), "naive", 1.5)
    wis_to_day_7, wis_to_day_14 = (1.2 / 4 + (5.8 / 1.5) / 4) / 2, (4 / 1.5) / 10
    mean_wis = (2 * wis_to_day_7 + wis_to_day_14) / 3
    assert {name: value for name, value in found.items() if "pit" not in name} == pytest.approx(
        {
            "overall/scaled_wis": mean_wis,
            "overall/mase": (2 / 4 + 6 / 4 + 5 / 10) / 3,
            "overall/coverage_80": 3 / 4,
            "overall/fallback_share": 1 / 4,
            "overall/duration_seconds": 1.5,
            "scaled_wis by leads/overall 01-07": wis_to_day_7,
            "scaled_wis by leads/overall 08-14": wis_to_day_14,
            "coverage_80/occupancy": 1.0,
            "bias/occupancy": -3.0,
            "scaled_wis/attendances": mean_wis,
            "mase/attendances": (2 / 4 + 6 / 4 + 5 / 10) / 3,
            "coverage_80/attendances": 2 / 3,
            "bias/attendances": (2 - 6 + 5) / 3,
            "scaled_wis by leads/attendances 01-07": wis_to_day_7,
            "scaled_wis by leads/attendances 08-14": wis_to_day_14,
        }
    )


def test_measures_of_the_beds_come_first_and_others_by_name() -> None:
    measures = ["ambulances", "attendances", "beds", "discharges", "occupancy", "admissions"]
    assert by_importance(measures) == ["occupancy", "admissions", "attendances", "discharges", "ambulances", "beds"]


@pytest.mark.parametrize("n_measures", [1, 4, 5, 12, 40])
def test_a_run_has_at_most_forty_metrics_however_many_measures_a_system_has(n_measures: int) -> None:
    """A measure has all its metrics or none, and a less important one has none where a more important one has none."""
    names = by_importance(["occupancy", *(f"measure_{number:02d}" for number in range(1, n_measures))])
    leads = (1, 8, 15, 29, 57)
    many = rows(*((f"A/{name}", lead, 10, 12, 8, 16, False) for name in names for lead in leads))
    scales = pd.Series({f"A/{name}": 4.0 for name in names})
    compared = many.assign(seasonal_naive=14.0)
    found = recipe_metrics(Evaluation({"naive": row_losses(compared, scales, THREE)}, THREE), "naive", 1.0)
    assert len(found) <= MOST_METRICS == 40
    logged = [name for name in names if f"mase/{name}" in found]
    assert logged == names[: len(logged)] == names[:6]
    assert [name for name in logged for loss in MEASURE_LOSSES if f"{loss}/{name}" not in found] == []
    banded = [name for name in names if f"scaled_wis by leads/{name} 01-07" in found]
    assert banded == names[: len(banded)]
    assert len([name for name in found if name.startswith("scaled_wis by leads/")]) == len(leads) * (len(banded) + 1)


def test_every_metric_is_one_item_of_one_group() -> None:
    """MLflow takes all up to the last slash for the group of a chart."""
    found = [
        *recipe_metrics(evaluation_of(FORECASTS, "naive"), "naive"),
        *leaderboard_metrics(evaluation_of(FORECASTS, "naive")),
    ]
    assert [name for name in found if name.count("/") != 1] == []


def test_blocks_are_taken_in_order_until_one_does_not_fit() -> None:
    first, second, third = {"a": 1.0, "b": math.nan}, {"c": 2.0, "d": 3.0}, {"e": 4.0}
    assert within_limit([first, second, third], 5) == {"a": 1.0, "c": 2.0, "d": 3.0, "e": 4.0}
    assert within_limit([first, second, third], 4) == {"a": 1.0, "c": 2.0, "d": 3.0}
    assert within_limit([first, second, third], 3) == {"a": 1.0}, "the third block is less important than the second"
    assert within_limit([], 3) == {}


def test_the_run_above_has_each_loss_of_every_recipe() -> None:
    found = leaderboard_metrics(evaluation_of(FORECASTS, "Weighted", "naive"))
    assert found["mase by candidate/Weighted"] == found["mase by candidate/naive"] == pytest.approx(2.5 / 3)
    assert found["fallback_share by candidate/naive"] == 0.25
    cost = RunCost().metrics()
    many = leaderboard_metrics(evaluation_of(FORECASTS, *(f"recipe {number}" for number in range(15))), cost)
    assert len(many) + len(cost) <= MOST_METRICS
    assert {name.partition("/")[0] for name in many} == {"scaled_wis by candidate", "mase by candidate"}
