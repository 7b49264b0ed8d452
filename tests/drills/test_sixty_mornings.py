"""Sixty mornings of two trusts on which everything goes wrong: each publication, its cutoff and its notes."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publication.model import Publication
from tests.unit.jobs.hospitals import morning, quiet, received, send
from training.errors import TrainingError
from training.frames import wide
from training.jobs import daily, promote, train
from training.simulate.run import simulate
from training.simulate.scenario import Scenario

pytestmark = [
    pytest.mark.histories,
    pytest.mark.filterwarnings("ignore"),  # of the libraries that train and track
]

MORNINGS = 60
HISTORY_DAYS = 400
FIRST = date(2026, 3, 2)  # the first morning
HORIZON = 7
STEP, OPENED, CLOSED, RENAMED = 20, 12, 46, 34  # the morning after the first day on which it is so
LATE = range(4, 12)  # attendances of the second site come three days late
FROZEN = range(24, 32)
SILENT = range(36, 46)  # the third site sends nothing for ten days, and then all of it
FEED_LATE, HALF_COUNTED, REVISED = 15, 17, 33
FLOWS = ("attendances", "admissions", "discharges")
NEW, HEIR = "NEW01", "HEIR1"
COLUMNS = ["place", "parent", "name", "kind", "valid_from", "valid_to", "succeeds"]


@dataclass(frozen=True)
class World:
    """The actuals: a wide frame of counts to the last day, the new and the renamed site among them."""

    truth: pd.DataFrame
    system: Path

    def count(self, unique_id: str, ds: date) -> float:
        """Return the actual of a day; NaN where the series was not there."""
        position = (pd.Timestamp(ds) - pd.Timestamp(self.truth.index[0])).days
        return float(self.truth[unique_id].to_numpy()[position])

    def day_of(self, n: int) -> pd.Timestamp:
        """Yesterday, as seen from the n-th morning."""
        return pd.Timestamp(FIRST) + pd.Timedelta(days=n - 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("mornings")
    last = FIRST + timedelta(days=MORNINGS + HORIZON)
    system = simulate(folder, 11, last, Scenario(HISTORY_DAYS + MORNINGS + HORIZON, trusts=2, sites=4))
    rows = pd.concat(pd.read_csv(file) for file in sorted((folder / "extract").glob("*.csv")))
    rows = rows.melt(["code", "date"], var_name="measure", value_name="y").dropna()
    rows = rows.assign(unique_id=rows["code"] + "/" + rows["measure"], ds=pd.to_datetime(rows["date"]))
    text = system.read_text().split("[sources.daily]")[0]
    text = text.replace("horizon_days = 28", f"horizon_days = {HORIZON}")
    source = 'path = "extract.csv"\nplace = "place"\nday = "day"\nmeasure = "measure"\nvalue = "value"\n'
    system.write_text(f"{text}[sources.daily]\n{source}")
    return World(_changed(wide(rows[["unique_id", "ds", "y"]])), system)


def sites_of(table: pd.DataFrame) -> list[str]:
    """The four simulated sites, by code."""
    return sorted({str(name).split("/")[0] for name in table} - {NEW, HEIR})


def _changed(truth: pd.DataFrame) -> pd.DataFrame:
    """The simulated counts, with a step of 60 %, a site that opens, one that closes, and one that is renamed."""
    a, _, c, d = sites_of(truth)
    start = pd.Timestamp(FIRST) - pd.Timedelta(days=1)
    on = {n: start + pd.Timedelta(days=n) for n in (STEP, OPENED, CLOSED, RENAMED)}
    table = truth.copy()
    table.loc[on[STEP] :, f"{a}/attendances"] = (1.6 * table.loc[on[STEP] :, f"{a}/attendances"]).round()
    table[f"{NEW}/attendances"] = (0.4 * truth[f"{c}/attendances"]).round().where(truth.index >= on[OPENED])
    for name in [name for name in truth if str(name).startswith(f"{d}/")]:
        measure = str(name).split("/")[1]
        table[f"{HEIR}/{measure}"] = truth[name].where(truth.index >= on[RENAMED])
        table.loc[on[RENAMED] :, name] = np.nan
    return table


def known(world: World, n: int) -> pd.DataFrame:
    """Return the extract of the n-th morning."""
    yesterday = world.day_of(n)
    table = world.truth.loc[:yesterday].copy()
    a, b, c, _ = sites_of(world.truth)
    if n in LATE:
        table.loc[yesterday - pd.Timedelta(days=2) :, f"{b}/attendances"] = np.nan
    frozen = world.day_of(FROZEN.start)
    if n in FROZEN or FROZEN.stop <= n < REVISED:
        last = world.day_of(FROZEN.stop - 1)
        stuck = world.count(f"{a}/occupancy", frozen.date())
        table[f"{a}/occupancy"] = table[f"{a}/occupancy"].mask((table.index >= frozen) & (table.index <= last), stuck)
    if n in SILENT:
        table.loc[world.day_of(SILENT.start) :, [i for i in table if str(i).startswith(f"{c}/")]] = np.nan
    if n >= CLOSED:
        table.loc[world.day_of(CLOSED) :, [i for i in table if str(i).startswith(f"{b}/")]] = np.nan
    if n == FEED_LATE:
        table.loc[yesterday] = np.nan
    if n == HALF_COUNTED:
        flows = [i for i, name in enumerate(table) if str(name).split("/")[1] in FLOWS]
        table.iloc[-1, flows] = (0.3 * table.iloc[-1, flows]).round()
    return table


def describe(world: World, n: int) -> None:
    """The places as the system file lists them on the n-th morning."""
    file = world.system.parent / "places.csv"
    rows = pd.read_csv(file, dtype=str).fillna("")
    rows = rows[~rows["place"].isin([NEW, HEIR])].reindex(columns=COLUMNS).fillna("")
    trust = rows.loc[rows["kind"].eq("trust"), "place"].iloc[0]
    *_, d = sites_of(world.truth)
    more = []
    if n >= OPENED:
        more.append({"place": NEW, "parent": trust, "name": "New site", "kind": "site"})
    if n >= RENAMED:
        parent, first = rows.set_index("place").loc[d, "parent"], f"{world.day_of(RENAMED):%Y-%m-%d}"
        heir = {"place": HEIR, "parent": parent, "name": "Renamed", "kind": "site"}
        more.append({**heir, "valid_from": first, "succeeds": d})
    pd.concat([rows, pd.DataFrame(more, columns=rows.columns)]).fillna("").to_csv(file, index=False)


@pytest.fixture(scope="module")
def issued(world: World) -> dict[int, Publication]:
    """The publications of each morning's `daily`."""
    home, found = world.system.parent / "home", {}
    for n in range(MORNINGS):
        describe(world, n)
        send(world.system.parent, known(world, n))
        job = morning(world.system, home, world.day_of(n + 1).date())
        if n == 0:  # of one candidate, which is what is chosen nearly always, and quicker
            train.run(received(job), quiet(), "Weighted")
            promote.run(job, quiet(), force=True, reason="the first")
        try:
            found[n] = daily.run(job, quiet())
        except TrainingError as error:
            pytest.fail(f"on morning {n}: {error}")
    return found


def expected_cutoff(world: World, n: int) -> date:
    """Yesterday, but where the complete feed was late or half counted."""
    back = 1 if n in (FEED_LATE, HALF_COUNTED) else 0
    return (world.day_of(n) - pd.Timedelta(days=back)).date()


def test_each_morning_has_its_cutoff(world: World, issued: dict[int, Publication]) -> None:
    assert {n: p.cutoff for n, p in issued.items()} == {n: expected_cutoff(world, n) for n in range(MORNINGS)}


def test_no_cutoff_steps_back_and_no_day_that_is_over_is_published(
    world: World, issued: dict[int, Publication]
) -> None:
    cutoffs = [issued[n].cutoff for n in range(MORNINGS)]
    assert cutoffs == sorted(cutoffs)
    over = {n for n in issued if issued[n].series[0].days[0].ds < world.day_of(n + 1).date()}
    assert over == {FEED_LATE, HALF_COUNTED}  # where the newest day has no usable value, it is forecast
    for n in over:
        assert "The cutoff is" in issued[n].notes[0].text


def notes_of(issued: dict[int, Publication], n: int) -> str:
    return " ".join(note.text for note in issued[n].notes)


def test_what_is_wrong_on_a_morning_is_said_on_that_morning_and_on_no_other(
    world: World, issued: dict[int, Publication]
) -> None:
    a, b, c, _ = sites_of(world.truth)
    said = {n: notes_of(issued, n) for n in issued}
    late = {n for n in said if f"{b}/attendances (" in said[n] and n < CLOSED}
    assert late >= set(LATE)
    assert late - set(LATE) <= {FEED_LATE, HALF_COUNTED}
    suspect = {n for n in said if " suspect, and forecast" in said[n] and f"{a}/occupancy" in said[n]}
    assert suspect >= set(range(FROZEN.start + 5, REVISED - 1))
    assert not [n for n in suspect if n < FROZEN.start or n >= REVISED]
    silent = {n for n in said if f"{c}/attendances (" in said[n]}
    assert silent - {FEED_LATE, HALF_COUNTED} == set(SILENT)
    assert f"{c}/attendances ({world.day_of(SILENT.start - 1):%Y-%m-%d})" in said[SILENT.stop - 1]
    assert {n for n in said if f"{b}/attendances (" in said[n] and n >= CLOSED} == set(range(CLOSED, MORNINGS))


def test_places_come_and_go_with_their_forecasts(world: World, issued: dict[int, Publication]) -> None:
    *_, d = sites_of(world.truth)
    have = {n: {series.key.place for series in issued[n].series} for n in issued}
    assert [n for n in have if NEW in have[n]] == list(range(OPENED, MORNINGS))
    assert [n for n in have if HEIR in have[n]] == list(range(RENAMED, MORNINGS))
    assert [n for n in have if d in have[n]] == list(range(RENAMED))
    level = np.mean([day.mean for day in issued[RENAMED + 1].series_by_id[f"{HEIR}/occupancy"].days])
    assert level == pytest.approx(world.truth[f"{HEIR}/occupancy"].mean(), rel=0.1)


def test_two_weeks_after_a_step_the_level_is_the_new_one(world: World, issued: dict[int, Publication]) -> None:
    series = f"{sites_of(world.truth)[0]}/attendances"
    for n in range(STEP + 14, MORNINGS):
        days = issued[n].series_by_id[series].days
        happened = world.truth.loc[pd.Timestamp(days[0].ds) : pd.Timestamp(days[-1].ds), series].mean()
        assert np.mean([day.mean for day in days]) == pytest.approx(happened, rel=0.1), n


def test_eighty_percent_intervals_cover_what_they_promise_over_all(
    world: World, issued: dict[int, Publication]
) -> None:
    low, high = (issued[0].system.quantiles.index(level) for level in (0.1, 0.9))
    inside = [
        day.quantiles[low] <= happened <= day.quantiles[high]
        for n in issued
        for series in issued[n].series
        if series.unique_id in world.truth and series.key.measure != "beds"
        for day in series.days
        if not np.isnan(happened := world.count(series.unique_id, day.ds))
    ]
    assert len(inside) > 5000
    assert 0.72 <= sum(inside) / len(inside) <= 0.88
