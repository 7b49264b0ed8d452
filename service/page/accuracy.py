"""The accuracy page: what was promised and what was held, by measure and place, over four and thirteen weeks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from publication.live_scores import SCORED_WEEKS, LeadScore, LiveScores, QuantileShare, Score, combined
from publication.model import Publication
from publication.vocabulary import COVERAGES, OCCUPANCY, SeriesKey
from service.page import wording
from service.page.accuracy_control import control_section
from service.page.accuracy_parts import AccuracySection, SharePicture
from service.page.accuracy_pictures import SharePoint, calibration_picture, coverage_picture
from service.page.accuracy_tables import (
    FIRST_BAND,
    AccuracyChoice,
    ScoreReader,
    ScoreTable,
    coverage_table,
    error_table,
    interval_table,
    lead_label,
    measure_table,
    number,
    place_table,
    quantile_table,
    skill_of,
    skill_text,
)
from service.page.champion_change import champion_section
from service.page.sampling import FEWEST_PUBLICATIONS

NOT_SCORED = (
    "Nothing is scored yet: no day that was forecast has an actual. Scores appear once the daily job has run on a day "
    "for which there was a forecast."
)
NO_SCORES_HERE = "No forecast of this measure at this place has an actual in these weeks."
BASELINES_SENTENCE = (
    "Same as last week is the last value of the same weekday, same as yesterday the last value of all. "
    "Both are as known when the forecast was made."
)
BAND_SENTENCE = (
    "A bar shows where the share would lie with 95 % probability if the promise held: a binomial distribution that "
    "counts each publication once, because forecasts of one morning err together."
)
CALIBRATION_SENTENCE = (
    "Dots on the line are calibrated; bars are the same as above. Counts come in steps, so small counts lie above the "
    "line."
)
FEW_SENTENCE = f"Fewer than {FEWEST_PUBLICATIONS} publications mean nothing yet: there is no dot, and no number."


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a choice on the page."""

    name: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """The page as plain values. `nothing` says why there are no sections."""

    title: str
    lede: str
    weeks: tuple[Choice, ...]
    measures: tuple[Choice, ...]
    trail: tuple[Choice, ...]
    nothing: str | None
    sections: tuple[AccuracySection, ...]


def accuracy_view(publication: Publication, live_scores: LiveScores | None, wanted: AccuracyChoice) -> AccuracyView:
    """Return the page for a choice; an empty measure stands for occupancy, or the first one that is scored."""
    reader = None if live_scores is None else ScoreReader(publication, live_scores, wanted.place, wanted.weeks)
    measures = [] if reader is None else _scored_measures(reader)
    measure = wanted.measure or (OCCUPANCY if OCCUPANCY in measures else next(iter(measures), ""))
    choice = replace(wanted, measure=measure)
    sections = () if reader is None or not measure else tuple(_sections(reader, choice))
    system = publication.system
    where = "all places together" if choice.place is None else system.place_by_id[choice.place].name
    return AccuracyView(
        title=f"Accuracy: {_measure_name(measure).lower()}, {where}" if measure else "Accuracy",
        lede=NOT_SCORED if live_scores is None else _lede(live_scores, choice.weeks, system.timezone),
        weeks=tuple(
            Choice(f"{weeks} weeks", replace(choice, weeks=weeks).address, weeks == choice.weeks)
            for weeks in SCORED_WEEKS
        ),
        measures=tuple(
            Choice(_measure_name(name), replace(choice, measure=name).address, name == measure) for name in measures
        ),
        trail=tuple(_trail(publication, choice)),
        nothing=None if sections or live_scores is None else NO_SCORES_HERE,
        sections=sections,
    )


def _sections(reader: ScoreReader, choice: AccuracyChoice) -> Iterator[AccuracySection]:
    measure = reader.publication.system.measure_by_name[choice.measure]
    errors = error_table(reader, choice, measure.unit)
    if not errors.rows:
        return
    if choice.place is None:
        control = control_section(reader.publication, reader.live_scores)
        if control is not None:
            yield control
    yield _error_section(reader, choice, errors)
    yield _coverage_section(reader, choice)
    yield _calibration_section(reader, choice)
    places = place_table(reader, choice)
    if places.rows:
        yield AccuracySection("places", "By place", (), (), places)
    yield AccuracySection("measures", "By measure", (), (), measure_table(reader, choice))
    if choice.place is None:
        changed = champion_section(reader, choice)
        if changed is not None:
            yield changed


def _error_section(reader: ScoreReader, choice: AccuracyChoice, table: ScoreTable) -> AccuracySection:
    first = next((of for of in reader.by_leads(choice.measure) if of.of.leads == FIRST_BAND), None)
    sentences = [BASELINES_SENTENCE]
    if choice.place is None:
        sentences.append("Errors are means over every series of the measure, large places and small ones.")
    if first is not None and first.publications >= FEWEST_PUBLICATIONS:
        sentences.insert(0, _error_sentence(reader, choice, first))
    return AccuracySection("errors", "Error, against last week and yesterday", tuple(sentences), (), table)


def _error_sentence(reader: ScoreReader, choice: AccuracyChoice, score: Score) -> str:
    unit, written = reader.publication.system.measure_by_name[choice.measure].unit, reader.written(choice.measure)
    skill = skill_of(score.losses)
    against = ""
    if skill is not None:
        compared = "less" if skill >= 0 else "more"
        size = skill_text(abs(skill))
        against = f", {size} {compared} than same as last week ({number(score.losses.last_week_mae, written)})"
    return f"One to seven days ahead the mean error was {number(score.losses.mae, written)} {unit}{against}."


def _coverage_section(reader: ScoreReader, choice: AccuracyChoice) -> AccuracySection:
    leads = reader.pooled(choice.measure, choice.weeks, "lead") if choice.place is None else ()
    scores: list[Score | LeadScore] = [of for of in leads if isinstance(of, LeadScore)]
    address, sentences = choice.rows("lead"), [BAND_SENTENCE, FEW_SENTENCE]
    if not scores:
        scores = [*reader.by_leads(choice.measure)]
        address = choice.rows("measure,leads")
        sentences.append("Of one place, coverage is stored by bands of leads; of all places together by single lead.")
    pictures = tuple(_coverage_picture(scores, percent) for percent in COVERAGES)
    shown = tuple(picture for picture in pictures if picture is not None)
    return AccuracySection("coverage", "Coverage by lead", tuple(sentences), shown, coverage_table(scores, address))


def _coverage_picture(scores: Sequence[Score | LeadScore], percent: int) -> SharePicture | None:
    points = [SharePoint(lead_label(of), percent / 100, of.losses.coverage(percent), of.publications) for of in scores]
    if not any(point.is_shown for point in points):
        return None
    return SharePicture(f"{percent} % interval", coverage_picture(points, percent / 100, "days ahead"))


def _calibration_section(reader: ScoreReader, choice: AccuracyChoice) -> AccuracySection:
    pooled = reader.pooled(choice.measure, choice.weeks, "quantile") if choice.place is None else ()
    shares = [of for of in pooled if isinstance(of, QuantileShare)]
    sentences = [CALIBRATION_SENTENCE]
    if shares:
        points = [SharePoint(f"{of.quantile:g}", of.quantile, of.at_or_below, of.publications) for of in shares]
        table = quantile_table(shares, choice.rows("quantile"))
    else:
        [score] = combined(reader.by_leads(choice.measure), ("measure",))
        points = [
            SharePoint(f"{percent} % interval", percent / 100, score.losses.coverage(percent), score.publications)
            for percent in COVERAGES
        ]
        table = interval_table(score, choice.rows("measure"))
        sentences.append("Of one place, the shares are those inside each interval.")
    picture: tuple[SharePicture, ...] = ()
    if any(point.is_shown for point in points):
        picture = (SharePicture("Share of actuals over the promised share", calibration_picture(points)),)
    return AccuracySection("calibration", "Calibration", tuple(sentences), picture, table)


def _scored_measures(reader: ScoreReader) -> list[str]:
    scored = {of.of.measure for of in reader.by_measure_and_leads}
    return [measure.name for measure in reader.publication.system.measures if measure.name in scored]


def _trail(publication: Publication, choice: AccuracyChoice) -> Iterator[Choice]:
    """Yield all places together, then the places from the root down to the chosen one."""
    yield Choice("All places together", replace(choice, place=None).address, choice.place is None)
    if choice.place is not None:
        system = publication.system
        for place in (*reversed(list(system.ancestors(choice.place))), choice.place):
            name = system.place_by_id[place].name
            yield Choice(name, replace(choice, place=place).address, place == choice.place)


def _lede(live_scores: LiveScores, weeks: int, timezone: str) -> str:
    first = max(live_scores.first, live_scores.last - timedelta(weeks=weeks, days=-1))
    days = f"{wording.day_with_year(first)} to {wording.day_with_year(live_scores.last)}"
    at = wording.local_time(live_scores.scored_at, timezone)
    return f"Published forecasts for the days from {days}, scored against the actuals known on {at}."


def _measure_name(measure: str) -> str:
    return wording.title(SeriesKey("", measure))


@dataclass(frozen=True, slots=True)
class RecentLosses:
    """The recent losses of a place's occupancy: leads 1 to 7, over four weeks, in beds.

    `last_week_mae` is the error of same as last week, and `coverage_80` the share of days that the 80 % interval held.
    """

    mae: float
    last_week_mae: float | None
    coverage_80: float | None
    publications: int

    @property
    def error(self) -> str:
        return f"{wording.count(self.mae)} beds"

    @property
    def last_week(self) -> str:
        return wording.EN_DASH if self.last_week_mae is None else f"{wording.count(self.last_week_mae)} beds"

    @property
    def held(self) -> str:
        return wording.EN_DASH if self.coverage_80 is None else wording.rate(self.coverage_80)


def recent_error(
    live_scores: LiveScores | None, publication: Publication, place: str | None = None
) -> RecentLosses | None:
    """Return the recent error of a place, by default the root; None where too few of its forecasts are scored."""
    if live_scores is None:
        return None
    mine = live_scores.by_series.get(SeriesKey(place or publication.system.name, OCCUPANCY).unique_id, ())
    wanted = [of for of in mine if of.of.weeks == min(SCORED_WEEKS) and of.of.leads == FIRST_BAND]
    for score in combined(wanted, ("series",)):
        losses = score.losses
        if losses.mae is not None and score.publications >= FEWEST_PUBLICATIONS:
            return RecentLosses(losses.mae, losses.last_week_mae, losses.coverage_80, score.publications)
    return None
