"""The table of the morning: for each place free beds, chances, flows, the worst day and what would help."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from publication.days import target_day, today
from publication.model import Place, Publication
from publication.pressure import SHORT_BY
from publication.vocabulary import ADMISSIONS, ATTENDANCES, DISCHARGES, OCCUPANCY, SeriesKey
from service.page import wording
from service.page.wording import Figure, GaugeScale, scale
from service.publications.earlier import EarlierFreeBeds
from service.publications.served import ServedPublication
from service.queries.pressure import Aid, DayPressure, PlacePressure

TODAY = "Today"
SQUARE_DAYS = 14
SQUARE_LIMITS = (0.05, 0.2, 0.5, 0.8)
SQUARE_LETTERS = "ABCDE"
SHORT_OF_ONE = SHORT_BY.index(1)
DRIVER_WORDS = {
    "level": "the level of recent weeks",
    "weekday": "the day of the week",
    "season": "the season",
    "holiday": "a holiday",
    "event": "a known event",
    "trend": "a rising trend",
    "residual": "the last few days",
}


@dataclass(frozen=True, slots=True)
class Square:
    """One day of a place: a class of colour, a letter and a title, which say the same."""

    css: str
    letter: str
    title: str


@dataclass(frozen=True, slots=True)
class LevelBadge:
    """A level of escalation as it is shown: its name, its colour, and what is to be done."""

    name: str
    colour: str
    action: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Today's patients in and out of a place, and their difference, which is read off joint paths."""

    arriving: Figure | None
    leaving: Figure | None
    net: Figure | None


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The day from today on with the most pressure, what drives it, and the discharges that would relieve it."""

    day: str
    ds: str
    reason: str | None
    needed: str


@dataclass(frozen=True, slots=True)
class Row:
    """One place of the table. `today` and `tomorrow` are free beds; chances are those of today."""

    place: Place
    depth: int
    today: Figure
    tomorrow: Figure | None
    rate: str
    over: str
    short: str
    css: str
    level: LevelBadge | None
    change: str | None
    change_title: str
    flow: Flow
    worst: WorstDay | None
    squares: tuple[Square, ...]
    fallback: str | None


@dataclass(frozen=True, slots=True)
class AidRow:
    """Beds of one place for patients of another on a day, and the chance before and after."""

    donor: Place
    receiver: Place
    day: str
    beds: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A publication read on one day: `first` is the position of that day, or of its first day to come.

    `compared` has the free beds of that day, by place, that changes are measured from: of the publication before, or of
    the forecast where a scenario is shown. `compared_name` says which.
    """

    publication: Publication
    today: date
    first: int
    threshold: float
    scale: GaugeScale
    compared: Mapping[str, float]
    compared_name: str
    compared_label: str

    @property
    def first_day(self) -> date:
        return target_day(self.publication.cutoff, self.first + 1)

    def label(self, ds: date) -> str:
        """Return `Today`, `Tomorrow` or the day."""
        if ds == self.today:
            return TODAY
        return "Tomorrow" if ds == self.today + timedelta(days=1) else wording.day(ds)


def first_day(served: ServedPublication, now: datetime) -> date:
    """Return the first day of the publication that is not over."""
    return target_day(served.summary.cutoff, served.days_over(now) + 1)


def read(served: ServedPublication, now: datetime, before: EarlierFreeBeds) -> Reading:
    """Return the publication as it is read at the instant `now`; `before` is what changes are measured from."""
    publication = served.publication
    return Reading(
        publication=publication,
        today=today(now, publication.system.timezone),
        first=served.days_over(now),
        threshold=threshold_shown(publication.system.thresholds),
        scale=scale(publication.system.quantiles),
        compared=before.free,
        compared_name=before.name,
        compared_label=before.label,
    )


def all_over(reading: Reading) -> str | None:
    """Return the sentence that every day of the publication is over; None while one is to come."""
    system = reading.publication.system
    if reading.first < system.horizon_days:
        return None
    last = target_day(reading.publication.cutoff, system.horizon_days)
    return f"Every day of this publication is over. The last was {wording.day(last)}."


def threshold_shown(thresholds: Sequence[float]) -> float:
    """Return the threshold whose chance is in the table: the largest below a full house, else the largest."""
    below = [threshold for threshold in thresholds if threshold < 1]
    return max(below or thresholds)


def rows(reading: Reading, ranked: Sequence[PlacePressure]) -> tuple[Row, ...]:
    """Return a row for each place, in the order given."""
    return tuple(_row(reading, place) for place in ranked)


def aid_rows(publication: Publication, aids: Sequence[Aid]) -> tuple[AidRow, ...]:
    """Return mutual aid with the names of the places."""
    places = publication.system.place_by_id
    return tuple(
        AidRow(
            places[aid.donor],
            places[aid.receiver],
            wording.day(target_day(publication.cutoff, aid.day + 1)),
            aid.beds,
            wording.chance(aid.before),
            wording.chance(aid.after),
        )
        for aid in aids
    )


def pressure_on(of: PlacePressure, position: int) -> tuple[float, float]:
    """Return the rank of a place by one day: the expected number of exceeded thresholds; then the median headroom."""
    headroom = of.of.headroom[position]
    return sum(of.over[position]), -headroom[len(headroom) // 2]


def over_threshold(reading: Reading, day: DayPressure) -> float:
    """Return the chance of the day to pass the threshold that is shown."""
    return day.over[reading.publication.system.thresholds.index(reading.threshold)]


def squares(reading: Reading, days: Sequence[DayPressure]) -> tuple[Square, ...]:
    """Return a square for each of the days, the first of which is the first to come."""
    return tuple(
        _square(reading, day, reading.first_day + timedelta(days=n)) for n, day in enumerate(days[:SQUARE_DAYS])
    )


def square_class(chance: float) -> int:
    """Return the class of a chance: 0 for the smallest."""
    return sum(chance >= limit for limit in SQUARE_LIMITS)


def square_legend() -> tuple[Square, ...]:
    """Return the classes of squares with the chances that they stand for."""
    ends = (0.0, *SQUARE_LIMITS, 1.0)
    spans = (f"{low * 100:.0f} to {high * 100:.0f} %" for low, high in pairwise(ends))
    return tuple(Square(f"s{n}", SQUARE_LETTERS[n], span) for n, span in enumerate(spans))


def worst_day(reading: Reading, of: PlacePressure) -> WorstDay | None:
    """Return the worst day to come of a place, in words; None where every day is over."""
    if of.worst is None:
        return None
    ds = target_day(reading.publication.cutoff, of.worst + 1)
    return WorstDay(
        day=reading.label(ds),
        ds=ds.isoformat(),
        reason=None if of.driver is None else DRIVER_WORDS[of.driver],
        needed=_needed(reading, of.place, of.worst, of.discharges_needed),
    )


def flow(reading: Reading, place: str) -> Flow:
    """Return today's flow of a place: admissions, or attendances where those are not forecast, and discharges."""
    arriving = _series_on(reading, place, ADMISSIONS) or _series_on(reading, place, ATTENDANCES)
    headroom = reading.publication.headroom_by_place[place]
    net = headroom.net_flow[reading.first] if headroom.net_flow else None
    return Flow(
        arriving=arriving,
        leaving=_series_on(reading, place, DISCHARGES),
        net=None if net is None else reading.scale.figure(net, wording.signed),
    )


def _row(reading: Reading, of: PlacePressure) -> Row:
    system, days = reading.publication.system, of.days[reading.first :]
    place, day, later = system.place_by_id[of.place], days[0], days[1:2]
    over = over_threshold(reading, day)
    return Row(
        place=place,
        depth=len(list(system.ancestors(of.place))),
        today=reading.scale.figure(day.headroom, wording.integer),
        tomorrow=reading.scale.figure(later[0].headroom, wording.integer) if later else None,
        rate=_rate(reading.scale, day),
        over=wording.chance(over),
        short=wording.chance(day.short[SHORT_OF_ONE]),
        css=f"s{square_class(over)}",
        level=level_badge(day),
        change=_change(reading, of.place, day),
        change_title=reading.compared_name,
        flow=flow(reading, of.place),
        worst=worst_day(reading, of),
        squares=squares(reading, days),
        fallback=_fallback(reading.publication, of.place),
    )


def _fallback(publication: Publication, place: str) -> str | None:
    """Return why occupancy of a place is forecast by the fallback; None where it is not."""
    series = publication.series_by_id.get(SeriesKey(place, OCCUPANCY).unique_id)
    if series is None or not series.fallback:
        return None
    return publication.fallback_reason(series.unique_id) or "seasonal naive in the place of the champion"


def level_badge(day: DayPressure) -> LevelBadge | None:
    """Return the level of escalation of a day; None where none is reached."""
    level = day.level
    return None if level is None else LevelBadge(level.name, level.colour, level.action)


def _rate(scale: GaugeScale, day: DayPressure) -> str:
    """Return the share of beds that is occupied, at the centre of the forecast."""
    return wording.rate(scale.centre_of(day.occupancy) / day.beds) if day.beds > 0 else "no beds"


def _square(reading: Reading, day: DayPressure, ds: date) -> Square:
    over, short = over_threshold(reading, day), day.short[SHORT_OF_ONE]
    position = square_class(over)
    said = f"{wording.chance(over)} above {wording.rate(reading.threshold)}, {wording.chance(short)} no bed"
    level = "" if day.level is None else f"{day.level.name}; "
    return Square(f"s{position}", SQUARE_LETTERS[position], f"{wording.day(ds)}: {level}{said}")


def _change(reading: Reading, place: str, day: DayPressure) -> str | None:
    """Return the change of free beds on the first day shown; None where there is nothing to compare with."""
    before = reading.compared.get(place)
    return None if before is None else wording.signed(reading.scale.centre_of(day.headroom) - before)


def _series_on(reading: Reading, place: str, measure: str) -> Figure | None:
    series = reading.publication.series_by_id.get(SeriesKey(place, measure).unique_id)
    lead = reading.first + 1
    day = None if series is None else next((day for day in series.days if day.lead == lead), None)
    return None if day is None else reading.scale.figure(day.quantiles, wording.count)


def _needed(reading: Reading, place: str, worst: int, needed: float | None) -> str:
    """Return the further discharges a day that the worst day needs, and those expected until then."""
    if needed is None:
        return "more discharges would come too late"
    if needed == 0:
        return "none"
    more = f"{wording.count(needed)} more"
    expected = _expected_discharges(reading, place, worst)
    return f"{more} a day" if expected is None else f"{more} than the {wording.count(expected)} expected"


def _expected_discharges(reading: Reading, place: str, worst: int) -> float | None:
    """Return the mean discharges a day that are forecast from the first day shown to the worst."""
    series = reading.publication.series_by_id.get(SeriesKey(place, DISCHARGES).unique_id)
    if series is None:
        return None
    means = [day.mean for day in series.days if reading.first < day.lead <= worst + 1]
    return sum(means) / len(means) if means else None
