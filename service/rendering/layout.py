"""Bodies of forecasts, series by series: a body of thousands of them is never one object."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from publication.model import Publication, SeriesForecast
from service.queries.selection import Selection
from service.rendering.days import DayValues


@dataclass(frozen=True, slots=True)
class RowFormat:
    """What becomes of each series and its selected figures, and what stands before, between and after them."""

    before: bytes
    series: Callable[[SeriesForecast, tuple[str, ...]], bytes]
    between: bytes = b""
    after: bytes = b""


def format_rows(publication: Publication, selection: Selection, *layouts: RowFormat) -> Iterator[tuple[bytes, ...]]:
    """The parts of each layout, side by side: the figures of a series are made once for all of them."""
    figures = DayValues(publication, selection)
    yield tuple(layout.before for layout in layouts)
    for n, series in enumerate(selection.series(publication)):
        texts = figures.of(series)
        yield tuple((layout.between if n else b"") + layout.series(series, texts) for layout in layouts)
    yield tuple(layout.after for layout in layouts)
