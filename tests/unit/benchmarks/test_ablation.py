"""The ablation benchmark: each part is taken out, and nothing else; what stands in for it; the table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.ablation.__main__ import lines
from benchmarks.ablation.parts import COMPLETE_RECIPE, LEVEL, MEMBERS, Part, Recipe, parts
from benchmarks.ablation.replacements import (
    EqualWeights,
    each_by_itself,
    in_one_chunk,
    independent,
    own_scale,
    without_growth,
)
from benchmarks.ablation.runs import Figures, Run, registered
from tests.unit.calibration.past_errors import drawn, past, quantiles_of_all
from tests.unit.pipeline.histories import build_history, build_system, counts, four_sites
from training.backtest.run import backtest_candidate
from training.models.calendar_level import CalendarLevel
from training.models.candidate import ForecastRequest, Means
from training.models.catalogue import CATALOGUE, DEFAULT_CANDIDATE, LearnedEnsemble, SeasonalNaive
from training.models.level import LevelParts
from training.paths.joint import Paths
from training.pipeline.forecaster import Forecaster
from training.pipeline.means import MeansCache
from training.pipeline.rest_days import RestDays
from training.pipeline.windows import WindowForecasts

PARTS = parts()
TABLE = four_sites(100)
HISTORY = build_history(TABLE)
CUTOFFS = [pd.Timestamp(TABLE.index[-15]), pd.Timestamp(TABLE.index[-8])]
HORIZON = 7


def ensemble_without(name: str) -> LearnedEnsemble:
    recipe = PARTS[name].without
    ensemble = recipe.candidates[recipe.candidate]
    assert isinstance(ensemble, LearnedEnsemble)
    return ensemble


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(HISTORY, HORIZON, CUTOFFS)


@pytest.fixture(scope="module")
def complete(run: Run) -> pd.DataFrame:
    return run.forecasts(COMPLETE_RECIPE)


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("level", ["BoostedLevel", "AutoETS", "FlowBalance", "Conversion"]),
        ("boosting", ["CalendarLevel", "AutoETS", "FlowBalance", "Conversion"]),
        ("ets", ["CalendarLevel", "BoostedLevel", "FlowBalance", "Conversion"]),
        ("flows", ["CalendarLevel", "BoostedLevel", "AutoETS", "Conversion"]),
        ("conversion", ["CalendarLevel", "BoostedLevel", "AutoETS", "FlowBalance"]),
    ],
)
def test_an_ensemble_without_a_member_has_all_others(part: str, left: list[str]) -> None:
    assert list(ensemble_without(part).members) == left


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("waves", LevelParts(0, True, True, True)),
        ("two-waves", LevelParts(2, True, True, True)),
        ("last-year", LevelParts(5, False, True, True)),
        ("pooled", LevelParts(5, True, False, True)),
        ("weekdays", LevelParts(5, True, True, False)),
    ],
)
def test_both_levels_are_without_one_part_and_other_members_are_those_of_the_default(
    part: str, left: LevelParts
) -> None:
    level, boosted, *others = ensemble_without(part).members
    candidates = PARTS[part].without.candidates
    assert candidates[level] == CalendarLevel(parts=left)
    assert candidates[boosted] == CalendarLevel(boosted=True, parts=left)
    assert others == ["AutoETS", "FlowBalance", "Conversion"]


def test_a_part_changes_the_candidate_or_one_rule_and_leaves_the_rest_of_the_recipe() -> None:
    complete_but = {name: replace(part.without, candidates={}) for name, part in PARTS.items()}
    changed = {
        name: [
            of for of, value in vars(COMPLETE_RECIPE).items() if vars(recipe)[of] is not value and of != "candidates"
        ]
        for name, recipe in complete_but.items()
    }
    assert changed.pop("holidays") == ["holidays"]
    assert changed.pop("counts") == ["count"]
    assert changed.pop("joint") == ["sums"]
    rules = {"bias", "any-bias", "scale", "growth", "volatility", "special", "pooling", "widening"}
    assert {name for name, of in changed.items() if of == ["calibrate"]} == rules
    assert {name for name, of in changed.items() if of == ["candidate"]} == set(changed) - rules


def test_the_complete_recipe_forecasts_what_the_backtest_does(complete: pd.DataFrame) -> None:
    expected = backtest_candidate(Forecaster(HISTORY, HORIZON), CUTOFFS, DEFAULT_CANDIDATE)
    pd.testing.assert_frame_equal(complete[expected.columns], expected, check_dtype=False)


@pytest.mark.parametrize("part", ["any-bias", "scale", "volatility", "pooling", "widening", "counts", "joint"])
def test_a_rule_of_intervals_changes_intervals_and_no_bottom_mean(run: Run, complete: pd.DataFrame, part: str) -> None:
    without = run.forecasts(PARTS[part].without)
    bottom = ~complete["unique_id"].isin(["north/attendances", "T1/attendances", "T2/attendances"])
    np.testing.assert_allclose(without.loc[bottom, "mean"], complete.loc[bottom, "mean"])
    assert (without["q0.9"] - complete["q0.9"]).abs().max() > 0.01


def test_after_a_part_the_complete_recipe_forecasts_the_same_again(run: Run, complete: pd.DataFrame) -> None:
    means = run.forecasts(PARTS["pooled"].without)["mean"]
    assert (means - complete["mean"]).abs().max() > 0.001
    pd.testing.assert_frame_equal(run.forecasts(COMPLETE_RECIPE), complete)


def test_a_level_without_a_part_shares_no_fit_with_the_complete_one() -> None:
    """Two candidates fitted with one cache forecast as each does with a cache of its own."""
    shared = ForecastRequest(HISTORY, CUTOFFS, HORIZON)
    for candidate in (CalendarLevel(), CalendarLevel(parts=LevelParts(pooled=False)), CalendarLevel()):
        alone = candidate.forecast(ForecastRequest(HISTORY, CUTOFFS, HORIZON))
        together = candidate.forecast(shared)
        for cutoff in CUTOFFS:
            pd.testing.assert_frame_equal(together.by_cutoff[cutoff], alone.by_cutoff[cutoff])


def test_candidates_are_in_the_catalogue_only_while_they_forecast() -> None:
    before = dict(CATALOGUE)
    with registered({"New": SeasonalNaive()}):
        assert set(CATALOGUE) - set(before) == {"New"}
    assert before == CATALOGUE
    with pytest.raises(ValueError, match="CalendarLevel already"), registered({LEVEL: SeasonalNaive()}):
        pass
    assert before == CATALOGUE


@pytest.mark.parametrize(
    ("measures", "there"),
    [
        (["attendances"], {"boosting": True, "waves": True, "own-weights": False, "flows": False, "counts": True}),
        (["occupancy"], {"boosting": False, "waves": False, "own-weights": True, "flows": False, "counts": False}),
        (["attendances", "occupancy"], {"boosting": True, "own-weights": True, "flows": False, "conversion": False}),
    ],
)
def test_parts_of_flows_or_stocks_are_measured_where_a_system_counts_some(
    measures: list[str], there: dict[str, bool]
) -> None:
    table = pd.DataFrame({f"A/{measure}": counts(20, 50, 1) for measure in measures})
    history = build_history(table, build_system({"A": "north"}))
    assert {name: PARTS[name].is_in(history) for name in there} == there


def test_without_own_weights_every_series_of_a_stock_has_those_of_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({f"{place}/occupancy": counts(120, 100 + 90 * n, n) for n, place in enumerate("ABC")})
    history, cutoff, names = build_history(table), table.index[-1], ("SeasonalNaive", "CalendarLevel")
    monkeypatch.setitem(CATALOGUE, "Own", LearnedEnsemble(names))
    monkeypatch.setitem(CATALOGUE, "Shared", LearnedEnsemble(names, own_weights=False))
    means = MeansCache(history, HORIZON)
    windows = WindowForecasts(history, means, RestDays(history))
    means.make("Own", windows.before(cutoff))
    own, shared = (windows.weights([name], cutoff)[name, "occupancy"] for name in ("Own", "Shared"))
    np.testing.assert_array_equal(own.pooled, shared.pooled)
    np.testing.assert_array_equal(shared.by_series, shared.pooled[:, None].repeat(3, axis=1))
    assert not np.allclose(own.by_series, shared.by_series)


def test_equal_weights_are_the_mean_of_the_members_that_answer() -> None:
    cutoff, days = CUTOFFS[0], pd.date_range("2022-05-01", periods=1)
    members = [
        Means({cutoff: pd.DataFrame([values], days, ["a", "b", "c"])})
        for values in ([1.0, np.nan, np.nan], [3.0, 4.0, np.nan], [8.0, 6.0, np.nan])
    ]
    found = EqualWeights(MEMBERS).combine(members, [cutoff]).by_cutoff[cutoff]
    np.testing.assert_array_equal(found.to_numpy(), [[4.0, 5.0, np.nan]])


def test_an_own_scale_is_the_mean_size_of_the_errors_of_a_series_and_lead() -> None:
    errors = np.array([[[1.0, 10.0], [2.0, np.nan]], [[-3.0, -20.0], [4.0, np.nan]]])
    found = own_scale(errors)
    assert found[:, 0].tolist() == [2.0, 3.0]
    assert found[0, 1] == 15.0
    assert found[1, 1] > 3.0  # unknown: the series' size at the other lead, grown as that of the first series


def test_without_growth_leads_that_no_error_is_known_of_have_the_longest_known_ones_scale() -> None:
    errors = drawn(40, 20, 3).scaled
    errors[:, 10:] = np.nan
    found = without_growth(errors)
    np.testing.assert_array_equal(found[10:], np.repeat(found[9:10], 10, axis=0))
    assert (found[:10] > 0).all()


def test_each_series_by_itself_has_the_quantiles_that_it_has_alone() -> None:
    both, means, levels = drawn(40, 7, 2, np.array([1.0, 5.0])), np.full((7, 2), 100.0), [0.1, 0.5, 0.9]
    found = each_by_itself(means, both, ["a", "a"], levels).of(np.arange(2))
    for series in (0, 1):
        alone = quantiles_of_all(means[:, [series]], past(both.scaled[:, :, [series]]), ["a"], levels)
        np.testing.assert_allclose(found[:, [series]], alone)
    assert not np.allclose(found, quantiles_of_all(means, both, ["a", "a"], levels))


def test_sums_of_independent_parts_are_narrower_than_sums_of_parts_that_move_together() -> None:
    """The sum of two equal series is as wide as both; if they were independent, it would be 1 / sqrt 2 of that."""
    forecast = Forecaster(HISTORY, HORIZON).forecast({"attendances": "SeasonalNaive"}, CUTOFFS[0])
    values = np.sort(np.random.default_rng(3).normal(100, 10, (1, HORIZON, 2000)), axis=-1)
    values = values[:, :, np.random.default_rng(4).permutation(2000)]
    equal = Paths(("A/x", "B/x"), np.repeat(values, 2, axis=0))
    parts_matrix = pd.DataFrame([[1, 0, 1], [0, 1, 1]], ["A/x", "B/x"], ["A/x", "B/x", "north/x"])
    margins = np.repeat(np.quantile(values[0], [0.1, 0.5, 0.9], axis=-1).T[None], 2, axis=0)
    together = replace(
        forecast,
        paths=in_one_chunk(equal, margins),
        parts=parts_matrix,
        quantiles=np.concatenate([margins, 2 * margins[:1]]),
    )
    found = independent(together, (0.1, 0.5, 0.9)).quantiles
    np.testing.assert_allclose(found[:2], margins, atol=0.001)
    width, of_equal = (of[2, :, 2] - of[2, :, 0] for of in (found, together.quantiles))
    np.testing.assert_allclose(width / of_equal, 2**-0.5, rtol=0.06)


def test_the_table_has_the_loss_in_percent_and_an_empty_cell_where_a_system_lacks_the_part() -> None:
    complete, worse = Figures(0.5, 0.2, 0.8, 9), Figures(0.51, 0.199, 0.812, 9)
    part = Part("a thing", "nothing", Recipe())
    found = lines({"swast": (complete, {"x": worse}), "germany": (complete, {})}, {"x": part})
    assert found == [
        "| without | instead | swast, 9 cutoffs | germany, 9 cutoffs |",
        "| --- | --- | --- | --- |",
        "| nothing: complete |  | 0.5000, 0.2000, 0.800 | 0.5000, 0.2000, 0.800 |",
        "| a thing | nothing | +2.00, -0.50, 0.812 |  |",
    ]
