"""Pictures as SVG: recent actuals, the forecast as a fan, beds and thresholds, and last week's forecast.

A picture is stretched to its place on the page. Its labels are text of the page, of one size on every screen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import TypeVar

from markupsafe import Markup

PICTURE_WIDTH, PICTURE_HEIGHT = 1000.0, 300.0
MOST_TICKS = 5
TICK_STEPS = (1, 2, 2.5, 5, 10)
VALUE_MARGIN = 0.06  # of the range of values, above and below
DAYS_BETWEEN_LABELS = 7
FOOT = 97.0  # percent of the height: where days without a value are marked

Point = tuple[date, float]
Ends = tuple[date, float, float]
OfDay = TypeVar("OfDay", Point, Ends)


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; a day that is missing among them breaks it. `name` is for the legend."""

    css: str
    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Fan:
    """An area between two values of each day, as a prediction interval."""

    css: str
    name: str
    ends: Sequence[Ends]


@dataclass(frozen=True, slots=True)
class Sign:
    """A character that marks days, and its name in the legend."""

    character: str
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at a day and value, or at the foot of the picture where `y` is None, with the sentence it stands for."""

    ds: date
    y: float | None
    sign: Sign
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a share, in percent, of the width or of the height."""

    position: float
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """An entry of the legend: an area or a line."""

    css: str
    name: str
    is_area: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its labels, and what it shows in words."""

    svg: Markup
    days: tuple[Label, ...]
    values: tuple[Label, ...]
    marks: tuple[tuple[Label, float], ...]
    signs: tuple[Sign, ...]
    legend: tuple[Legend, ...]
    description: str


def draw(
    fans: Sequence[Fan],
    lines: Sequence[Line],
    marks: Sequence[Mark],
    cutoff: date,
    description: str,
    events: Sequence[tuple[date, str]] = (),
) -> Picture:
    """Return the picture of areas and lines, with a rule after the cutoff and one for each event."""
    shown_fans, shown_lines = [fan for fan in fans if fan.ends], [line for line in lines if line.points]
    axes = _axes(shown_fans, shown_lines)
    parts = [
        *(_rule(axes, value, "grid") for value in axes.ticks),
        *(_area(axes, fan) for fan in shown_fans),
        _upright(axes, cutoff + timedelta(days=1), "cutoff", -0.5),
        *(_upright(axes, ds, "event") for ds, _ in events if axes.first <= ds <= axes.last),
        *(_path(axes, line) for line in shown_lines),
    ]
    return Picture(
        svg=Markup("").join(parts),
        days=tuple(_day_labels(axes)),
        values=tuple(Label(100 * axes.y(value) / PICTURE_HEIGHT, _number(value)) for value in axes.ticks),
        marks=tuple(
            (
                Label(100 * axes.x(mark.ds) / PICTURE_WIDTH, mark.sign.character, mark.title),
                FOOT if mark.y is None else 100 * axes.y(mark.y) / PICTURE_HEIGHT,
            )
            for mark in marks
        ),
        signs=tuple(dict.fromkeys(mark.sign for mark in marks)),
        legend=(
            *(Legend(line.css, line.name, is_area=False) for line in shown_lines),
            *(Legend(fan.css, fan.name, is_area=True) for fan in shown_fans),
        ),
        description=description,
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """Days from `first` to `last`, and values from `low` to `high`, as positions in the picture."""

    first: date
    last: date
    low: float
    high: float
    ticks: tuple[float, ...]

    def x(self, ds: date, shift: float = 0.0) -> float:
        days = max((self.last - self.first).days, 1)
        return round(((ds - self.first).days + shift) / days * PICTURE_WIDTH, 1)

    def y(self, value: float) -> float:
        return round((self.high - value) / (self.high - self.low) * PICTURE_HEIGHT, 1)


def ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers from `low` to `high`, at most `MOST_TICKS` of them."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(step * power for step in TICK_STEPS if step * power >= rough * (1 - 1e-9))
    return tuple(round(n * step, 10) for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1))


def _axes(fans: Sequence[Fan], lines: Sequence[Line]) -> Axes:
    days = [point[0] for of in lines for point in of.points] + [end[0] for fan in fans for end in fan.ends]
    values = [point[1] for of in lines for point in of.points]
    values += [value for fan in fans for _, *ends in fan.ends for value in ends]
    low, high = min(values), max(values)
    room = (high - low) * VALUE_MARGIN or max(abs(high) * VALUE_MARGIN, 1.0)
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    return Axes(min(days), max(days), bottom, high + room, ticks(bottom, high + room))


def _path(axes: Axes, line: Line) -> Markup:
    """Return the line; a day alone is a dot."""
    drawn = " ".join(
        "M" + "L".join(f"{axes.x(ds)},{axes.y(y)}" for ds, y in stretch) + ("h0" if len(stretch) == 1 else "")
        for stretch in _stretches(line.points)
    )
    return Markup('<path class="{}" d="{}"/>').format(line.css, drawn)


def _area(axes: Axes, fan: Fan) -> Markup:
    drawn = " ".join(
        "M"
        + "L".join(
            [f"{axes.x(ds)},{axes.y(high)}" for ds, _, high in stretch]
            + [f"{axes.x(ds)},{axes.y(low)}" for ds, low, _ in reversed(stretch)]
        )
        + "Z"
        for stretch in _stretches(fan.ends)
    )
    return Markup('<path class="{}" d="{}"/>').format(fan.css, drawn)


def _rule(axes: Axes, value: float, css: str) -> Markup:
    return Markup('<path class="{}" d="M0,{}H{}"/>').format(css, axes.y(value), PICTURE_WIDTH)


def _upright(axes: Axes, ds: date, css: str, shift: float = 0.0) -> Markup:
    return Markup('<path class="{}" d="M{},0V{}"/>').format(css, axes.x(ds, shift), PICTURE_HEIGHT)


def _stretches(points: Sequence[OfDay]) -> Iterator[list[OfDay]]:
    """Yield the points of days that follow each other."""
    stretch: list[OfDay] = []
    for point in points:
        if stretch and (point[0] - stretch[-1][0]).days != 1:
            yield stretch
            stretch = []
        stretch.append(point)
    if stretch:
        yield stretch


def _day_labels(axes: Axes) -> Iterable[Label]:
    """Yield a label for each Monday."""
    first_monday = axes.first + timedelta(days=-axes.first.weekday() % DAYS_BETWEEN_LABELS)
    n_weeks = max((axes.last - first_monday).days // DAYS_BETWEEN_LABELS + 1, 0)
    for week in range(n_weeks):
        ds = first_monday + timedelta(weeks=week)
        yield Label(100 * axes.x(ds) / PICTURE_WIDTH, f"{ds.day} {ds:%b}")


def _number(value: float) -> str:
    return f"{value:,.10g}"
