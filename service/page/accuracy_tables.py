"""The tables of the accuracy page: errors against two baselines, coverage and calibration, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from publication.live_scores import DEFAULT_SLICES, LeadScore, LiveScores, Losses, QuantileShare, Score, combined
from publication.model import Measure, Publication
from publication.vocabulary import COVERAGES, SeriesKey, series_key
from service.page.sampling import FEWEST_PUBLICATIONS
from service.page.wording import EN_DASH, MINUS_SIGN, Wording, wording_of
from service.queries.selection import EVERYTHING, ScoreRow, ScoreSelection
from service.rendering.scores import rounded

FIRST_BAND = "01-07"
MOST_PLACES_IN_TABLE = 50
NOTHING, TOO_FEW = EN_DASH, "too few yet"


@dataclass(frozen=True, slots=True)
class AccuracyChoice:
    """The choice of a reader: a measure, a place (None: all together), and weeks."""

    measure: str
    place: str | None
    weeks: int

    @property
    def address(self) -> str:
        return "/accuracy?" + urlencode(self._parameters(self.place))

    def rows(self, by: str, *, under: bool = False, every_measure: bool = False) -> str:
        """Return the address of the scores behind a table; `under`: those of the places below, too."""
        mine = self._parameters(None if under else self.place) | {"by": by}
        if every_measure:
            del mine["measure"]
        if under and self.place is not None:
            mine["under"] = self.place
        return "/v1/scores?" + urlencode(mine)

    def _parameters(self, place: str | None) -> dict[str, str]:
        here = {} if place is None else {"place": place}
        return {"measure": self.measure, **here, "weeks": str(self.weeks)}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its head, the page that it leads to if any, and its cells."""

    head: str
    cells: tuple[str, ...]
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table, and the address of the same numbers as JSON. `is_long`: it stays closed until it is opened."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    address: str
    is_long: bool = False


@dataclass(frozen=True, eq=False)
class ScoreReader:
    """The scores that a reader of this publication may see, as `/v1/scores` gives them, at a place over some weeks."""

    publication: Publication
    live_scores: LiveScores
    place: str | None
    weeks: int

    @cached_property
    def by_measure_and_leads(self) -> tuple[Score, ...]:
        """Those of every measure: one pass over all scores serves most tables."""
        selection = ScoreSelection(
            replace(EVERYTHING, places=(self.place,) if self.place else ()), by=DEFAULT_SLICES, weeks=self.weeks
        )
        return tuple(of for of in self._rows(selection) if isinstance(of, Score))

    def by_leads(self, measure: str) -> tuple[Score, ...]:
        return tuple(of for of in self.by_measure_and_leads if of.of.measure == measure)

    def below(self, measure: str) -> tuple[Score, ...]:
        """Return those of each series at the place and below, of the first lead band."""
        own = replace(EVERYTHING, under=self.place, measures=(measure,))
        rows = self._rows(ScoreSelection(own, by=("series", "measure", "leads"), weeks=self.weeks))
        return tuple(of for of in rows if isinstance(of, Score) and of.of.leads == FIRST_BAND)

    def pooled(self, measure: str, weeks: int, *by: str) -> tuple[ScoreRow, ...]:
        """Return scores that are of all places together; none for a reader of one place."""
        own = replace(EVERYTHING, measures=(measure,))
        return self._rows(ScoreSelection(own, by=("measure", *by), weeks=weeks))

    def written(self, measure: str) -> Wording:
        return wording_of(self.publication.system, SeriesKey("", measure))

    def _rows(self, selection: ScoreSelection) -> tuple[ScoreRow, ...]:
        return selection.scores(self.publication, self.live_scores)


ERROR_COLUMNS = ("Mean error", "Same as last week", "Same as yesterday", "Better than last week by")
COVERAGE_COLUMNS = tuple(f"{percent} % interval held" for percent in COVERAGES)


def error_table(reader: ScoreReader, choice: AccuracyChoice, unit: str) -> ScoreTable:
    """Return errors by lead band against both baselines."""
    written = reader.written(choice.measure)
    rows = tuple(
        TableRow(days_ahead(score.of.leads), _cells(score, _errors(score.losses, written), _bias(score, written)))
        for score in reader.by_leads(choice.measure)
    )
    caption = f"Mean absolute errors in {unit}, by days ahead. Bias is forecast minus actual."
    return ScoreTable(caption, ("Days ahead", *ERROR_COLUMNS, "Bias"), rows, choice.rows("measure,leads"))


def _with_unit(measure: Measure) -> str:
    """Return `Occupancy, beds`, or `Admissions` where the unit says the same."""
    name = measure.name.replace("_", " ")
    return (name if measure.unit == name else f"{name}, {measure.unit}").capitalize()


def measure_table(reader: ScoreReader, choice: AccuracyChoice) -> ScoreTable:
    """Return a row for each measure at the chosen place."""
    scores = {of.of.measure: of for of in reader.by_measure_and_leads if of.of.leads == FIRST_BAND}
    rows = tuple(
        TableRow(
            _with_unit(measure),
            _overview(scores[measure.name], reader.written(measure.name)),
            replace(choice, measure=measure.name).address,
        )
        for measure in reader.publication.system.measures
        if measure.name in scores
    )
    columns = ("Measure", *ERROR_COLUMNS, "80 % interval held")
    return ScoreTable("1 to 7 days ahead.", columns, rows, choice.rows("measure,leads", every_measure=True))


def place_table(reader: ScoreReader, choice: AccuracyChoice) -> ScoreTable:
    """Return a row for the chosen place and each one directly below; for the top of the tree without one."""
    by_place: dict[str, list[Score]] = {}
    for score in reader.below(choice.measure):
        by_place.setdefault(series_key(score.of.series or "").place, []).append(score)
    listed = [place for place in _places_listed(reader, choice) if place in by_place]
    written, names = reader.written(choice.measure), reader.publication.system.place_by_id
    rows = tuple(
        TableRow(
            names[place].name,
            _overview(combined(by_place[place], ("measure",))[0], written),
            replace(choice, place=place).address,
        )
        for place in listed[:MOST_PLACES_IN_TABLE]
    )
    more = f" The first {MOST_PLACES_IN_TABLE} of {len(listed)} places." if len(listed) > len(rows) else ""
    columns = ("Place", *ERROR_COLUMNS, "80 % interval held")
    return ScoreTable(f"1 to 7 days ahead.{more}", columns, rows, choice.rows("series,leads", under=True))


def _places_listed(reader: ScoreReader, choice: AccuracyChoice) -> list[str]:
    system = reader.publication.system
    tops = [choice.place] if choice.place is not None else [of.id for of in system.places if of.parent is None]
    return [place for top in tops for place in (top, *system.children(top))]


def coverage_table(scores: Sequence[Score | LeadScore], address: str) -> ScoreTable:
    """Return coverages by single lead, or by lead band where scores are of one place."""
    rows = tuple(
        TableRow(
            lead_label(score),
            (*_shares(score, (score.losses.coverage(p) for p in COVERAGES)), f"{score.n:,}", str(score.publications)),
        )
        for score in scores
    )
    columns = ("Days ahead", *COVERAGE_COLUMNS, "Forecasts", "Publications")
    return ScoreTable("Share of actuals inside each interval.", columns, rows, address, is_long=True)


def quantile_table(shares: Sequence[QuantileShare], address: str) -> ScoreTable:
    """Return the share of actuals at or below each quantile."""
    rows = tuple(
        TableRow(
            _percent(share.quantile), (*_shares(share, [share.at_or_below]), f"{share.n:,}", str(share.publications))
        )
        for share in shares
    )
    columns = ("Promised", "At or below", "Forecasts", "Publications")
    return ScoreTable("Share of actuals at or below each published quantile.", columns, rows, address, is_long=True)


def interval_table(score: Score, address: str) -> ScoreTable:
    """Return the share of actuals inside each interval, at all leads together."""
    rows = tuple(
        TableRow(f"{percent} %", (*_shares(score, [score.losses.coverage(percent)]), f"{score.n:,}"))
        for percent in COVERAGES
    )
    caption = "Share of actuals inside each interval, at all leads."
    return ScoreTable(caption, ("Promised", "Held", "Forecasts"), rows, address, is_long=True)


def lead_label(score: Score | LeadScore) -> str:
    """Return the days ahead of a score: 3, or 1 to 7."""
    return str(score.lead) if isinstance(score, LeadScore) else days_ahead(score.of.leads)


def days_ahead(leads: str | None) -> str:
    """Return a lead band without its zeros, and with a dash."""
    return EN_DASH.join(str(int(day)) for day in (leads or "").split("-"))


def skill_of(losses: Losses) -> float | None:
    """Return the skill that follows from the served numbers."""
    ours, theirs = rounded(losses.mae_vs_last_week), rounded(losses.last_week_mae)
    return None if ours is None or not theirs else 1 - ours / theirs


def skill_text(skill: float | None) -> str:
    """Return a skill in percent, with a true minus sign."""
    if skill is None:
        return NOTHING
    percent = round(100 * skill)
    return f"{MINUS_SIGN if percent < 0 else ''}{abs(percent)} %"


def number(value: float | None, written: Wording) -> str:
    """Return a loss as a person reads it; a dash for none."""
    served = rounded(value)
    return NOTHING if served is None else written(served).replace("-", MINUS_SIGN)


def _errors(losses: Losses, written: Wording) -> list[str]:
    values = (losses.mae, losses.last_week_mae, losses.yesterday_mae)
    return [*(number(value, written) for value in values), skill_text(skill_of(losses))]


def _bias(score: Score, written: Wording) -> list[str]:
    bias = rounded(score.losses.bias)
    return [f"{'+' if bias is not None and bias > 0 else ''}{number(bias, written)}"]


def _overview(score: Score, written: Wording) -> tuple[str, ...]:
    return _cells(score, _errors(score.losses, written), [_share(score.losses.coverage_80)])


def _cells(score: Score, *parts: Sequence[str]) -> tuple[str, ...]:
    cells = [cell for part in parts for cell in part]
    return tuple(cells) if score.publications >= FEWEST_PUBLICATIONS else _too_few(len(cells))


def _shares(score: ScoreRow, shares: Iterable[float | None]) -> tuple[str, ...]:
    cells = tuple(map(_share, shares))
    return cells if score.publications >= FEWEST_PUBLICATIONS else _too_few(len(cells))


def _too_few(n_cells: int) -> tuple[str, ...]:
    return (TOO_FEW, *(NOTHING,) * (n_cells - 1))


def _share(share: float | None) -> str:
    served = rounded(share)
    return NOTHING if served is None else f"{100 * served:.1f} %"


def _percent(level: float) -> str:
    return f"{100 * level:g} %"
