"""The pictures of a recipe: what is drawn, by hand, and that files of it are pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import imread

from tests.unit.backtest.test_scores import FORECASTS, SCALES, THREE, rows
from training.backtest.scores import row_losses
from training.tracking.comparison import (
    MOST_PANELS,
    calibration,
    coverage_by_lead,
    error_by_lead,
    recipe_pictures,
    recipes_by_lead,
    weights_by_lead,
    write_pictures,
)

LOSSES = row_losses(FORECASTS.assign(seasonal_naive=14.0), SCALES, THREE)
WEIGHTS = pd.DataFrame({"CalendarLevel": [0.3, 0.4], "AutoETS": [0.7, 0.6]}, pd.RangeIndex(1, 3, name="lead"))


def panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title(): axes for axes in figure.axes}


def lines(axes: Axes) -> dict[str, dict[float, float]]:
    """Return the points of each line with a name."""
    return {
        str(line.get_label()): dict(np.asarray(line.get_xydata(), dtype=float).tolist())
        for line in axes.lines
        if not str(line.get_label()).startswith("_")
    }


def heights(area: Collection) -> tuple[float, float]:
    """Return the least and the greatest height of an area."""
    (path,) = area.get_paths()
    values = np.asarray(path.vertices)[:, 1]
    return float(values.min()), float(values.max())


def test_errors_are_compared_with_those_of_seasonal_naive_on_the_same_days() -> None:
    """Seasonal naive says 14: of the actuals 10, 20 and 30 it is 4, 6 and 16 away."""
    found = panels(error_by_lead(LOSSES))
    assert list(found) == ["occupancy", "attendances"], "the most important measure is first"
    assert lines(found["attendances"]) == {
        "forecast": {1: 2.0, 7: 6.0, 8: 5.0},
        "seasonal naive": {1: 4.0, 7: 6.0, 8: 16.0},
    }
    assert lines(found["occupancy"]) == {"forecast": {1: 3.0}, "seasonal naive": {1: 7.0}}


def test_coverage_is_drawn_with_its_targets() -> None:
    axes = panels(coverage_by_lead(LOSSES))["attendances"]
    assert lines(axes)["80 % interval"] == {1: 1.0, 7: 0.0, 8: 1.0}
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [float(np.asarray(line.get_ydata())[0]) for line in dashed] == [0.5, 0.8, 0.95]
    assert len({line.get_color() for line in axes.lines}) == 3, "a target has the colour of its interval"


def test_calibration_is_the_share_at_or_below_each_quantile_and_in_each_tenth() -> None:
    """The 0.1, 0.5 and 0.9 quantiles of attendances are passed by 3, 1 and 1 of three actuals."""
    reliability, pit = calibration(LOSSES, THREE).axes
    assert lines(reliability)["attendances"] == pytest.approx({0.1: 0.0, 0.5: 2 / 3, 0.9: 2 / 3})
    assert lines(reliability)["occupancy"] == {0.1: 0.0, 0.5: 0.0, 0.9: 1.0}
    shares = np.asarray(pit.lines[1].get_ydata(), dtype=float)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[-1] == pytest.approx(1 / 3), "one of three is above its 0.9 quantile"


def test_weights_are_stacked_in_the_order_of_the_members() -> None:
    (axes,) = weights_by_lead({"occupancy": WEIGHTS}).axes
    lower, upper = axes.collections
    assert (axes.get_title(), lower.get_label(), upper.get_label()) == ("occupancy", "CalendarLevel", "AutoETS")
    assert heights(lower) == pytest.approx((0.0, 0.4))
    assert heights(upper) == pytest.approx((0.3, 1.0))


def test_recipes_are_drawn_together() -> None:
    """Scaled WIS of attendances at leads 1, 7 and 8 is 1.2 / 4, 3.867 / 4 and 2.667 / 10."""
    better = LOSSES.assign(scaled_wis=LOSSES["scaled_wis"] / 2)
    figure = recipes_by_lead({"Weighted": better, "Ridge": LOSSES[LOSSES["unique_id"] != "A/occupancy"]})
    found = panels(figure)
    assert list(found) == ["occupancy", "attendances"]
    assert list(lines(found["occupancy"])) == ["Weighted"]
    expected = {1.0: 1.2 / 4, 7.0: 5.8 / 1.5 / 4, 8.0: 4 / 1.5 / 10}
    assert lines(found["attendances"])["Ridge"] == pytest.approx(expected)
    assert lines(found["attendances"])["Weighted"] == pytest.approx({x: y / 2 for x, y in expected.items()})
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Weighted", "Ridge"]


def test_a_system_of_many_measures_has_the_most_important_panels() -> None:
    names = ["occupancy", *(f"measure_{number:02d}" for number in range(MOST_PANELS + 3))]
    many = row_losses(rows(*((f"A/{name}", 1, 10, 12, 8, 16, False) for name in reversed(names))), SCALES, THREE)
    assert list(panels(coverage_by_lead(many))) == names[:MOST_PANELS]
    assert len(lines(calibration(many, THREE).axes[0])) == MOST_PANELS


def test_pictures_are_files_that_show_something(tmp_path: Path) -> None:
    figures = recipe_pictures("Weighted", LOSSES, THREE, {"occupancy": WEIGHTS})
    write_pictures(figures, tmp_path)
    assert [figure for figure in figures.values() if not figure.get_suptitle().startswith("Weighted: ")] == []
    names = ["calibration.png", "coverage-by-lead.png", "error-by-lead.png", "weights-by-lead.png"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    for name in names:
        pixels = imread(tmp_path / name)
        assert min(pixels.shape[:2]) >= 300
        assert 0.001 < (pixels[..., :3].min(axis=-1) < 0.9).mean() < 0.9


def test_a_recipe_without_an_ensemble_has_no_picture_of_weights_and_one_without_actuals_has_none() -> None:
    assert sorted(recipe_pictures("Weighted", LOSSES, THREE, {})) == [
        "calibration",
        "coverage-by-lead",
        "error-by-lead",
    ]
    assert recipe_pictures("Weighted", LOSSES.head(0), THREE, {"occupancy": WEIGHTS}) == {}
