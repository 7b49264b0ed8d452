"""From files of counts to a forecast that a dashboard polls: the commands and the service as they are shipped."""

import io
from collections.abc import Callable
from datetime import date, timedelta

import httpx
import pandas as pd
import pytest

from tests.acceptance.journey import Journey, eventually, ingested, ready
from tests.builders import QUANTILES
from tests.unit.cli.commands import Ended, process

BATCHES = "history/northshire/*.parquet"
SUM_TOLERANCE = 1e-6
PARTS_OF = {"RXA": ["RXA01", "RXA02"], "northshire": ["RXA"]}
MEASURES = ["admissions", "attendances", "beds", "discharges", "occupancy"]
CONTRACTED = [
    "unique_id", "cutoff", "ds", "lead", "y", "mean", *(f"q{level:g}" for level in QUANTILES), "model", "fallback",
]  # fmt: skip


@pytest.fixture(scope="module")
def published(journey: Journey) -> Ended:
    """Return the output of the first `headroom daily`, once the service that was waiting for it is ready."""
    assert not ready(journey.address)
    ended = process("daily", *journey.where)
    assert ended.exit_code == 0, ended.err
    assert eventually(lambda: ready(journey.address))
    return ended


@pytest.fixture(scope="module")
def served(journey: Journey, published: Ended) -> str:
    """The address of the service over what was published first."""
    return journey.address


@pytest.fixture(scope="module")
def again(journey: Journey, published: Ended) -> Ended:
    return journey.headroom("daily")


@pytest.fixture(scope="module")
def revised(journey: Journey, served: str) -> tuple[str, Ended]:
    """The ETag before, and what `daily` said after one count was changed."""
    before = httpx.get(f"{served}/v1/forecasts").headers["etag"]
    journey.add_to_newest_count("RXA01", "attendances", 40)
    return before, journey.headroom("daily")


@pytest.fixture(scope="module")
def trained(journey: Journey, published: Ended) -> Ended:
    return journey.headroom("train", "--candidates", "SeasonalNaive,AutoETS")


@pytest.fixture(scope="module")
def promoted(journey: Journey, trained: Ended) -> Ended:
    return journey.headroom("promote", allowed=(0, 5))


@pytest.fixture(scope="module")
def backtest(journey: Journey, published: Ended) -> Callable[..., pd.DataFrame]:
    def run(*options: str) -> pd.DataFrame:
        out = journey.home / "out" / "forecasts.parquet"
        journey.headroom("backtest", "--windows", "2", "--horizon", "7", "--forecasts", out, *options)
        return pd.read_parquet(out)

    return run


@pytest.fixture(scope="module")
def chosen(backtest: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return backtest()


class TestTheFirstMorning:
    def test_the_service_is_ready(self, served: str) -> None:
        assert httpx.get(f"{served}/readyz").status_code == 200

    def test_every_place_has_its_occupancy_forecast_from_tomorrow_on(self, served: str, journey: Journey) -> None:
        body = httpx.get(f"{served}/v1/forecasts", params={"measure": "occupancy"}).json()
        assert {forecast["place"] for forecast in body["forecasts"]} == {"northshire", "RXA", "RXA01", "RXA02"}
        assert body["publication"]["cutoff"] == journey.last_day.isoformat()
        assert body["publication"]["champion"]["version"] == 1
        first_days = {forecast["days"][0]["ds"] for forecast in body["forecasts"]}
        assert first_days == {(journey.last_day + timedelta(days=1)).isoformat()}

    def test_the_csv_read_without_options_is_the_json(self, served: str) -> None:
        address = f"{served}/v1/forecasts?measure=occupancy"
        table = pd.read_csv(io.StringIO(httpx.get(address, headers={"Accept": "text/csv"}).text))
        assert list(table.columns) == [
            "unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean",
            *(f"q{level:g}" for level in QUANTILES), "model", "fallback",
        ]  # fmt: skip
        body = httpx.get(address).json()
        expected = [
            [forecast["unique_id"], day["ds"], day["lead"], day["mean"], *day["quantiles"].values()]
            for forecast in body["forecasts"]
            for day in forecast["days"]
        ]
        numbers = ["unique_id", "ds", "lead", "mean", *(f"q{level:g}" for level in QUANTILES)]
        assert table[numbers].to_numpy().tolist() == expected

    @pytest.mark.parametrize("query", ["measure=occupancy", "measure=occupancy&format=csv", ""])
    def test_who_has_it_already_gets_304(self, served: str, query: str) -> None:
        address = f"{served}/v1/forecasts?{query}"
        first = httpx.get(address)
        again = httpx.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")

    @pytest.mark.parametrize("measure", MEASURES)
    def test_every_parent_is_the_sum_of_its_children(self, served: str, measure: str) -> None:
        table = pd.read_csv(f"{served}/v1/forecasts?format=csv&measure={measure}")
        means = table.pivot_table(index="ds", columns="place", values="mean")
        for parent, children in PARTS_OF.items():
            gap = means[parent] - means[children].sum(axis=1)
            assert gap.abs().max() <= SUM_TOLERANCE


class TestTheSameMorningAgain:
    def test_nothing_new_is_archived(self, again: Ended, journey: Journey) -> None:
        assert len(list(journey.home.glob(BATCHES))) == 1

    def test_no_second_revision_is_published(self, again: Ended, served: str) -> None:
        assert "revision 1:" in again.out
        assert [entry["revision"] for entry in publications(served)] == [1]


class TestARevisedExtract:
    def test_one_value_is_revised_and_the_forecast_with_it(self, revised: tuple[str, Ended], journey: Journey) -> None:
        _, ended = revised
        counts = ingested(ended.out)
        assert (counts["revised"], counts["new"]) == (1, 0)
        assert "revision 2:" in ended.out
        assert len(list(journey.home.glob(BATCHES))) == 2

    def test_the_running_service_notices(self, revised: tuple[str, Ended], served: str) -> None:
        before, _ = revised
        address = f"{served}/v1/forecasts"
        assert eventually(lambda: httpx.get(address, headers={"If-None-Match": before}).status_code == 200)
        assert httpx.get(address).json()["publication"]["revision"] == 2
        assert [entry["revision"] for entry in publications(served)] == [2, 1]

    def test_both_vintages_can_be_read_back(self, revised: tuple[str, Ended], journey: Journey) -> None:
        midnight = (journey.last_day + timedelta(days=1)).isoformat() + "T00:00"  # when the first value became known
        unique_id = "RXA01/attendances"
        before, after = (journey.newest_value(unique_id, *as_of) for as_of in (("--as-of", midnight), ()))
        assert after - before == 40


class TestRetraining:
    def test_training_gives_a_challenger(self, trained: Ended) -> None:
        assert "Registered version 2 of northshire as challenger" in trained.out

    def test_the_gate_opens_or_says_why_not(self, promoted: Ended) -> None:
        verdict = {0: "Version 2 of northshire is the champion", 5: "Version 2 of northshire is not promoted"}
        assert verdict[promoted.exit_code] in promoted.out + promoted.err

    def test_rolling_back_gives_version_1(self, journey: Journey, promoted: Ended) -> None:
        if promoted.exit_code == 5:
            journey.headroom("promote", "--force", "--reason", "to be rolled back")
        assert "Version 1 of northshire is the champion again" in journey.headroom("rollback").out


class TestABacktest:
    def test_the_columns_are_those_of_the_contract(self, chosen: pd.DataFrame) -> None:
        assert list(chosen.columns) == CONTRACTED

    def test_there_is_one_row_per_series_cutoff_and_lead(self, chosen: pd.DataFrame, journey: Journey) -> None:
        assert len(chosen) == 4 * len(MEASURES) * 2 * 7
        assert not chosen.duplicated(["unique_id", "cutoff", "lead"]).any()
        cutoffs = [day.date() for day in sorted(chosen["cutoff"].unique())]
        assert cutoffs == [journey.last_day - timedelta(days=14), journey.last_day - timedelta(days=7)]

    def test_y_is_what_the_extract_says(self, chosen: pd.DataFrame, journey: Journey) -> None:
        rows = chosen[chosen["unique_id"] == "RXA02/occupancy"].drop_duplicates("ds")
        expected = [journey.count("RXA02", day.date(), "occupancy") for day in rows["ds"]]
        assert rows["y"].tolist() == expected

    def test_named_candidates_have_a_row_each(self, backtest: Callable[..., pd.DataFrame]) -> None:
        options = ("--candidates", "SeasonalNaive,AutoETS", "--measure", "occupancy", "--place", "RXA01")
        rows = backtest(*options)
        assert rows["unique_id"].unique().tolist() == ["RXA01/occupancy"]
        assert rows.groupby("model").size().to_dict() == {"AutoETS": 14, "SeasonalNaive": 14}


class TestRejectionsThatNeedAChampion:
    def test_a_cutoff_before_the_history_publishes_nothing(self, journey: Journey, published: Ended) -> None:
        ended = journey.headroom("publish", "--cutoff", date(2001, 2, 3), allowed=(4,))
        assert "the history begins on" in ended.err
        assert "2001-02-03" in ended.err


def publications(address: str) -> list[dict[str, int]]:
    body: dict[str, list[dict[str, int]]] = httpx.get(f"{address}/v1/publications").json()
    return body["publications"]
