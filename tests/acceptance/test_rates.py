"""Rates in percent from extract to page: alone, and with counts of the same places."""

import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from publication.model import Publication
from publication.store import Store, default_url
from tests.contract.service.client import Clock, serve
from tests.unit.jobs.hospitals import morning, quiet, received
from tests.unit.pipeline.histories import counts
from training.jobs import daily, promote, train

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

TODAY = date(2026, 3, 3)
DAYS = pd.date_range(end=pd.Timestamp(TODAY) - pd.Timedelta(days=1), periods=126, freq="D")
LEVELS = {"A": 93.0, "B": 97.5, "north": 95.0}  # of the region's own rate, not of those of its sites
RATE = '[measures.in_four_hours]\nkind = "rate"\n\n'
SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
horizon_days = 7
[[places]]
place = "A"
[[places]]
place = "B"

{rate}[sources.rates]
path = "rates.csv"
place = "site"
day = "date"
decimal = ","
measures = {{ in_four_hours = "within 4 h" }}
{more}"""
COUNTS = """
[sources.counts]
path = "counts.csv"
place = "site"
day = "date"
measures = { attendances = "arrivals" }
"""


def rates() -> pd.DataFrame:
    """Wide: performance with a weekly wave, one decimal, and never above 100 %; the region's is sent too."""
    random = np.random.default_rng(4)
    wave = np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 1.0, 0.5])[DAYS.weekday]
    noisy = {place: level + wave + random.normal(0, 1.2, len(DAYS)) for place, level in LEVELS.items()}
    return pd.DataFrame(noisy, index=DAYS).clip(upper=100.0).round(1)


def arrivals() -> pd.DataFrame:
    return pd.DataFrame({"A": counts(126, 180, 1, DAYS[0]), "B": counts(126, 90, 2, DAYS[0])})


def write(folder: Path, more: str) -> Path:
    folder.mkdir(exist_ok=True)
    rows = rates().rename_axis("date").reset_index().melt("date", var_name="site")
    texts = [f"{ds:%Y-%m-%d};{site};{value:.1f} %".replace(".", ",") for ds, site, value in rows.to_numpy()]
    (folder / "rates.csv").write_text("\n".join(["date;site;within 4 h", *texts]))
    of_day = arrivals().rename_axis("date").reset_index().melt("date", var_name="site", value_name="arrivals")
    of_day.assign(date=of_day["date"].dt.strftime("%Y-%m-%d")).to_csv(folder / "counts.csv", index=False)
    (folder / "system.toml").write_text(SYSTEM.format(rate=RATE, more=more))
    return folder / "system.toml"


@dataclass(frozen=True)
class Published:
    out: str
    publication: Publication
    pages: dict[str, str]
    kinds: dict[str, tuple[str, str]]


@pytest.fixture(scope="module", params=["", COUNTS], ids=["rates only", "rates with counts"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("rates")
    job, out = morning(write(folder, request.param), folder / "home", TODAY), io.StringIO()
    train.run(received(job), quiet(), "SeasonalNaive")
    promote.run(job, quiet(), force=True, reason="its means are known by hand")
    issued = daily.run(job, Console(file=out, width=200))
    with serve(Store(default_url(folder / "home")), Clock(job.now)) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        pages = {page: client.get(page).text for page in ("/", "/places/A", "/places/north")}
        measures = client.get("/v1/system").json()["system"]["measures"]
    return Published(out.getvalue(), issued, pages, {of["name"]: (of["kind"], of["unit"]) for of in measures})


def test_each_rate_is_forecast_for_the_places_that_have_one(published: Published) -> None:
    series = {of.unique_id: of for of in published.publication.series}
    assert {i for i in series if i.endswith("in_four_hours")} == {f"{place}/in_four_hours" for place in LEVELS}
    last_week = rates().tail(7)
    for place in LEVELS:
        of = series[f"{place}/in_four_hours"]
        assert [day.mean for day in of.days] == pytest.approx(last_week[place].to_list(), abs=1e-6)
        assert of.unit == "percent"
        assert not of.fallback


def test_quantiles_are_no_integers_and_never_above_100_percent(published: Published) -> None:
    days = [day for of in published.publication.series if of.key.measure == "in_four_hours" for day in of.days]
    quantiles = np.array([day.quantiles for day in days])
    assert quantiles.max() <= 100.0
    assert quantiles.min() > 80.0
    assert (quantiles % 1 != 0).mean() > 0.5


def test_counts_of_the_same_places_still_add_up(published: Published) -> None:
    series = published.publication.series_by_id
    if "A/attendances" not in series:
        assert len(series) == 3
        return
    for total, *parts in zip(*(series[f"{place}/attendances"].days for place in ("north", "A", "B")), strict=True):
        assert total.mean == pytest.approx(sum(part.mean for part in parts))


def test_no_pressure_and_no_finding_is_made_of_rates(published: Published) -> None:
    assert published.publication.headroom == ()
    assert published.publication.findings == ()
    assert "No day of the last weeks is doubted." in published.out


def test_the_service_shows_them_in_percent_with_a_decimal(published: Published) -> None:
    assert published.kinds["in_four_hours"] == ("rate", "percent")
    last = rates()["north"].iloc[-1]
    assert f"last {last:.1f} on" in published.pages["/"]
    assert f"Last actual {last:.1f} on" in published.pages["/places/north"]
    assert 'data-unit="percent"' in published.pages["/places/A"]
