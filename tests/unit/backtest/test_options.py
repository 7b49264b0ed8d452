"""Valid and invalid options of a backtest."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_system
from training.backtest.options import BacktestOptions
from training.errors import UsageError
from training.models.catalogue import DEFAULT_CANDIDATE

SYSTEM = build_system()


def plan(
    candidates: str | None = None, by: str = "measure", measures: Sequence[str] = (), places: Sequence[str] = ()
) -> BacktestOptions:
    return BacktestOptions(2, 7, None, candidates, measures, places, None, by)


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        (None, [DEFAULT_CANDIDATE]),
        ("ridge", ["Ridge"]),
        ("seasonal_naive, ridge", ["SeasonalNaive", "Ridge"]),
    ],
)
def test_the_named_candidates_are_backtested_or_the_one_that_publishes(
    candidates: str | None, names: list[str]
) -> None:
    assert plan(candidates).names == names


@pytest.mark.parametrize(
    ("by", "slices"),
    [
        ("measure,leads", ("measure", "leads")),
        (" day , measure", ("day", "measure")),
        ("series,series", ("series",)),
        ("weekday,regime", ("weekday", "regime")),
    ],
)
def test_slices_are_taken_in_the_order_they_are_named(by: str, slices: tuple[str, ...]) -> None:
    asked = plan(by=by)
    asked.check(SYSTEM, Path("scores.csv"))
    assert asked.slices == slices


@pytest.mark.parametrize(
    ("asked", "scores_file", "says"),
    [
        (plan(by="site"), None, "--group-by site is not a slice; there are measure, series, leads, weekday"),
        (plan(by=""), None, "--group-by  is not a slice"),
        (plan(candidates="Oracle"), None, "--candidates names 'Oracle'"),
        (plan(measures=["parking"]), None, "--measure parking is not of this system, which has attendances"),
        (plan(places=["Z"]), None, "--place Z is not of this system, which has north, T1"),
        (plan(), Path("scores.xlsx"), "--scores scores.xlsx: scores are written as .parquet or .csv."),
    ],
)  # fmt: skip
def test_an_unknown_name_is_rejected(asked: BacktestOptions, scores_file: Path | None, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        asked.check(SYSTEM, scores_file)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("measures", "places", "reported"),
    [
        ((), (), ["A/occupancy", "B/attendances", "B/attendances/adult", "B/occupancy"]),
        (("occupancy",), (), ["A/occupancy", "B/occupancy"]),
        ((), ("B",), ["B/attendances", "B/attendances/adult", "B/occupancy"]),
        (("attendances",), ("B",), ["B/attendances", "B/attendances/adult"]),
        (("attendances",), ("A",), []),
    ],
)
def test_forecasts_are_narrowed_to_what_is_asked(
    measures: Sequence[str], places: Sequence[str], reported: list[str]
) -> None:
    frame = pd.DataFrame({"unique_id": ["A/occupancy", "B/attendances", "B/attendances/adult", "B/occupancy"]})
    assert plan(measures=measures, places=places).narrowed(frame)["unique_id"].tolist() == reported
