"""The files of a simulated system, as a hospital would keep them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from training.simulate.calendar import BANK_HOLIDAYS
from training.simulate.mechanics import SiteHistory
from training.simulate.network import ROOT_ID, Node
from training.simulate.truth import DISPERSION, SiteTruth

EXTRACT = "extract"
MEASURES = ("attendances", "admissions", "discharges", "occupancy", "beds")
SYSTEM_TOML = f"""\
[system]
name = "{ROOT_ID}"
timezone = "Europe/London"
holidays = "{BANK_HOLIDAYS}"
census_hour = 8
horizon_days = 28
thresholds = [0.85, 0.92, 0.95, 1.0]
quantiles = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
places = "places.csv"
events = "events.csv"

[sources.daily]
path = "{EXTRACT}/*.csv"
place = "code"
day = "date"
measures = {{ {", ".join(f'{name} = "{name}"' for name in MEASURES)} }}
"""

Row = Sequence[object]


def write_system(out: Path) -> Path:
    """system.toml; returns its path."""
    path = out / "system.toml"
    path.write_text(SYSTEM_TOML, encoding="utf-8", newline="\n")
    return path


def write_places(out: Path, nodes: Iterable[Node]) -> None:
    """places.csv."""
    _write(out / "places.csv", ("place", "parent", "name", "kind"), ((n.id, n.parent, n.name, n.kind) for n in nodes))


def write_events(out: Path, truths: Mapping[str, SiteTruth]) -> None:
    """events.csv: every declared step of the beds, past and planned."""
    rows = sorted(
        (change.first, change.last, place, "beds", "bed_change", change.note)
        for place, truth in truths.items()
        for change in truth.changes
    )
    _write(out / "events.csv", ("from", "to", "place", "measure", "kind", "note"), rows)


def write_extracts(out: Path, days: Sequence[date], histories: Mapping[str, SiteHistory]) -> None:
    """One wide file for each year."""
    rows = _by_day(days, {place: [getattr(history, name) for name in MEASURES] for place, history in histories.items()})
    for name in extract_names(days):
        year = [row for row in rows if f"{row[1]:%Y}.csv" == name]
        _write(out / EXTRACT / name, ("code", "date", *MEASURES), year)


def extract_names(days: Sequence[date]) -> tuple[str, ...]:
    """The extract files that these days fill."""
    return tuple(f"{year:04d}.csv" for year in range(days[0].year, days[-1].year + 1))


def write_truth(out: Path, days: Sequence[date], truths: Mapping[str, SiteTruth]) -> None:
    """truth.csv: the parameters that each day's counts were drawn from, and the counts they make one expect."""
    header = ("code", "date", "attendances", "conversion", "admissions", "hazard", "occupancy", "beds", "dispersion")
    rows = _by_day(days, {place: _truth_columns(truth) for place, truth in truths.items()})
    _write(out / "truth.csv", header, ((*row, f"{DISPERSION:g}") for row in rows))


def _truth_columns(truth: SiteTruth) -> list[Sequence[object]]:
    expected = (truth.attendances, truth.conversion, truth.admissions, truth.hazard, truth.occupancy)
    return [*([f"{value:.6f}" for value in column] for column in expected), truth.beds.tolist()]


def _by_day(
    days: Sequence[date], columns: Mapping[str, Sequence[Sequence[object]]]
) -> list[tuple[str, date, *tuple[object, ...]]]:
    """Rows (place, day, values...), day by day and place by place."""
    return [
        (place, day, *(column[i] for column in values))
        for i, day in enumerate(days)
        for place, values in columns.items()
    ]


def _write(path: Path, header: Row, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
