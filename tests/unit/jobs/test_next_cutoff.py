"""The cutoff of the next publication: that of the prompt series, never today, never back, never over already."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publication.model import Note
from publication.vocabulary import Check, NoteKind
from tests.builders import build_publication, build_system
from tests.unit.jobs.hospitals import hospital, morning, received, send
from tests.unit.pipeline.histories import build_history, counts
from tests.unit.pipeline.histories import build_system as small_system
from training.errors import NothingPublishedError
from training.history.recent_findings import recent_findings
from training.jobs.publish import lateness_notes, next_cutoff
from training.pipeline.forecaster import Forecaster

TODAY = date(2026, 3, 12)
YESTERDAY = date(2026, 3, 11)
N_DAYS = 150
LEVELS = {
    "A/attendances": 90,
    "B/attendances": 40,
    "A/occupancy": 300,
    "B/occupancy": 120,
    "A/beds": 330,
    "B/beds": 140,
}
NAN = float("nan")

Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def known() -> pd.DataFrame:
    """Counts of two sites to yesterday."""
    first = pd.Timestamp(YESTERDAY) - pd.Timedelta(days=N_DAYS - 1)
    return pd.DataFrame({name: counts(N_DAYS, level, i, first) for i, (name, level) in enumerate(LEVELS.items())})


def as_it_is(table: pd.DataFrame) -> pd.DataFrame:
    return table


def attendances_a_week_late(table: pd.DataFrame) -> pd.DataFrame:
    table.iloc[-7:, :2] = NAN
    return table


def beds_once_a_month(table: pd.DataFrame) -> pd.DataFrame:
    not_first = pd.DatetimeIndex(table.index).day != 1
    table.loc[not_first, ["A/beds", "B/beds"]] = NAN
    return table


def one_site_silent(table: pd.DataFrame) -> pd.DataFrame:
    of_b = [i for i, name in enumerate(table) if str(name).startswith("B/")]
    table.iloc[-10:, of_b] = NAN
    return table


def all_of_it(table: pd.DataFrame) -> pd.DataFrame:
    return one_site_silent(beds_once_a_month(attendances_a_week_late(table)))


def one_feed_frozen(table: pd.DataFrame) -> pd.DataFrame:
    table.iloc[-8:, 2] = float(table["A/occupancy"].to_numpy()[-8])
    return table


def half_counted(table: pd.DataFrame) -> pd.DataFrame:
    table.iloc[-1] = (0.3 * table.iloc[-1]).round()
    return table


def all_late(table: pd.DataFrame) -> pd.DataFrame:
    table.iloc[-3:] = NAN
    return table


CASES: list[tuple[Spoil, str, tuple[str, ...]]] = [
    (as_it_is, "2026-03-11", ()),
    (
        attendances_a_week_late,
        "2026-03-11",
        ("2 series are forecast from", "A/attendances (2026-03-04)"),
    ),
    (beds_once_a_month, "2026-03-11", ("A/beds (2026-03-01)", "B/beds (2026-03-01)")),
    (one_site_silent, "2026-03-11", ("B/attendances (2026-03-01)", "B/occupancy (2026-03-01)")),
    (all_of_it, "2026-03-11", ("A/attendances (2026-03-04)", "B/occupancy (2026-03-01)", "A/beds (2026-03-01)")),
    (one_feed_frozen, "2026-03-11", ("1 series is suspect", "A/occupancy (2026-03-0")),
    (half_counted, "2026-03-10", ("The cutoff is 2026-03-10 and not 2026-03-11", "half counted", "A/attendances")),
    (all_late, "2026-03-08", ("The cutoff is 2026-03-08 and not 2026-03-11: no series has a later value.",)),
]


@pytest.mark.parametrize(("spoil", "expected", "parts"), CASES, ids=[case[0].__name__ for case in CASES])
def test_the_prompt_series_make_the_cutoff_and_the_others_are_named(
    spoil: Spoil, expected: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    send(tmp_path, spoil(known()))
    job = received(morning(system, tmp_path / "home", TODAY))
    cutoff, on_cutoff = next_cutoff(job, job.now)
    assert str(cutoff) == expected
    notes = (*on_cutoff, *lateness_notes(job.history(job.now, cutoff, issued_for=cutoff), cutoff))
    said = " ".join(note.text for note in notes)
    for part in parts:
        assert part in said
    assert bool(said) == bool(parts)


def test_with_allow_missing_the_cutoff_is_yesterday_and_a_note_says_so(tmp_path: Path) -> None:
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    send(tmp_path, all_late(known()))
    job = received(morning(system, tmp_path / "home", TODAY))
    cutoff, notes = next_cutoff(job, job.now, allow_missing=True)
    assert cutoff == YESTERDAY
    text = "The cutoff is 2026-03-11 by --allow-missing: most of the series have reached 2026-03-08 only."
    assert notes == (Note(NoteKind.CUTOFF, text),)
    history = job.history(job.now, cutoff, issued_for=cutoff)
    late = recent_findings(history, pd.Timestamp(cutoff), 56, LEVELS)
    assert {(of.check, of.first, of.last) for of in late} == {(Check.LATE, date(2026, 3, 9), YESTERDAY)}
    assert sorted(of.series for of in late) == sorted(LEVELS)


def test_with_allow_missing_nothing_changes_where_yesterday_is_reached(tmp_path: Path) -> None:
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    send(tmp_path, known())
    job = received(morning(system, tmp_path / "home", TODAY))
    assert next_cutoff(job, job.now, allow_missing=True) == next_cutoff(job, job.now) == (YESTERDAY, ())


def test_today_is_not_over_and_never_a_cutoff(tmp_path: Path) -> None:
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    text = system.read_text().replace('value = "value"\n', 'value = "value"\nknown_at = "known_at"\n')
    system.write_text(text)
    send(tmp_path, known())
    table = pd.read_csv(tmp_path / "extract.csv")
    table["day"] = (pd.to_datetime(table["day"]) + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
    table.assign(known_at=table["day"] + "T05:00:00+00:00").to_csv(tmp_path / "extract.csv", index=False)
    job = received(morning(system, tmp_path / "home", TODAY))
    assert job.history(job.now).reached_day == pd.Timestamp(TODAY)
    assert next_cutoff(job, job.now)[0] == YESTERDAY


@pytest.mark.parametrize(("today", "is_over"), [(date(2026, 3, 18), False), (date(2026, 3, 19), True)])
def test_a_horizon_that_is_over_is_not_published(today: date, is_over: bool, tmp_path: Path) -> None:
    """Seven days after 11 March end on 18 March: published on that day for its own sake, and no longer on the next."""
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    send(tmp_path, known())
    job = received(morning(system, tmp_path / "home", today))
    if not is_over:
        assert next_cutoff(job, job.now)[0] == YESTERDAY
        return
    with pytest.raises(NothingPublishedError) as raised:
        next_cutoff(job, job.now)
    assert str(raised.value) == (
        "Publishing north: the series have reached 2026-03-11, and the 7 days after it are over (today is 2026-03-19). "
        "Ingest newer extracts; to publish what would have been published then, add --cutoff 2026-03-11."
    )


def test_a_publication_never_steps_back_behind_the_one_that_is_served(tmp_path: Path) -> None:
    system = hospital(tmp_path, {"A": "north", "B": "north"})
    send(tmp_path, all_late(known()))
    job = received(morning(system, tmp_path / "home", TODAY))
    job.store.issue(build_publication(date(2026, 3, 10), system=build_system("north")))
    cutoff, notes = next_cutoff(job, job.now)
    assert cutoff == date(2026, 3, 10)
    assert notes[0] == Note(
        NoteKind.CUTOFF,
        "The history reaches only 2026-03-08 by now; the cutoff stays at 2026-03-10, which is published already.",
    )
    late = job.history(job.now, cutoff, issued_for=cutoff).days_behind(pd.Timestamp(cutoff))
    assert late == dict.fromkeys(LEVELS, 2)


def test_errors_of_a_series_that_is_behind_are_those_of_a_series_that_is_behind() -> None:
    """Its windows are as far behind as it is, so the first day ahead is as uncertain as the eighth of a prompt one."""
    steps = np.random.default_rng(3).normal(0, 6, 300).cumsum()
    table = known().reindex(pd.date_range(end=pd.Timestamp(YESTERDAY), periods=300, name="ds"))[[]]
    table = table.assign(**{"A/occupancy": (400 + steps).round(), "B/occupancy": (400 + steps[::-1]).round()})
    late = table.copy()
    late.iloc[-7:, 0] = NAN
    widths = []
    for seen in (table, late):
        forecast = Forecaster(build_history(seen, small_system()), 7).forecast(
            {"occupancy": "AutoETS"}, table.index[-1]
        )
        widths.append(forecast.quantiles[:, :, 5] - forecast.quantiles[:, :, 1])
    assert (widths[1][0, 0] > 2 * widths[0][0, 0]).all()
    np.testing.assert_allclose(widths[1][1], widths[0][1], rtol=0.25)
