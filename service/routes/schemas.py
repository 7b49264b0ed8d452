"""The bodies of v1 as OpenAPI documents them; contract tests hold service/rendering.py to them."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from publication.vocabulary import Check, NoteKind, Severity, Treatment
from service.http.problems import ProblemType
from service.queries.reporting import ReportingState

Answers = dict[int | str, dict[str, object]]


class ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


Count = Annotated[float, Field(description="in the unit of the series")]
BedCount = Annotated[float, Field(description="beds")]
Lead = Annotated[int, Field(description="days after the cutoff")]
HospitalDay = Annotated[date, Field(description="hospital day, in the time zone of the system")]
Instant = Annotated[datetime, Field(description="instant, in UTC")]
CountsByLevel = Annotated[dict[str, float], Field(description="by quantile level, in the unit of the series")]
BedsByLevel = Annotated[dict[str, float], Field(description="by quantile level, in beds")]
Unit = Annotated[str, Field(description="what is counted: patients, beds, ...")]


class ChampionOut(ResponseModel):
    """The registered version that made a publication."""

    name: str
    version: int
    run_id: Annotated[str, Field(description="of the MLflow run that trained it")]


class NoteOut(ResponseModel):
    """A sentence on one series, on one place, or on the publication where it names none."""

    kind: Annotated[
        NoteKind,
        Field(
            description="event: a known event of the horizon. holiday: a public holiday of the horizon. capacity: "
            "places that pressure leaves out. fallback: how many series are fallbacks, or why one is. champion: a "
            "saved copy of the champion was used. cutoff: the cutoff is not yesterday. late, suspect, silent: series "
            "without a usable value on the cutoff. weekdays: series that are counted on some weekdays only."
        ),
    ]
    place: str | None
    series: Annotated[str | None, Field(description="a unique_id")]
    text: str


class PublicationOut(ResponseModel):
    """The publication that an answer is taken from."""

    system: str
    cutoff: Annotated[date, Field(description="the last hospital day whose values it uses")]
    revision: Annotated[int, Field(description="of this cutoff: 1, and more after late data")]
    issued_at: Instant
    digest: Annotated[str, Field(description="of its content")]
    champion: ChampionOut
    data_digest: Annotated[str | None, Field(description="of the history it was made from")]
    notes: Annotated[list[NoteOut], Field(description="on no series alone: what a reader of its figures must know")]
    freshness: Annotated[
        Literal["fresh", "late", "stale"],
        Field(description="whether the forecast begins today or later, yesterday, or earlier"),
    ]


class Answer(ResponseModel):
    publication: PublicationOut


class MeasureOut(ResponseModel):
    name: str
    kind: Annotated[
        Literal["flow", "stock", "capacity", "rate"],
        Field(
            description="counted over a hospital day (flow), or at the census hour (stock, capacity); "
            "or in percent and never added up (rate)"
        ),
    ]
    unit: Unit


class PlaceOut(ResponseModel):
    id: str
    parent: Annotated[str | None, Field(description="id of the place above; null at the root")]
    name: str
    kind: Annotated[str, Field(description="system, trust, site, ward, ...")]


class EscalationLevelOut(ResponseModel):
    """A level of escalation, as system.toml defines it."""

    name: str
    when: Annotated[str, Field(description="condition on the chances of a place and day")]
    colour: Annotated[str, Field(description="name of a CSS colour, or #rrggbb")]
    action: Annotated[str, Field(description="what is to be done; may be empty")]


class SystemOut(ResponseModel):
    name: Annotated[str, Field(description="id of the root place")]
    timezone: Annotated[str, Field(description="IANA name; its calendar days are the hospital days")]
    census_hour: Annotated[int, Field(description="local hour, 0 to 23, at which stocks are counted")]
    horizon_days: Annotated[int, Field(description="largest lead, in days")]
    thresholds: Annotated[
        list[float], Field(description="occupancy rates, 0 to 1, for each of which pressure has a chance")
    ]
    quantiles: Annotated[list[float], Field(description="published quantile levels, between 0 and 1")]
    measures: list[MeasureOut]
    places: list[PlaceOut]
    levels: Annotated[list[EscalationLevelOut], Field(description="levels of escalation, the lowest first")]


CheckName = Annotated[Check, Field(description="name of the check that doubts it")]
SeverityName = Annotated[Severity, Field(description="suspect: not credible. noted: worth knowing")]


class FindingCountOut(ResponseModel):
    """The findings of one check."""

    check: CheckName
    severity: SeverityName
    findings: Annotated[int, Field(description="how many runs of days")]
    days: Annotated[int, Field(description="how many days, of all series together")]
    series: Annotated[int, Field(description="of how many series")]


class SystemAnswer(Answer):
    system: SystemOut
    findings: Annotated[list[FindingCountOut], Field(description="days of the last weeks that are doubted, by check")]


class PublicationSummaryOut(ResponseModel):
    system: str
    cutoff: Annotated[date, Field(description="the last hospital day whose values it uses")]
    revision: int
    issued_at: Instant
    digest: str | None
    champion: ChampionOut
    series: Annotated[int | None, Field(description="how many series it has")]
    fallbacks: Annotated[int | None, Field(description="how many of them are fallbacks")]


class PublicationsAnswer(Answer):
    publications: list[PublicationSummaryOut]


class ActualOut(ResponseModel):
    ds: HospitalDay
    y: Annotated[float | None, Field(description="observed count, in the unit of the series; null where it is missing")]
    check: Annotated[Check | None, Field(description="the check that doubts this day. Absent where none does")] = None


class DayFindingOut(ResponseModel):
    """A run of days of one series that a check doubts."""

    unique_id: str
    place: str
    measure: str
    stream: str | None
    first: HospitalDay
    last: HospitalDay
    days: Annotated[int, Field(description="from the first to the last")]
    check: CheckName
    severity: SeverityName
    treatment: Annotated[
        Treatment,
        Field(
            description="left out: of training. imputed: there is no value, models see one that is filled in. lead "
            "extended: forecast from the last value. not forecast: the series is not. used: used as it is."
        ),
    ]
    reason: str


class FindingsAnswer(Answer):
    findings: list[DayFindingOut]


class SeriesKeyOut(ResponseModel):
    unique_id: str
    place: str
    measure: str
    stream: str | None
    unit: Unit
    model: str
    fallback: Annotated[bool, Field(description="whether seasonal naive stands in for the champion")]
    counted_on: Annotated[
        list[str],
        Field(description="weekdays on which it is counted; other days are not forecast. Absent where it is each day"),
    ] = []


class ReportingOut(ResponseModel):
    """How far a series is behind at the cutoff, why, and what was done."""

    state: Annotated[
        ReportingState,
        Field(
            description="prompt: it has a usable value, or is not counted on the days since. late: it has none yet. "
            "suspect: its newest values are not used. incomplete: a part of it is silent, and its figures are without "
            "that part. silent: it has stopped. closed: so has its place."
        ),
    ]
    since: Annotated[date | None, Field(description="first day without a usable value")]
    days: Annotated[int, Field(description="from that day to the cutoff")]
    reason: str | None
    treatment: Treatment | None


class StoppedOut(ResponseModel):
    """A series that is not forecast any more."""

    unique_id: str
    place: str
    measure: str
    stream: str | None
    reporting: ReportingOut


class SeriesOut(SeriesKeyOut):
    notes: Annotated[list[NoteOut], Field(description="such as why a fallback stands in")]
    last_actual: ActualOut | None
    reporting: ReportingOut


class SeriesAnswer(Answer):
    series: list[SeriesOut]
    not_forecast: Annotated[list[StoppedOut], Field(description="series that have stopped; on the first page alone")]


class DayOut(ResponseModel):
    ds: HospitalDay
    lead: Lead
    mean: Count
    quantiles: CountsByLevel


class ForecastOut(SeriesKeyOut):
    days: list[DayOut]


class ForecastsAnswer(Answer):
    forecasts: list[ForecastOut]


class DriversOut(ResponseModel):
    """The components of a day's mean: counts that add up to it. Empty for a publication without them."""

    ds: HospitalDay
    level: Count
    weekday: Count
    season: Count
    holiday: Count
    event: Count
    trend: Count
    residual: Count


class DetailOut(ForecastOut):
    notes: list[NoteOut]
    recent: list[ActualOut]
    findings: Annotated[list[DayFindingOut], Field(description="on this series")]
    drivers: list[DriversOut]


class DetailAnswer(Answer):
    forecasts: list[DetailOut]


CountLoss = Annotated[float | None, Field(description="in the unit of the measure")]
ScaledLoss = Annotated[float | None, Field(description="multiple of the seasonal-naive MAE")]
Share = Annotated[float | None, Field(description="share of actuals, 0 to 1")]


class LiveScoresOut(ResponseModel):
    """The scored forecasts: target days from first to last, of so many publications."""

    scored_at: Instant
    first: HospitalDay
    last: HospitalDay
    publications: int


class ScoreOut(ResponseModel):
    """Mean losses; errors are forecast minus actual, coverages of the central interval of so many percent.

    A part that `by` does not name is null. `at_or_below` is the share of actuals at or below a quantile, by `quantile`.
    """

    unique_id: str | None
    place: str | None
    measure: str | None
    stream: str | None
    leads: Annotated[str | None, Field(description="lead band, in days: 01-07")]
    regime: str | None
    n: Annotated[int, Field(description="forecasts that have an actual")]
    fallbacks: Annotated[int | None, Field(description="how many of them are of fallbacks")]
    mae: CountLoss
    bias: CountLoss
    wis: CountLoss
    mase: ScaledLoss
    scaled_wis: ScaledLoss
    coverage_50: Share
    coverage_80: Share
    coverage_95: Share
    last_week_mae: Annotated[float | None, Field(description="MAE of seasonal naive, as known at the cutoff")]
    mae_vs_last_week: Annotated[float | None, Field(description="MAE of the forecast on the same cases")]
    yesterday_mae: Annotated[float | None, Field(description="MAE of the last value that was known at the cutoff")]
    mae_vs_yesterday: Annotated[float | None, Field(description="MAE of the forecast on the same cases")]
    weeks: Annotated[int, Field(description="weeks of target days, up to the newest")]
    publications: Annotated[int, Field(description="publications that the forecasts are from, at least")]
    lead: Annotated[int | None, Field(description="in days")]
    champion: Annotated[int | None, Field(description="version of the champion")]
    first_cutoff: Annotated[HospitalDay | None, Field(description="first scored cutoff of that champion")]
    last_cutoff: Annotated[HospitalDay | None, Field(description="last scored cutoff of that champion")]
    quantile: Annotated[float | None, Field(description="quantile level, 0 to 1")]
    at_or_below: Share


class ScoresAnswer(Answer):
    live_scores: LiveScoresOut | None
    scores: list[ScoreOut]


class ReadyAnswer(ResponseModel):
    """`publication` is left out where keys are required and none is sent."""

    publication: PublicationOut | None = None
    status: Literal["ready"]
    store: Literal["ok", "unreachable", "corrupt"]


class AliveAnswer(ResponseModel):
    status: Literal["alive"]


class FindingOut(ResponseModel):
    parameter: str
    found: str
    allowed: str


class ProblemAnswer(BaseModel):
    """RFC 9457: the one shape of every error."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FindingOut]


UniqueId = Annotated[
    str,
    Path(description="`place/measure`, or `place/measure/stream`, as it is, slashes and all"),
]
TABLES: dict[str, object] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/x-ndjson": {"schema": {"type": "string"}},
}
EVERYWHERE = (401, 403, 429, 500)


def rejections(*statuses: int) -> Answers:
    """Return the problems of any route, and those of these statuses."""
    return {
        error.status.value: {"model": ProblemAnswer, "description": error.title}
        for error in reversed(list(ProblemType))
        if error.status in (*statuses, *EVERYWHERE)
    }


def answers(*problem_statuses: int, tables: bool = False) -> Answers:
    """Return the responses of a route other than its JSON."""
    described = rejections(*problem_statuses)
    described[304] = {"description": "The caller has this representation already"}
    if tables:
        described[200] = {"content": TABLES}
    return described
