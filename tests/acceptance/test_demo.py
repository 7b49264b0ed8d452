"""The first command that a newcomer runs."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest

from tests import planted, servers
from tests.unit.cli.commands import clean_environ

TRAINED_SECONDS = 1800.0
LONDON = ZoneInfo("Europe/London")


def demo(home: Path, *options: str) -> list[str]:
    return [str(Path(sys.executable).parent / "headroom"), "demo", "--home", str(home), *options]


@pytest.mark.drill
def test_the_demo_serves_four_weeks_of_mornings_until_it_is_ended(tmp_path: Path) -> None:
    port, output, home = servers.free_port(), tmp_path / "demo.txt", tmp_path / "home"
    with output.open("wb") as out:
        process = subprocess.Popen(
            demo(home, "--port", str(port)), cwd=servers.ROOT, env=clean_environ(), stdout=out, stderr=out
        )
    try:
        servers.wait_until_listening(port, process, output, TRAINED_SECONDS)
        with httpx.Client(base_url=f"http://{servers.LOOPBACK}:{port}") as client:
            assert client.get("/readyz").json()["publication"]["system"] == "northshire"
            check_mornings(client, output.read_text())
            check_scores(client)
            check_doubts(client, home / "system")
    finally:
        servers.stop(process)
    planted.check(output.read_bytes(), "what the demo says")
    assert process.returncode == 0
    with pytest.raises(httpx.ConnectError):  # nothing is left running
        httpx.get(f"http://{servers.LOOPBACK}:{port}/healthz")
    check_again(home)


def check_mornings(client: httpx.Client, said: str) -> None:
    """One publication a morning, up to today's, issued at six, and a line of output for each."""
    publications = client.get("/v1/publications").json()["publications"]
    cutoffs = [date.fromisoformat(of["cutoff"]) for of in publications]
    assert cutoffs == [cutoffs[0] - timedelta(days=days) for days in range(28)]
    assert {of["revision"] for of in publications} == {1}
    for of, cutoff in zip(publications, cutoffs, strict=True):
        six = datetime.combine(cutoff + timedelta(days=1), time(6), tzinfo=LONDON).astimezone(UTC)
        assert datetime.fromisoformat(of["issued_at"]) <= six
        assert cutoff == cutoffs[0] or datetime.fromisoformat(of["issued_at"]) == six
        assert said.count(f"\n{cutoff + timedelta(days=1)}: published ") == 1


def check_scores(client: httpx.Client) -> None:
    """27 publications have actuals, the newest forecast of them one day of them."""
    scores = pd.read_csv(StringIO(client.get("/v1/scores", params={"format": "csv"}).text))
    occupancy = scores[scores["measure"].eq("occupancy")]
    assert occupancy["n"].sum() == 7 * sum(range(28))  # four sites, two trusts and the system
    assert occupancy["fallbacks"].eq(0).all()
    assert "How good lately" in client.get("/").text


def check_doubts(client: httpx.Client, system: Path) -> None:
    """The faults of the feed are findings, and on one morning an extract was late."""
    faults = pd.read_csv(system / "faults.csv")
    spikes, (late,) = faults[faults["fault"].eq("spike")], faults.loc[faults["fault"].eq("late"), "from"]
    found = client.get("/v1/findings", params={"severity": "suspect"}).json()["findings"]
    days = {(of["unique_id"], of["first"]) for of in found}
    assert days >= {(f"{of.place}/attendances", str(of[6])) for of in spikes.itertuples()}
    notes = {
        cutoff: [
            note["kind"]
            for note in client.get("/v1/forecasts", params={"cutoff": cutoff}).json()["publication"]["notes"]
        ]
        for cutoff in (late, str(date.fromisoformat(late) + timedelta(days=1)))
    }
    assert ["late" in kinds for kinds in notes.values()] == [True, False]


def check_again(home: Path) -> None:
    """The demo says that all is published, and publishes nothing."""
    again = subprocess.run(
        demo(home, "--no-serve"), cwd=servers.ROOT, env=clean_environ(), capture_output=True, text=True, check=True
    )
    assert "Found 28 of 28 mornings published" in again.stdout
    assert ": published " not in again.stdout
