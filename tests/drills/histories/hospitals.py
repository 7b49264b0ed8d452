"""Small hospital systems as extracts and a system.toml, of every shape that a history has, and of known truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = "north"
TIMEZONE = "Europe/London"
FIRST_MORNING = pd.Timestamp("2026-06-17")  # a Wednesday; no bank holiday in the fortnight after it
HORIZON = 7
LEVELS = {ROOT: 100.0, "A": 100.0, "B": 40.0, "C": 60.0}  # attendances a day, and patients in bed
WEEKLY_WAVE = np.array([1.15, 1.05, 1.0, 0.95, 1.0, 0.9, 0.95])  # from Monday on; its mean is one
STAY_DAYS = 5.0
WARM_UP_DAYS = 60  # after which the census has forgotten where it began
BEDS_FOR_EACH_PATIENT = 1.2
CLOSED_AT_WEEKENDS = 4.0  # beds of every site but the first, whose number never changes

LENGTHS = (8, 15, 21, 29, 40, 60, 90, 119, 400)
MEASURES: Mapping[str, tuple[str, ...]] = {
    "a flow": ("attendances",),
    "a stock": ("occupancy",),
    "a capacity": ("beds",),
    "all": ("attendances", "admissions", "discharges", "occupancy", "beds"),
}
STRUCTURES: Mapping[str, Mapping[str, str]] = {
    "one place": {},
    "two places": {"A": ROOT, "B": ROOT},
    "a tree": {"T1": ROOT, "T2": ROOT, "A": "T1", "B": "T1", "C": "T2"},
}
NOTHING, OPENS, CLOSES, BACK = "nothing", "opens late", "closes", "was silent 30 days"
SILENCES: Mapping[str, int] = {"silent 5 days": 5, "silent 30 days": 30, "silent 60 days": 60}
INCIDENTS = (NOTHING, OPENS, CLOSES, *SILENCES, BACK)
OPEN_DAYS = BACK_DAYS = 31
CLOSED_DAYS = 10


@dataclass(frozen=True)
class Hospital:
    """One value of each factor. There are `days` of history on the first morning, and one more on the second.

    The incident happens to the first site. One that falls silent still is on the first morning, and reports again on
    the second; `was silent 30 days` reports again from 31 days before the first.
    """

    days: int
    measures: str
    structure: str
    incident: str

    def __str__(self) -> str:
        return f"{self.days} days, {self.measures}, {self.structure}, {self.incident}"

    @property
    def is_distinct(self) -> bool:
        """Return whether no other combination has the same history."""
        if self.incident == BACK:
            return self.days > BACK_DAYS + 30
        shorter = [days for days in SILENCES.values() if days < SILENCES.get(self.incident, 0)]
        return all(days < self.days for days in shorter)

    @property
    def sites(self) -> tuple[str, ...]:
        """The places that count, the one to which the incident happens first."""
        return tuple(place for place in LEVELS if place in STRUCTURES[self.structure]) or (ROOT,)

    @property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """The sites below each place that has any."""
        tree = STRUCTURES[self.structure]
        below = {place: tuple(site for site in self.sites if tree[site] == place) for place in tree.values()}
        return {**below, ROOT: self.sites} if tree else {}

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Wide: what each site sends up to the second morning, by `place/measure`; NaN is no value."""
        days = pd.date_range(end=FIRST_MORNING, periods=self.days + 1, freq="D", name="ds")
        table = pd.concat([played(site, days) for site in self.sites], axis=1)
        table = table[[f"{site}/{measure}" for site in self.sites for measure in MEASURES[self.measures]]]
        table.loc[~self._reports, [f"{self.sites[0]}/{measure}" for measure in MEASURES[self.measures]]] = np.nan
        return table

    @property
    def _reports(self) -> NDArray[np.bool_]:
        """On which days (n_days + 1,) the first site sends its counts; day 0 comes with the second morning."""
        ago = np.arange(self.days, -1, -1)
        incidents: Mapping[str, NDArray[np.bool_]] = {
            OPENS: ago <= min(OPEN_DAYS, self.days // 2),
            CLOSES: ago > self._closed_days,
            BACK: (ago <= BACK_DAYS) | (ago > BACK_DAYS + 30),
        }
        return incidents.get(self.incident, (ago == 0) | (ago > SILENCES.get(self.incident, 0)))

    @property
    def _closed_days(self) -> int:
        """For how many days, on the first morning, a site that closed has been closed."""
        return min(CLOSED_DAYS, self.days // 2)

    @property
    def last_open_day(self) -> pd.Timestamp | None:
        """Of the first site, where it closes."""
        return FIRST_MORNING - pd.Timedelta(days=self._closed_days + 1) if self.incident == CLOSES else None

    def known(self, morning: int) -> pd.DataFrame:
        """The counts that have been sent by the first (0) or the second (1) morning."""
        return self.counts.iloc[: self.days + morning]

    def write(self, folder: Path, morning: int) -> Path:
        """Write the extract of a morning, the places and the system.toml; gives the last."""
        folder.mkdir(parents=True, exist_ok=True)
        known = self.known(morning)
        by_site = [known[[name for name in known if str(name).startswith(f"{site}/")]] for site in self.sites]
        rows = [
            table.set_axis(list(MEASURES[self.measures]), axis=1).dropna(how="all").assign(code=site)
            for site, table in zip(self.sites, by_site, strict=True)
        ]
        pd.concat(rows).to_csv(folder / "extract.csv", index_label="date", float_format="%.0f")
        (folder / "places.csv").write_text("\n".join(["place,parent,valid_to", *self._places(), ""]))
        file = folder / "system.toml"
        file.write_text(self._system())
        return file

    def _places(self) -> list[str]:
        tree = STRUCTURES[self.structure] or {ROOT: ""}
        closed = {} if self.last_open_day is None else {self.sites[0]: f"{self.last_open_day:%Y-%m-%d}"}
        return [f"{place},{parent},{closed.get(place, '')}" for place, parent in tree.items()]

    def _system(self) -> str:
        measures = ", ".join(f'{measure} = "{measure}"' for measure in MEASURES[self.measures])
        return f"""
[system]
name = "{ROOT}"
timezone = "{TIMEZONE}"
holidays = "GB-ENG"
horizon_days = {HORIZON}
places = "places.csv"

[sources.daily]
path = "extract.csv"
place = "code"
day = "date"
measures = {{ {measures} }}
"""


def level(unique_id: str) -> float:
    """Return the mean of a week of a site's series."""
    site, measure = unique_id.split("/")
    patients = LEVELS[site]
    beds = round(BEDS_FOR_EACH_PATIENT * patients) - CLOSED_AT_WEEKENDS * 2 / 7 * _closes_beds(site)
    return {"attendances": patients, "occupancy": patients, "beds": beds}.get(measure, patients / STAY_DAYS)


def played(site: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Every measure of one site: patients come by the day of the week, and leave with the same chance on each day."""
    chance = np.random.default_rng(crc32(site.encode()))
    patients = LEVELS[site]
    lived = pd.date_range(end=days[-1], periods=len(days) + WARM_UP_DAYS, freq="D")
    wave = WEEKLY_WAVE[lived.dayofweek.to_numpy()]
    arriving, admitted = chance.poisson(patients * wave), chance.poisson(patients / STAY_DAYS * wave)
    census, leaving = [round(patients)], []
    for entering in admitted:
        leaving.append(chance.binomial(census[-1], 1 / STAY_DAYS))
        census.append(census[-1] + entering - leaving[-1])
    weekend = lived.dayofweek.to_numpy() >= 5
    table = {
        f"{site}/attendances": arriving,
        f"{site}/admissions": admitted,
        f"{site}/discharges": leaving,
        f"{site}/occupancy": census[1:],
        f"{site}/beds": round(BEDS_FOR_EACH_PATIENT * patients) - CLOSED_AT_WEEKENDS * weekend * _closes_beds(site),
    }
    return pd.DataFrame(table, lived, dtype=float).loc[days]


def _closes_beds(site: str) -> bool:
    return site not in (ROOT, "A")
