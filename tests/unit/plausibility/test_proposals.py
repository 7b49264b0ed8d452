"""Events that a history suggests, without those that are listed already."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.plausibility.hospitals import QUIET, SITES, SYSTEM, Fault, day, hospital
from training.errors import HistoryError
from training.history.plausibility.baseline import level_shifts
from training.history.plausibility.findings import findings
from training.history.review import not_listed, proposals, write_findings, write_proposals
from training.system.model import Event, EventKind

LAST = day(299).date()


def changed(series: list[str], days: range, change: float) -> Fault:
    """Multiplies the counts of some series on some days."""

    def lay(table: pd.DataFrame) -> None:
        for unique_id in series:
            rows = table.index[days.start : days.stop]
            table.loc[rows, unique_id] = np.round(table.loc[rows, unique_id] * change)

    return lay


def proposed(lay: Fault) -> list[Event]:
    table = hospital()
    lay(table)
    return proposals(findings(table, SYSTEM, QUIET), SYSTEM, LAST)


@dataclass(frozen=True)
class Suggested:
    """A change of a history, and the one event that it suggests."""

    what: str
    lay: Fault
    kind: EventKind
    place: str | None
    measure: str
    first: int
    last: int
    note: str


def frozen(table: pd.DataFrame) -> None:
    table.loc[day(200) : day(214), "A/occupancy"] = 421.0


EVERY = [f"{site}/attendances" for site in SITES]
SUGGESTED = [
    Suggested("no discharge anywhere", changed([f"{site}/discharges" for site in SITES], range(150, 151), 0.0),
              EventKind.DATA_FAULT, None, "discharges", 150, 150, "5 series: reporting failure: 0"),
    Suggested("a frozen feed", frozen, EventKind.DATA_FAULT, "A", "occupancy", 201, 214, "frozen: 421"),
    Suggested("a ward opens for good", changed(["C/beds"], range(189, 300), 1.5),
              EventKind.BED_CHANGE, "C", "beds", 189, 299, "+380 beds: from 760 to 1140 a day (+50%)"),
    Suggested("a department closes by half", changed(["B/attendances"], range(189, 300), 0.5),
              EventKind.CLOSURE, "B", "attendances", 189, 216, "from 2"),
    Suggested("more come from elsewhere", changed(["B/attendances"], range(189, 300), 1.5),
              EventKind.DIVERT, "B", "attendances", 189, 216, "from 2"),
    Suggested("a lockdown", changed(EVERY, range(189, 300), 0.5),
              EventKind.CLOSURE, None, "attendances", 189, 216, "5 series: from"),
]  # fmt: skip


@pytest.mark.parametrize("row", SUGGESTED, ids=lambda row: row.what)
def test_what_happened_is_proposed_once(row: Suggested) -> None:
    (event,) = proposed(row.lay)
    assert (event.kind, event.place, event.measure) == (row.kind, row.place, row.measure)
    assert event.note.startswith(row.note)
    assert abs((event.first - day(row.first).date()).days) <= 1
    assert abs((event.last - day(row.last).date()).days) <= 1


def test_a_declared_bed_change_moves_the_forecast_as_it_is_written() -> None:
    (event,) = proposed(SUGGESTED[2].lay)
    assert event.beds == 380


def test_a_quiet_hospital_suggests_nothing() -> None:
    for seed in range(4):
        table = hospital(seed, 500)
        assert proposals(findings(table, SYSTEM, QUIET), SYSTEM, LAST) == []


def test_a_drift_is_no_shift() -> None:
    table = hospital(1, 600)
    table["A/attendances"] *= np.linspace(1.0, 2.5, 600)
    assert level_shifts(table) == []


LISTED = [
    ("the same", Event(date(2023, 6, 1), date(2023, 6, 1), None, "discharges", EventKind.DATA_FAULT, ""), True),
    ("of all measures", Event(date(2023, 5, 1), date(2023, 7, 1), None, None, EventKind.EXCLUDE, ""), True),
    ("of one place", Event(date(2023, 6, 1), date(2023, 6, 1), "A", "discharges", EventKind.DATA_FAULT, ""), False),
    ("of another measure", Event(date(2023, 6, 1), date(2023, 6, 1), None, "beds", EventKind.DATA_FAULT, ""), False),
    ("of the day after", Event(date(2023, 6, 2), date(2023, 6, 9), None, None, EventKind.DATA_FAULT, ""), False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "listed", "is_left_out"), LISTED, ids=[what for what, _, _ in LISTED])
def test_what_is_listed_is_not_proposed_again(what: str, listed: Event, is_left_out: bool) -> None:
    events = proposed(SUGGESTED[0].lay)
    assert events[0].first == date(2023, 6, 1)
    assert (not_listed(events, [listed], SYSTEM) == []) is is_left_out


def test_the_files_hold_the_newest_state_and_their_header_where_there_is_nothing(tmp_path: Path) -> None:
    table = hospital()
    SUGGESTED[0].lay(table)
    found = findings(table, SYSTEM, QUIET)
    write_findings(found, tmp_path / "new" / "findings.csv")
    write_proposals(proposed(SUGGESTED[0].lay), tmp_path / "events.csv")
    lines = (tmp_path / "new" / "findings.csv").read_text().splitlines()
    assert lines[0] == "severity,check,unique_id,first,last,days,found,baseline,note"
    assert lines[1].startswith("suspect,reporting failure,A/discharges,2023-06-01,2023-06-01,1,0,")
    assert (tmp_path / "events.csv").read_text() == (
        "from,to,place,measure,kind,note,announced\n"
        "2023-06-01,2023-06-01,,discharges,data_fault,5 series: reporting failure: 0 every day,\n"
    )
    write_findings(found.iloc[:0], tmp_path / "new" / "findings.csv")
    write_proposals([], tmp_path / "events.csv")
    assert (tmp_path / "new" / "findings.csv").read_text() == lines[0] + "\n"
    assert (tmp_path / "events.csv").read_text() == "from,to,place,measure,kind,note,announced\n"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"Writing .*events\.csv: .* The history itself is complete"):
        write_proposals(proposed(SUGGESTED[0].lay), tmp_path / "file" / "events.csv")
