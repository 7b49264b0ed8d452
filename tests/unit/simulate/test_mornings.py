"""The last weeks of a simulated system, as its extracts say that they were sent."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from tests.unit.simulate.reading import files
from training.simulate.mornings import read_mornings, simulate_mornings
from training.simulate.run import simulate
from training.simulate.scenario import Scenario
from training.system.reading import read_system

LAST_DAY = date(2026, 4, 10)
LONDON = ZoneInfo("Europe/London")
SMALL = Scenario(days=120, trusts=1, sites=2)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_mornings(tmp_path_factory.mktemp("mornings"), 7, LAST_DAY, SMALL, "Europe/London")


@pytest.fixture(scope="module")
def lines(system: Path) -> pd.DataFrame:
    parts = [pd.read_csv(file, dtype=str) for file in sorted(system.parent.glob("extract/*.csv"))]
    return pd.concat(parts).set_index(["code", "date"])


@pytest.fixture(scope="module")
def faults(system: Path) -> pd.DataFrame:
    return pd.read_csv(system.parent / "faults.csv", dtype=str)


def test_the_mornings_are_those_after_the_last_four_weeks_of_days(system: Path) -> None:
    mornings = read_mornings(system)
    assert [of.cutoff for of in mornings] == [day.date() for day in pd.date_range(end=LAST_DAY, periods=28)]
    for of in mornings:
        local = of.at.astimezone(LONDON)
        assert ((local.date() - of.cutoff).days, local.hour, local.minute) == (1, 6, 0)  # clocks change on 29 March


def test_each_line_says_that_it_was_sent_as_its_day_ended(lines: pd.DataFrame, faults: pd.DataFrame) -> None:
    days = lines.index.get_level_values("date")
    sent = pd.to_datetime(lines["sent"], utc=True).dt.tz_convert(LONDON)
    later = (sent.dt.tz_localize(None) - pd.to_datetime(days)).set_axis(lines.index)
    late = faults[faults["fault"].eq("late")]
    late_line = (late["place"].item(), late["from"].item())
    assert later[late_line] == pd.Timedelta(days=2)
    assert later.drop(late_line).eq(pd.Timedelta(days=1)).all()


def test_one_feed_has_spikes_in_the_last_two_weeks_and_its_true_counts_are_listed(
    system: Path, lines: pd.DataFrame, faults: pd.DataFrame, tmp_path: Path
) -> None:
    simulate(tmp_path, 7, LAST_DAY, SMALL)
    true = pd.concat(pd.read_csv(file, dtype=str) for file in sorted(tmp_path.glob("extract/*.csv")))
    expected = true.set_index(["code", "date"])
    changed = lines.drop(columns="sent").compare(expected)
    spikes = faults[faults["fault"].eq("spike")]
    assert set(changed.index) == set(zip(spikes["place"], spikes["from"], strict=True))
    assert set(changed.columns.get_level_values(0)) == {"attendances"}
    assert len(spikes) == 3
    assert spikes["place"].nunique() == 1
    assert (pd.to_datetime(spikes["from"]) > pd.Timestamp(LAST_DAY) - pd.Timedelta(days=14)).all()
    assert (spikes["found"].astype(int) == 5 * spikes["true"].astype(int)).all()
    for fault in spikes.itertuples():
        row = (system.parent / str(fault.file)).read_text().splitlines()[int(str(fault.line)) - 1]
        assert row.startswith(f"{fault.place},{fault[6]},{fault.found},")


def test_the_system_file_names_the_column_of_instants(system: Path) -> None:
    (source,) = read_system(system).sources
    assert source.known_at == "sent"


def test_the_same_seed_and_day_give_the_same_bytes(system: Path, tmp_path: Path) -> None:
    simulate_mornings(tmp_path, 7, LAST_DAY, SMALL, "Europe/London")
    assert files(tmp_path) == files(system.parent)


def test_another_system_has_no_mornings(tmp_path: Path) -> None:
    assert read_mornings(simulate(tmp_path, 7, LAST_DAY, SMALL)) == ()
