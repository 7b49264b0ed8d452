"""Live scores of issued forecasts, by the commands and the service as shipped, compared with pandas over the API."""

from datetime import timedelta

import httpx
import pandas as pd
import pytest

from tests.acceptance.journey import Journey, eventually, ready
from tests.contract.store.witness import ask, tell
from tests.unit.cli.commands import Ended

DAYS_AGO = (12, 9, 5, 1)
LOSSES = ["n", "mae", "bias", "coverage_80"]
SLICES = ["unique_id", "leads"]


@pytest.fixture(scope="module")
def scored(journey: Journey) -> Ended:
    """The output of `score` for four publications of the past fortnight."""
    journey.headroom("ingest")
    journey.headroom("train", "--candidates", "SeasonalNaive")
    journey.headroom("promote")
    nothing = journey.headroom("score")
    assert "Nothing to score yet" in nothing.out
    for days in DAYS_AGO:
        journey.headroom("publish", "--cutoff", journey.last_day - timedelta(days=days))
    assert eventually(lambda: ready(journey.address))
    return journey.headroom("score")


@pytest.fixture(scope="module")
def served(journey: Journey, scored: Ended) -> pd.DataFrame:
    """The scores of each series and lead band, once the running service has noticed them."""
    address = f"{journey.address}/v1/scores"
    assert eventually(lambda: httpx.get(address).json()["live_scores"] is not None)
    return pd.read_csv(f"{address}?by=series,leads&format=csv").set_index(SLICES)


@pytest.fixture(scope="module")
def worked_out(journey: Journey, scored: Ended) -> pd.DataFrame:
    """The same from the forecasts and the history that anyone can fetch."""
    out = journey.home / "out" / "counts.parquet"
    journey.headroom("history", "--out", out)
    counts = pd.read_parquet(out)[["unique_id", "ds", "y"]]
    place, measure = (counts["unique_id"].str.split("/").str[i] for i in (0, 1))
    sites = counts[place.isin(["RXA01", "RXA02"])]
    system = sites.assign(measure=measure).groupby(["measure", "ds"], as_index=False)["y"].sum()
    sums = [system.assign(unique_id=f"{parent}/" + system["measure"]) for parent in ("RXA", "northshire")]
    happened = pd.concat([sites, *sums])[["unique_id", "ds", "y"]]
    issued = pd.concat(
        pd.read_csv(
            f"{journey.address}/v1/forecasts?format=csv&cutoff={journey.last_day - timedelta(days=days)}",
            parse_dates=["ds"],
        )
        for days in DAYS_AGO
    )
    both = issued.merge(happened, on=["unique_id", "ds"])
    both["leads"] = both["lead"].map(lambda lead: "01-07" if lead <= 7 else "08-14")
    both["error"] = both["mean"] - both["y"]
    both["inside"] = both["y"].between(both["q0.1"], both["q0.9"])
    grouped = both.groupby(SLICES)
    return pd.DataFrame(
        {
            "n": grouped.size(),
            "mae": grouped["error"].agg(lambda error: error.abs().mean()),
            "bias": grouped["error"].mean(),
            "coverage_80": grouped["inside"].mean(),
        }
    )


def test_the_scores_served_are_those_that_pandas_works_out(served: pd.DataFrame, worked_out: pd.DataFrame) -> None:
    assert len(served) == 20 * 2
    pd.testing.assert_frame_equal(served[LOSSES].sort_index(), worked_out[LOSSES], atol=1e-4, rtol=0, check_dtype=False)


def test_the_command_says_what_it_scored(journey: Journey, scored: Ended) -> None:
    assert f"Scored {len(DAYS_AGO)} publications of northshire" in scored.out
    assert f"to {journey.last_day}" in scored.out


def test_prometheus_has_the_means_by_measure(journey: Journey, served: pd.DataFrame) -> None:
    rows = served.reset_index()
    rows = rows[(rows["measure"] == "beds") & (rows["leads"] == "01-07")]
    text = httpx.get(f"{journey.address}/metrics").text
    labels = '{leads="01-07",measure="beds",weeks="13"}'
    (line,) = (line for line in text.splitlines() if line.startswith(f"headroom_scores_forecasts{labels}"))
    assert float(line.split()[-1]) == rows["n"].sum()


def test_what_is_hidden_is_not_scored(journey: Journey, scored: Ended) -> None:
    """Nine days before the last day, one publication is known, and three days of it."""
    day = journey.last_day - timedelta(days=9)
    ended = journey.headroom("score", "--cutoff", day)
    assert "Scored 1 publications" in ended.out
    newest = f"FROM scores WHERE live_scores_id = (SELECT id FROM live_scores WHERE last_day = '{day}')"
    assert set(ask(f"sqlite:///{journey.home / 'publications.db'}", f"SELECT n {newest}")) == {(3,)}
    served = httpx.get(f"{journey.address}/v1/scores").json()["live_scores"]
    assert served["last"] == str(journey.last_day), "a day gone by does not take the place of the newest"


def test_a_morning_on_which_nothing_can_be_scored_has_its_publication_all_the_same(
    journey: Journey, scored: Ended
) -> None:
    tell(f"sqlite:///{journey.home / 'publications.db'}", "DROP TABLE scores")
    ended = journey.headroom("daily", allowed=(6,))
    assert "Published northshire" in ended.out
    assert "no such table: scores" in ended.err
