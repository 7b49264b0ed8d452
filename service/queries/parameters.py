"""The query parameters of the routes: their names, types and limits. Others are rejected."""

import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from starlette.requests import Request

from publication.control import ControlCheck
from publication.live_scores import DEFAULT_SLICES, MOST_WEEKS, SCORED_WEEKS, SLICES
from publication.pressure import AID_TARGET, DISCHARGE_TARGET, FINE_LEVELS, Target
from publication.vocabulary import Check, Severity
from service.errors import MAX_PRINTED_VALUES, InvalidParameter, invalid, one_of
from service.queries.control import ControlSelection
from service.queries.scenario import Amounts, Scenario
from service.queries.selection import (
    POOLED_SLICES,
    SLICES_WRITTEN,
    FindingSelection,
    Form,
    Format,
    ScoreSelection,
    Selection,
    Shape,
    negotiated,
    read_slices,
)
from service.queries.system_pressure import PressureSelection, Targets

MAX_PUBLICATIONS = 1000
MAX_SERIES = 100_000
MAX_FINDINGS = 10_000_000
MAX_RATE = 2.0
MAX_REVISIONS = 1_000_000_000
AMOUNT = r"([+-]?[0-9]{1,5}(?:\.[0-9]{1,3})?)"
CHANGE = {"beds": AMOUNT, "discharges": AMOUNT + "(?:/day)?"}
CHANGE_WRITTEN = {"beds": "RXH:+12 or RXH:+12,RXK:-4", "discharges": "RXH:+5/day or RXH:+5/day,RXK:-2/day"}


def _day(text: object) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text), re.ASCII):
        raise ValueError
    return date.fromisoformat(str(text))


def _scored_weeks(text: object) -> int:
    if str(text) not in map(str, SCORED_WEEKS):
        raise ValueError
    return int(str(text))


def _truth_value(text: object) -> bool:
    word = str(text).lower()
    if word not in ("true", "false"):
        raise ValueError
    return word == "true"


ANY_CASE = BeforeValidator(lambda text: str(text).lower())
"""Words of ours may be written in capitals."""


def allow(allowed: str) -> WrapValidator:
    """Return a validator that names the allowed values in our words, whatever pydantic rejects a value for."""

    def read(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError:
            raise ValueError(allowed) from None

    return WrapValidator(read)


def _listed(amount: str) -> str:
    """Return the pattern of JSON Schema for places with an amount, separated by commas."""
    one = f"[^:,]+:{amount}"
    return f"^{one}(,{one})*$"


Day = Annotated[
    date,
    BeforeValidator(_day),
    allow("a day of the calendar, as 2026-11-21"),
    WithJsonSchema({"type": "string", "format": "date"}),
]
PublicationCursor = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9]{1,9}$"),
    allow("a cutoff and a revision, as 2026-11-21.1"),
]
PublicationCount = Annotated[int, Field(ge=1, le=MAX_PUBLICATIONS), allow(f"a whole number, 1 to {MAX_PUBLICATIONS:,}")]
SeriesCount = Annotated[int, Field(ge=1, le=MAX_SERIES), allow(f"a whole number, 1 to {MAX_SERIES:,}")]
FindingCount = Annotated[int, Field(ge=1, le=MAX_FINDINGS), allow(f"a whole number, 1 to {MAX_FINDINGS:,}")]
CheckName = Annotated[Check, ANY_CASE, allow(one_of(list(Check)))]
ControlCheckName = Annotated[ControlCheck, ANY_CASE, allow(one_of(list(ControlCheck)))]
SeverityName = Annotated[Severity, ANY_CASE, allow(one_of(list(Severity)))]
Revision = Annotated[int, Field(ge=1, le=MAX_REVISIONS), allow(f"a whole number, 1 to {MAX_REVISIONS:,}")]
Horizon = Annotated[int, allow("a whole number of days, 1 up to the horizon of the system")]
FormatName = Annotated[Format, ANY_CASE, allow(one_of(list(Format)))]
ShapeName = Annotated[Shape, ANY_CASE, allow(one_of(list(Shape)))]
PlaceCount = Annotated[int, Field(ge=1, le=MAX_SERIES), allow(f"a whole number, 1 to {MAX_SERIES:,}")]
Rate = Annotated[
    float,
    Field(gt=0, le=MAX_RATE, allow_inf_nan=False),
    allow(f"a share of beds above 0, up to {MAX_RATE:g}, as 0.92"),
]
Confidence = Annotated[
    float,
    Field(ge=FINE_LEVELS[0], le=FINE_LEVELS[-1], allow_inf_nan=False),
    allow(f"a probability, {FINE_LEVELS[0]} to {FINE_LEVELS[-1]}, as 0.8"),
]
Beds = Annotated[str, WithJsonSchema({"type": "string", "pattern": _listed(CHANGE["beds"])})]
Discharges = Annotated[str, WithJsonSchema({"type": "string", "pattern": _listed(CHANGE["discharges"])})]
Slices = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^(({'|'.join(SLICES)})(,({'|'.join(SLICES)}))*|{'|'.join(POOLED_SLICES)})$",
        }
    ),
]
HasSignal = Annotated[
    bool,
    BeforeValidator(_truth_value),
    allow("true or false"),
    WithJsonSchema({"type": "boolean"}),
]
Weeks = Annotated[
    int,
    BeforeValidator(_scored_weeks),
    allow(one_of([str(weeks) for weeks in SCORED_WEEKS])),
    WithJsonSchema({"type": "integer", "enum": list(SCORED_WEEKS)}),
]


class PlaceParameters(BaseModel):
    """The places."""

    place: list[str] = Field([], description="ids of places, by commas or one parameter for each: these alone")
    under: str | None = Field(None, description="id of a place: it and every place below it")

    def selection(self) -> Selection:
        return Selection(places=tuple(self.place), under=self.under)


class SeriesParameters(PlaceParameters):
    """The series, by their places, measures and streams."""

    measure: list[str] = Field([], description="names of measures, by commas or one parameter for each")
    stream: str | None = Field(None, description="name of a stream, where a measure is split")

    def selection(self) -> Selection:
        return replace(super().selection(), measures=tuple(self.measure), stream=self.stream)


class DayParameters(BaseModel):
    """The days, both ends included."""

    first: Day | None = Field(None, alias="from", description="first day")
    last: Day | None = Field(None, alias="to", description="last day")


class PageParameters(BaseModel):
    """A page of a long list; the header Link leads to the next one."""

    after: str | None = Field(None, description="unique_id of the last series of the page before")
    limit: SeriesCount | None = Field(None, description="series on a page; all without")


class FormParameters(BaseModel):
    """The form of the body."""

    format: FormatName | None = Field(None, description="overrides the Accept header")
    shape: ShapeName = Field(
        Shape.NESTED, description="of JSON: `rows` gives a flat list, each row with the columns of the CSV"
    )

    def form(self, accept: str) -> Form:
        return negotiated(self.format, accept, self.shape)


class PublicationSelector(BaseModel):
    """The publication."""

    cutoff: Day | None = Field(None, description="cutoff of a publication; the newest one without it")
    revision: Revision | None = Field(
        None, description="revision for that cutoff, or for the newest; the last one without it"
    )


class ListParameters(FormParameters, PublicationSelector):
    """The publication and the form of a list."""


class OutputParameters(ListParameters, DayParameters):
    """The part of each series, and the form."""

    horizon: Horizon | None = Field(None, description="largest lead, in days: 1 up to the horizon of the system")
    quantiles: str | None = Field(None, description="published quantile levels, separated by commas")

    def levels(self) -> tuple[float, ...] | None:
        return None if self.quantiles is None else read_levels(self.quantiles)

    def output(self, of: Selection) -> Selection:
        """Return the selection with days and levels of these parameters."""
        return replace(of, horizon=self.horizon, levels=self.levels(), first=self.first, last=self.last)


class OneSeriesParameters(OutputParameters):
    def selection(self, unique_id: str) -> Selection:
        return self.output(Selection(unique_id=unique_id))


class PlaceListParameters(ListParameters, PlaceParameters):
    """The places, and the form."""


class SeriesListParameters(ListParameters, PageParameters, SeriesParameters):
    def selection(self) -> Selection:
        return replace(super().selection(), after=self.after, limit=self.limit)


class ActualParameters(DayParameters, SeriesListParameters):
    def selection(self) -> Selection:
        return replace(super().selection(), first=self.first, last=self.last)


class ForecastParameters(OutputParameters, PageParameters, SeriesParameters):
    def selection(self) -> Selection:
        return self.output(replace(super().selection(), after=self.after, limit=self.limit))


class PressureParameters(OutputParameters, PlaceParameters):
    """The places, the scenario, and what is to be reached."""

    limit: PlaceCount | None = Field(None, description="how many places, the worst first; all without")
    beds: Beds | None = Field(None, description="what if places had more (or fewer) open beds: RXH:+12,RXK:-4")
    discharges: Discharges | None = Field(
        None, description="what if places discharged more (or fewer) patients a day: RXH:+5/day"
    )
    rate: Rate = Field(DISCHARGE_TARGET.rate, description="occupancy rate that the discharges needed keep")
    confidence: Confidence = Field(
        DISCHARGE_TARGET.confidence, description="probability with which the discharges needed keep it"
    )
    aid_rate: Rate = Field(AID_TARGET.rate, description="occupancy rate that places keep by mutual aid")
    aid_confidence: Confidence = Field(AID_TARGET.confidence, description="probability with which mutual aid keeps it")

    def pressure(self) -> PressureSelection:
        return PressureSelection(
            self.output(replace(self.selection(), limit=self.limit)),
            Scenario(_read_changes("beds", self.beds), _read_changes("discharges", self.discharges)),
            Targets(Target(self.rate, self.confidence), Target(self.aid_rate, self.aid_confidence)),
        )


class FindingParameters(ListParameters, DayParameters, SeriesParameters):
    """The findings, and the form."""

    check: CheckName | None = Field(None, description="name of a check")
    severity: SeverityName | None = Field(None, description="suspect or noted")
    after: FindingCount | None = Field(None, description="findings on the pages before")
    limit: FindingCount | None = Field(None, description="findings on a page; all without")

    def findings(self) -> FindingSelection:
        series = replace(self.selection(), first=self.first, last=self.last)
        return FindingSelection(series, self.check, self.severity, self.after or 0, self.limit)


class ScoreParameters(FormParameters, SeriesParameters):
    """The scores: which, by which slices, in which form."""

    leads: str | None = Field(None, description="a lead band")
    regime: str | None = Field(None, description="a regime: `stable`, or days between declared changes of level")
    by: Slices = Field(
        ",".join(DEFAULT_SLICES),
        description=f"slices, each with a score of its own: {SLICES_WRITTEN}",
    )
    weeks: Weeks = Field(MOST_WEEKS, description="weeks of target days, up to the newest")

    def scores(self) -> ScoreSelection:
        return ScoreSelection(self.selection(), self.leads, self.regime, read_slices(self.by), self.weeks)


class ControlParameters(FormParameters):
    """The states of statistical control, and the form."""

    measure: list[str] = Field([], description="names of measures, by commas or one parameter for each")
    check: ControlCheckName | None = Field(None, description="name of a check")
    signal: HasSignal | None = Field(None, description="those with a signal, or those without")

    def control(self) -> ControlSelection:
        return ControlSelection(Selection(measures=tuple(self.measure)), self.check, self.signal)


class PublicationParameters(FormParameters):
    limit: PublicationCount = Field(100, description="how many, newest first")
    after: PublicationCursor | None = Field(None, description="the last of the page before: its cutoff and revision")

    def issued_before(self, cutoff: date, revision: int) -> bool:
        """Return whether a publication belongs on this page, or a later one."""
        if self.after is None:
            return True
        day, _, number = self.after.partition(".")
        return (cutoff.isoformat(), revision) < (day, int(number))


def read_levels(text: str) -> tuple[float, ...]:
    """Return the quantile levels of a comma list, each once. Raises a problem for what is not a number."""
    levels = set()
    for part in text.split(","):
        try:
            level = float(part)
        except ValueError:
            level = math.nan
        if math.isnan(level):
            raise invalid(InvalidParameter("quantiles", text, "published levels separated by commas, as 0.1,0.5,0.9"))
        levels.add(level)
    return tuple(sorted(levels))


def _read_changes(parameter: str, text: str | None) -> Amounts:
    """Return the changes of a comma list by place, in the order of the places. Raises a problem for what is not one."""
    changes: list[tuple[str, float]] = []
    for part in text.split(",") if text is not None else ():
        place, _, amount = part.rpartition(":")
        place = place.strip(" ") or place  # of other white space a name may well be made
        # A plus sign that nobody encoded reaches us as a blank.
        found = re.fullmatch(CHANGE[parameter], amount.strip(" "))
        if not place or not found:
            allowed = f"{CHANGE_WRITTEN[parameter]}, at most 99,999"
            raise invalid(InvalidParameter(parameter, part, allowed))
        changes.append((place, float(found.group(1))))
    return tuple(sorted(changes))


def reject_unknown_parameters(parameters: type[BaseModel] | None = None) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that rejects parameters that the route does not have, and one given twice that has one
    value."""
    fields = parameters.model_fields if parameters else {}
    known = [field.alias or name for name, field in fields.items()]
    single = [field.alias or name for name, field in fields.items() if field.annotation != list[str]]

    async def reject(request: Request) -> None:
        given = request.query_params.multi_items()
        times = Counter(name for name, _ in given)
        strange = ((name, value) for name, value in given if name not in known)
        findings = [
            InvalidParameter(
                name, value, f"the parameters {one_of(known, name)}" if known else "this route takes no parameters"
            )
            for name, value in islice(strange, MAX_PRINTED_VALUES)
        ]
        findings += [InvalidParameter(name, "given more than once", "once") for name in single if times[name] > 1]
        if findings:
            raise invalid(*findings)

    return reject
