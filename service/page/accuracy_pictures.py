"""Pictures of accuracy as SVG: coverage by lead, and calibration. Their tables on the page have the same numbers.

A dot inside its sampling band is round, one outside is a triangle that points away from the promise: colour is never
the only sign.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from service.page.sampling import FEWEST_PUBLICATIONS, sampling_band

WIDE, HIGH, SQUARE = 360, 230, 320
LEFT, RIGHT, TOP, BOTTOM = 46, 22, 12, 40
MOST_X_LABELS = 8
DOT, TRIANGLE = 3.6, 5.5


@dataclass(frozen=True, slots=True)
class SharePoint:
    """A share of actuals that were held or below, the share that was promised, and of how many publications it is."""

    label: str
    promised: float
    share: float | None
    publications: int

    @property
    def is_shown(self) -> bool:
        return self.share is not None and self.publications >= FEWEST_PUBLICATIONS

    @property
    def band(self) -> tuple[float, float]:
        return sampling_band(self.promised, self.publications)

    @property
    def side(self) -> int:
        """Return 1 above the sampling band, -1 below it, 0 inside."""
        if self.share is None:
            return 0
        low, high = self.band
        return (self.share > high) - (self.share < low)


@dataclass(frozen=True, slots=True)
class _Axes:
    """The area of a picture, and the values at its edges."""

    width: int
    height: int
    lowest: float
    leftmost: float
    rightmost: float

    def x(self, value: float) -> float:
        part = (value - self.leftmost) / (self.rightmost - self.leftmost)
        return round(LEFT + part * (self.width - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        part = (share - self.lowest) / (1 - self.lowest)
        return round(self.height - BOTTOM - part * (self.height - TOP - BOTTOM), 1)


def coverage_picture(points: Sequence[SharePoint], promised: float, axis: str) -> Markup:
    """Return coverages of one interval by lead: dots, the promised line, and the sampling band of each dot."""
    shown = [point for point in points if point.is_shown]
    least = min([promised, *(min(point.share or 0.0, point.band[0]) for point in shown)])
    axes = _Axes(WIDE, HIGH, max(0.0, floor(least * 10 - 0.5) / 10), 0.4, len(points) + 0.6)
    parts = [
        *_horizontals(axes, 0.1 if axes.lowest >= 0.4 else 0.2),
        *(_band(axes, i, point) for i, point in enumerate(points, start=1) if point.is_shown),
        _line(axes, (axes.leftmost, promised), (axes.rightmost, promised), "promised"),
        *(_dot(axes, i, point) for i, point in enumerate(points, start=1) if point.is_shown),
        *_labels_below(axes, [point.label for point in points]),
        _text((axes.x(axes.leftmost) + axes.x(axes.rightmost)) / 2, HIGH - 6, axis),
    ]
    return _svg(WIDE, HIGH, coverage_sentence(points, promised), parts)


def calibration_picture(points: Sequence[SharePoint]) -> Markup:
    """Return shares over promised shares: dots on the diagonal are calibrated."""
    axes = _Axes(SQUARE, SQUARE, 0.0, 0.0, 1.0)
    shown = [point for point in points if point.is_shown]
    below = (_text(axes.x(tick / 4), SQUARE - BOTTOM + 17, _percent(tick / 4)) for tick in range(5))
    parts = [
        *_horizontals(axes, 0.25),
        *(_band(axes, point.promised, point) for point in shown),
        _line(axes, (0.0, 0.0), (1.0, 1.0), "promised"),
        *(_dot(axes, point.promised, point) for point in shown),
        *below,
        _text((axes.x(0.0) + axes.x(1.0)) / 2, SQUARE - 6, "promised"),
    ]
    return _svg(SQUARE, SQUARE, calibration_sentence(points), parts)


def coverage_sentence(points: Sequence[SharePoint], promised: float) -> str:
    """Return what the picture of coverage shows, for those who do not see it."""
    shown = [point for point in points if point.is_shown]
    if not shown:
        return "Nothing is drawn: too few publications are scored."
    lowest, highest = (of(shown, key=lambda point: point.share or 0.0) for of in (min, max))
    return (
        f"Share of actuals inside the {_percent(promised)} interval by days ahead: lowest {_percent(lowest.share)} "
        f"({lowest.label}), highest {_percent(highest.share)} ({highest.label}), promised {_percent(promised)}. "
        f"{_outside(shown)} The table has every number."
    )


def calibration_sentence(points: Sequence[SharePoint]) -> str:
    """Return what the picture of calibration shows, for those who do not see it."""
    shown = [point for point in points if point.is_shown]
    if not shown:
        return "Nothing is drawn: too few publications are scored."
    farthest = max(shown, key=lambda point: abs((point.share or 0.0) - point.promised))
    return (
        f"Shares of actuals over promised shares: farthest from the promise are {_percent(farthest.share)} where "
        f"{_percent(farthest.promised)} was promised. {_outside(shown)} The table has every number."
    )


def _outside(shown: Sequence[SharePoint]) -> str:
    return f"{sum(point.side != 0 for point in shown)} of {len(shown)} dots are outside their sampling band."


def _horizontals(axes: _Axes, step: float) -> Iterator[str]:
    for k in range(round(1 / step) + 1):
        share = round(k * step, 2)
        if share >= axes.lowest:
            yield _line(axes, (axes.leftmost, share), (axes.rightmost, share), "gridline")
            yield _text(LEFT - 6, axes.y(share) + 4, _percent(share), "end")


def _band(axes: _Axes, at: float, point: SharePoint) -> str:
    low, high = point.band
    top, bottom = axes.y(high), axes.y(max(low, axes.lowest))
    return (
        f'<rect class="band" x="{axes.x(at) - 3:.1f}" y="{top}" width="6" height="{max(bottom - top, 1):.1f}" rx="2"/>'
    )


def _dot(axes: _Axes, at: float, point: SharePoint) -> str:
    x, y = axes.x(at), axes.y(point.share or 0.0)
    title = f"<title>{escape(f'{point.label}: {_percent(point.share)}, promised {_percent(point.promised)}')}</title>"
    if not point.side:
        return f'<circle class="inside" cx="{x}" cy="{y}" r="{DOT}">{title}</circle>'
    tip, base = y - point.side * TRIANGLE, y + point.side * TRIANGLE * 0.8
    corners = f"{x},{tip:.1f} {x - TRIANGLE:.1f},{base:.1f} {x + TRIANGLE:.1f},{base:.1f}"
    return f'<polygon class="outside" points="{corners}">{title}</polygon>'


def _labels_below(axes: _Axes, labels: Sequence[str]) -> Iterator[str]:
    every = -(-len(labels) // MOST_X_LABELS)
    for i, label in enumerate(labels, start=1):
        if (i - 1) % every == 0:
            yield _text(axes.x(i), axes.height - BOTTOM + 17, label)


def _line(axes: _Axes, start: tuple[float, float], end: tuple[float, float], css: str) -> str:
    (x1, y1), (x2, y2) = ((axes.x(x), axes.y(y)) for x, y in (start, end))
    return f'<line class="{css}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, sentence: str, parts: Iterable[str]) -> Markup:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(sentence)}>'
    return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704  every text in it is escaped


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0.0):.0f} %"
