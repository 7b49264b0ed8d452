"""Fourteen mornings of two sites: a frozen, a dead, a silent, a half-day and a revised feed, line by line.

The champion is seasonal naive, so that each published mean is known by hand: the newest usable value of its weekday.
"""

import io
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from publication.model import Publication
from publication.store import Store, default_url
from publication.vocabulary import Check
from tests.acceptance.journey import ingested
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.test_metrics import Samples, scrape, value
from tests.unit.jobs.hospitals import hospital, morning, quiet, received, send
from tests.unit.pipeline.histories import counts
from training.errors import TrainingError
from training.jobs import daily, promote, train

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that train and track

FIRST = date(2026, 3, 3)  # the first morning, a Tuesday; day n is the day before morning n
HISTORY_DAYS = 126
HORIZON = 7
LEVELS = {
    "A/admissions": 60, "A/attendances": 180, "A/occupancy": 420,
    "B/admissions": 30, "B/attendances": 90, "B/occupancy": 160,
}  # fmt: skip
MEASURES = ("admissions", "attendances", "occupancy")
STUCK = 500.0  # of A/occupancy on day 2, and sent again for days 3 to 8
HALF_DAY, CORRECTED_ON = 5, 8  # of A/attendances
LAST_SENT = {"B/attendances": 3, "B/admissions": -22}
REVISED = (4, 6)  # of B/occupancy: a fifth too high until the second run of morning 10


@dataclass(frozen=True)
class Row:
    """The input of one run of `daily`, and its expected publication, pages and output. Days are numbers.

    `sent` are new and revised values. `findings` are `check series first..last`, in their order; the treatment is that
    of the check. `states` are of the series that are not prompt, with the day since when. `left_out` are the days that
    no forecast may use.
    """

    run: str
    sent: tuple[int, int]
    findings: tuple[str, ...]
    states: tuple[str, ...]
    left_out: dict[str, range]
    strip: str
    summary: str

    @property
    def n(self) -> int:
        """The number of the morning; its cutoff is the day of that number."""
        return int(self.run.removesuffix("b"))

    @property
    def revision(self) -> int:
        return 2 if self.run.endswith("b") else 1


OLD = ("late B/admissions -21", "late north/admissions -21")
DEAD = ("late B/attendances 4", "late north/attendances 4")
GONE = (*DEAD, "incomplete north/admissions -21")
LATE_1, LATE_2 = "1 series late, the latest by {}", "2 series late, the latest by {}"
SILENT = "1 series silent and not forecast"
SIX = f"6 days of 1 series suspect; {LATE_1}; {SILENT}, at A, B"
AFTER = "1 frozen, 1 late, 1 silent. Most suspect days: A/occupancy (6 days)."
FROZEN, HALF = {"A/occupancy": range(3, 9)}, {"A/attendances": range(5, 6)}


def after_the_freeze(n: int, run: str, sent: tuple[int, int]) -> Row:
    """From morning 9 on the feeds are as they are: what was frozen stays left out, what is dead stays dead."""
    found = ("frozen A/occupancy 3..8", f"silent B/admissions -21..{n}", f"late B/attendances 4..{n}")
    return Row(run, sent, found, GONE, FROZEN, SIX.format(f"{n - 3} days"), AFTER)


ROWS = (
    Row("1", (0, 0), ("late B/admissions -21..1",), OLD, {}, f"{LATE_1}, at B".format("23 days"), "1 late."),
    Row("2", (5, 0), ("late B/admissions -21..2",), OLD, {}, f"{LATE_1}, at B".format("24 days"), "1 late."),
    # The census of day 2 is sent again for day 3: once is no more than chance.
    Row("3", (5, 0), ("late B/admissions -21..3",), OLD, {}, f"{LATE_1}, at B".format("25 days"), "1 late."),
    Row("4", (4, 0), ("late B/admissions -21..4", "late B/attendances 4..4"), (*OLD, *DEAD), {},
        f"{LATE_2}, at B".format("26 days"), "2 late."),
    # Half of the day is missing from A/attendances: the other feeds make the cutoff.
    Row("5", (4, 0), ("partial day A/attendances 5..5", "late B/admissions -21..5", "late B/attendances 4..5"),
        (*OLD, *DEAD, "suspect A/attendances 5"), HALF,
        f"1 day of 1 series suspect; {LATE_2}, at A, B".format("27 days"),
        "1 partial day, 2 late. Most suspect days: A/attendances (1 day)."),
    # The fourth repeat says that the census is frozen; four weeks without a value that B/admissions is silent.
    Row("6", (4, 0), ("frozen A/occupancy 3..6", "spike A/attendances 5..5", "silent B/admissions -21..6",
        "late B/attendances 4..6"), (*GONE, "suspect A/occupancy 3"), FROZEN | HALF,
        f"5 days of 2 series suspect; {LATE_1}; {SILENT}, at A, B".format("3 days"),
        "1 frozen, 1 spike, 1 late, 1 silent. Most suspect days: A/occupancy (4 days), A/attendances (1 day)."),
    Row("7", (4, 0), ("frozen A/occupancy 3..7", "spike A/attendances 5..5", "silent B/admissions -21..7",
        "late B/attendances 4..7"), (*GONE, "suspect A/occupancy 3"), FROZEN | HALF,
        f"6 days of 2 series suspect; {LATE_1}; {SILENT}, at A, B".format("4 days"),
        "1 frozen, 1 spike, 1 late, 1 silent. Most suspect days: A/occupancy (5 days), A/attendances (1 day)."),
    # The half day is corrected: it is used from now on.
    Row("8", (4, 1), ("frozen A/occupancy 3..8", "silent B/admissions -21..8", "late B/attendances 4..8"),
        (*GONE, "suspect A/occupancy 3"), FROZEN, SIX.format("5 days"), AFTER),
    after_the_freeze(9, "9", (4, 0)),
    after_the_freeze(10, "10", (4, 0)),
    after_the_freeze(10, "10b", (0, 3)),  # the same morning, after B/occupancy was corrected
    after_the_freeze(11, "11", (4, 0)),
    after_the_freeze(12, "12", (4, 0)),
    after_the_freeze(13, "13", (4, 0)),
    after_the_freeze(14, "14", (4, 0)),
)  # fmt: skip
TREATMENTS = {
    "late": ("lead extended", "forecast from the last value, with wider intervals"),
    "silent": ("not forecast", "not forecast"),
    "frozen": ("left out", "left out of training"),
    "spike": ("left out", "left out of training"),
    "partial day": ("left out", "left out of training"),
}


def day(n: int) -> date:
    return FIRST + timedelta(days=n - 2)


def end_of(n: int) -> float:
    """The instant at which a day of winter is over in London, as Unix time."""
    return datetime.combine(day(n + 1), time(), UTC).timestamp()


def listed(text: str) -> tuple[str, str, int, int]:
    """Return check, series, first and last day of a finding of the table."""
    found = re.fullmatch(r"(.+) (\S+/\S+) (-?\d+)\.\.(-?\d+)", text)
    assert found is not None, text
    return found[1], found[2], int(found[3]), int(found[4])


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """The true counts, seeded with a weekly wave, and one census of 500 on day 2."""
    first = pd.Timestamp(day(1)) - pd.Timedelta(days=HISTORY_DAYS - 1)
    n_days = HISTORY_DAYS + 14 + HORIZON
    table = pd.DataFrame({name: counts(n_days, level, i, first) for i, (name, level) in enumerate(LEVELS.items())})
    table.loc[pd.Timestamp(day(2)), "A/occupancy"] = STUCK
    return table


def sent(truth: pd.DataFrame, row: Row) -> pd.DataFrame:
    """The extract of a run: what happened up to yesterday, through the five feeds."""
    table = truth.loc[: pd.Timestamp(day(row.n))]
    n = pd.Series([(ds.date() - day(0)).days for ds in table.index], table.index)
    feeds = {name: table[name] for name in table}
    feeds["A/occupancy"] = feeds["A/occupancy"].mask(n.between(3, 8), STUCK)
    for series, last in LAST_SENT.items():
        feeds[series] = feeds[series].where(n.le(last))
    if row.n < CORRECTED_ON:
        feeds["A/attendances"] = feeds["A/attendances"].mask(n.eq(HALF_DAY), 0.4 * feeds["A/attendances"])
    if row.n < 10 or row.run == "10":
        feeds["B/occupancy"] = feeds["B/occupancy"].mask(n.between(*REVISED), 1.2 * feeds["B/occupancy"])
    return pd.DataFrame(feeds).round()


def by_hand(truth: pd.DataFrame, row: Row, series: str) -> list[float]:
    """The newest usable value of the weekday of each day ahead; a total is the sum of the parts that report."""
    place, measure = series.split("/")
    if place == "north":
        parts = ["A", "B"] if f"incomplete {series} -21" not in row.states else ["A"]
        days = [by_hand(truth, row, f"{part}/{measure}") for part in parts]
        return [sum(of_day) for of_day in zip(*days, strict=True)]
    known = sent(truth, row)[series]
    known = known[[ds.date() not in map(day, row.left_out.get(series, ())) for ds in known.index]].dropna()
    weekdays = [day(row.n + lead).weekday() for lead in range(1, HORIZON + 1)]
    return [float(known[pd.DatetimeIndex(known.index).weekday == weekday].iloc[-1]) for weekday in weekdays]


@dataclass(frozen=True)
class Run:
    """The result of a run of `daily`: its exit code and output, the publication, and what a service over it shows.

    `actuals` are the recent ones by series and day: the count, and the check that doubts it. `strips` are of each page,
    without markup.
    """

    exit_code: int
    out: str
    publication: Publication
    findings: list[dict[str, object]]
    reporting: dict[str, dict[str, object]]
    actuals: dict[str, dict[date, tuple[float | None, str | None]]]
    strips: dict[str, str]
    index: str
    samples: Samples


@pytest.fixture(scope="module")
def runs(truth: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every run, in order, each with the service as it then was."""
    folder = tmp_path_factory.mktemp("mornings")
    system, home = hospital(folder, {"A": "north", "B": "north"}, horizon=HORIZON), folder / "home"
    job = morning(system, home, day(2))
    send(folder, sent(truth, ROWS[0]))
    train.run(received(job), quiet(), "SeasonalNaive")
    promote.run(job, quiet(), force=True, reason="its means are known by hand")
    made: dict[str, Run] = {}
    for row in ROWS:
        send(folder, sent(truth, row))
        made[row.run] = _run(system, home, row)
    return made


def _run(system: Path, home: Path, row: Row) -> Run:
    job, out = morning(system, home, day(row.n + 1)), io.StringIO()
    exit_code = 0
    try:
        daily.run(job, Console(file=out, width=200))
    except TrainingError as error:
        exit_code = error.exit_code
    store = Store(default_url(home))
    with serve(store, Clock(job.now)) as client:
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        return Run(
            exit_code,
            out.getvalue(),
            store.latest("north"),
            client.get("/v1/findings").json()["findings"],
            {of["unique_id"]: of["reporting"] for of in client.get("/v1/series").json()["series"]},
            {series: _actuals(client, series) for series in LEVELS},
            {page: _strip(client.get(page).text) for page in ("/", "/places/A", "/places/B")},
            unescape(client.get("/").text),
            scrape(client),
        )


def _actuals(client: Client, series: str) -> dict[date, tuple[float | None, str | None]]:
    answer = client.get(f"/v1/forecasts/{series}")
    if answer.status_code == 404:
        return {}
    (forecast,) = answer.json()["forecasts"]
    return {date.fromisoformat(of["ds"]): (of["y"], of.get("check")) for of in forecast["recent"]}


def _strip(page: str) -> str:
    found = re.search(r'<section class="doubts".*?</section>', page, re.DOTALL)
    text = unescape(re.sub(r"<[^>]+>", " ", found[0])) if found else ""
    return re.sub(r"\s+([,.])", r"\1", re.sub(r"\s+", " ", text)).strip()


each_run = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"morning {row.run}")


@each_run
def test_the_job_ends_well_and_says_what_it_read_and_published(row: Row, runs: dict[str, Run]) -> None:
    run = runs[row.run]
    assert run.exit_code == 0
    read = ingested(run.out)
    assert (read["new"], read["revised"], read["quarantined"]) == (*row.sent, 0)
    n_series = 8 if "incomplete north/admissions -21" in row.states else 9
    published = f"Published north for cutoff {day(row.n)}, revision {row.revision}: {n_series} series, 0 fallbacks"
    assert f"{published}, champion version 1." in run.out
    assert f"Findings of the last weeks: {row.summary}" in run.out
    assert [line.strip() for line in run.out.splitlines() if line.strip() in notes(row)] == notes(row)


def notes(row: Row) -> list[str]:
    """The sentences on series without a usable value on the cutoff, from the findings of the table."""
    late = [f"{of} ({day(first - 1)})" for check, of, first, _ in map(listed, row.findings) if check == "late"]
    suspect = [state.split()[1:] for state in row.states if state.startswith("suspect ")]
    doubted = [f"{of} ({day(int(since) - 1)})" for of, since in suspect]
    silent = [f"{of} ({day(first - 1)})" for check, of, first, _ in map(listed, row.findings) if check == "silent"]
    sentences = (
        (late, "forecast from the last value, with wider intervals"),
        (doubted, "suspect, and forecast from the last value that is not"),
        (silent, "silent for too long, not forecast and no part of the sums above (last value)"),
    )
    return [
        f"{'1 series is' if len(of) == 1 else f'{len(of)} series are'} {what}: {', '.join(of)}."
        for of, what in sentences
        if of
    ]


@each_run
def test_the_publication_has_this_cutoff_and_these_notes(row: Row, runs: dict[str, Run]) -> None:
    publication = runs[row.run].publication
    assert (publication.cutoff, publication.revision) == (day(row.n), row.revision)
    # Places without counted beds, and public holidays to come, are named on each morning.
    others = ("capacity", "holiday")
    assert [note.text for note in publication.notes if note.kind.value not in others] == notes(row)


@each_run
def test_the_findings_are_these_with_their_days_and_what_was_done(row: Row, runs: dict[str, Run]) -> None:
    shown = [
        (of["check"], of["unique_id"], of["first"], of["last"], of["days"], of["treatment"])
        for of in runs[row.run].findings
    ]
    assert shown == [
        (check, series, f"{day(first)}", f"{day(last)}", last - first + 1, TREATMENTS[check][0])
        for check, series, first, last in map(listed, row.findings)
    ]


@each_run
def test_each_series_says_how_far_it_is_behind(row: Row, runs: dict[str, Run]) -> None:
    expected = {}
    for state in row.states:
        of_state, series, since = state.split()
        expected[series] = (of_state, f"{day(int(since))}", row.n - int(since) + 1)
    for unique_id, of in runs[row.run].reporting.items():
        found = (of["state"], of["since"], of["days"])
        assert found == expected.get(unique_id, ("prompt", None, 0)), unique_id
    shown = set(expected) & set(runs[row.run].reporting)
    assert set(expected) - shown == set()


@each_run
def test_each_forecast_is_the_newest_usable_value_of_its_weekday(
    row: Row, runs: dict[str, Run], truth: pd.DataFrame
) -> None:
    published = runs[row.run].publication.series_by_id
    for series in published:
        means = [of.mean for of in published[series].days]
        assert means == pytest.approx(by_hand(truth, row, series)), series


@each_run
def test_the_actuals_are_those_that_were_sent_each_with_the_check_that_doubts_it(
    row: Row, runs: dict[str, Run], truth: pd.DataFrame
) -> None:
    doubts = {
        (series, day(n)): check
        for check, series, first, last in map(listed, row.findings)
        for n in range(first, last + 1)
    }
    extract = sent(truth, row)
    for series, shown in runs[row.run].actuals.items():
        for ds, (count, check) in shown.items():
            y = extract[series].loc[pd.Timestamp(ds)]
            assert (count, check) == (None if pd.isna(y) else y, doubts.get((series, ds))), (series, ds)


@each_run
def test_the_pages_say_so(row: Row, runs: dict[str, Run]) -> None:
    strips = runs[row.run].strips
    assert f"Data of the last weeks: {row.strip}. The list, also as CSV." in strips["/"]
    for check, series, first, last in map(listed, row.findings):
        place, measure = series.split("/")
        days = f"{day(first):%a} {day(first).day} {day(first):%b}"
        days += "" if first == last else f" to {day(last):%a} {day(last).day} {day(last):%b}"
        line = rf"{measure.capitalize()} {days} {check} \S.*? {TREATMENTS[check][1]}"
        assert re.search(line, strips[f"/places/{place}"]), line
    silent = "Silent since Sun 8 Feb (no value since 2026-02-07): not forecast."
    without = "Incomplete since Sun 8 Feb (without B/admissions: no value since 2026-02-07)."
    is_silent = any(finding.startswith("silent ") for finding in row.findings)
    assert (f'title="{silent}">silent</abbr>' in runs[row.run].index) == is_silent
    assert (f'title="{without}">incomplete</abbr>' in runs[row.run].index) == is_silent
    for place in ("A", "B"):
        assert bool(strips[f"/places/{place}"]) == any(f" {place}/" in finding for finding in row.findings)


@each_run
def test_the_metrics_count_it(row: Row, runs: dict[str, Run]) -> None:
    samples, found = runs[row.run].samples, [listed(finding) for finding in row.findings]
    by_check = Counter(check for check, *_ in found)
    for check in Check:
        shown = value(samples, "publication_findings", check=check.value, severity=check.severity.value)
        assert shown == by_check[check.value], check
    late = Counter(state.split("/")[1].split()[0] for state in row.states if state.startswith("late "))
    for measure in MEASURES:
        assert value(samples, "publication_late_series", measure=measure) == late[measure]
    last = "headroom_publication_series_last_actual_timestamp_seconds"
    assert {labels: at for (name, labels), at in samples.items() if name == last} == {
        (("state", check), ("unique_id", series)): end_of(first - 1)
        for check, series, first, _ in found
        if check in ("late", "silent")
    }
    assert value(samples, "publication_cutoff_timestamp_seconds") == end_of(row.n)
    assert value(samples, "publication_revision") == row.revision


def test_a_faulty_feed_is_no_error_of_the_forecast(runs: dict[str, Run], truth: pd.DataFrame) -> None:
    """On the morning of the half day, and once the freeze is known, the days that are doubted are not scored."""
    scored = {
        n: value(runs[str(n)].samples, "scores_forecasts", leads="01-07", measure="occupancy", weeks="13")
        for n in (8, 9)
    }
    before, after = (runs[run].samples for run in ("4", "5"))
    assert value(after, "scores_bias", leads="01-07", measure="attendances", weeks="13") == pytest.approx(
        value(before, "scores_bias", leads="01-07", measure="attendances", weeks="13"), abs=5
    )
    # Days of B that were forecast on mornings 1 to 7, and to 8; of A, and of the sum, those that are not frozen: day 2,
    # forecast once, and day 9, forecast seven times.
    assert scored == {8: 28 + 1 + 1, 9: 35 + 8 + 8}
