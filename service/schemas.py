"""The bodies of v1 as OpenAPI documents them; contract tests hold service/rendering.py to them."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from publication.model import System
from service import problems

Answers = dict[int | str, dict[str, object]]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChampionOut(Body):
    name: str
    version: int
    run_id: str


class PublicationOut(Body):
    """The publication that an answer is taken from."""

    system: str
    cutoff: date
    revision: int
    issued_at: datetime
    digest: str
    champion: ChampionOut
    data_digest: str | None
    remarks: list[str]
    freshness: Literal["fresh", "late", "stale"]


class Answer(Body):
    publication: PublicationOut


class MeasureOut(Body):
    name: str
    kind: Literal["flow", "stock", "capacity"]
    unit: str


class PlaceOut(Body):
    id: str
    parent: str | None
    name: str
    kind: str


class SystemOut(Body):
    name: str
    timezone: str
    census_hour: int
    horizon_days: int
    thresholds: list[float]
    quantiles: list[float]
    measures: list[MeasureOut]
    places: list[PlaceOut]


class SystemAnswer(Answer):
    system: SystemOut


class HeadingOut(Body):
    system: str
    cutoff: date
    revision: int
    issued_at: datetime
    digest: str | None
    champion: ChampionOut
    series: int | None
    fallbacks: int | None


class PublicationsAnswer(Answer):
    publications: list[HeadingOut]


class ActualOut(Body):
    ds: date
    y: float | None


class SeriesKeyOut(Body):
    unique_id: str
    place: str
    measure: str
    stream: str | None
    unit: str
    model: str
    fallback: bool


class SeriesOut(SeriesKeyOut):
    reason: str | None
    last_actual: ActualOut | None


class SeriesAnswer(Answer):
    series: list[SeriesOut]


class DayOut(Body):
    ds: date
    lead: int
    mean: float
    quantiles: dict[str, float]


class ForecastOut(SeriesKeyOut):
    days: list[DayOut]


class ForecastsAnswer(Answer):
    forecasts: list[ForecastOut]


class DriversOut(Body):
    """What a day's mean is made of: counts that add up to it. Empty for a publication that tells nothing of them."""

    ds: date
    level: float
    weekday: float
    season: float
    holiday: float
    event: float
    trend: float
    rest: float


class DetailOut(ForecastOut):
    reason: str | None
    recent: list[ActualOut]
    drivers: list[DriversOut]


class DetailAnswer(Answer):
    forecasts: list[DetailOut]


class WhatIfOut(Body):
    """Changes asked for, by place: open beds, and discharges a day."""

    beds: dict[str, float]
    discharges: dict[str, float]


class DayPressureOut(Body):
    """Quantiles by level, in beds; chances to pass each threshold, and to be short by so many beds or more."""

    ds: date
    lead: int
    beds: float
    occupancy: dict[str, float]
    headroom: dict[str, float]
    over: dict[str, float]
    short: dict[str, float]


class PlacePressureOut(Body):
    """A place: `peak` has quantiles of the highest occupancy of the next days, by how many days."""

    place: str
    parent: str | None
    name: str
    kind: str
    worst_day: date
    driver: str | None
    discharges_needed: float
    days: list[DayPressureOut]
    peak: dict[str, dict[str, float]]


class AidOut(Body):
    """So many beds of one place for patients of another, and the chance that it passes 95 % without and with them."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    donor: str = Field(alias="from")
    receiver: str = Field(alias="to")
    ds: date
    beds: int
    before: float = Field(alias="over_0.95_before")
    after: float = Field(alias="over_0.95_after")


class PressureAnswer(Answer):
    what_if: WhatIfOut
    places: list[PlacePressureOut]
    mutual_aid: list[AidOut]


class LedgerOut(Body):
    """What was scored: target days from first to last, of so many publications."""

    scored_at: datetime
    first: date
    last: date
    publications: int


class ScoreOut(Body):
    """Mean losses of `n` forecasts that have an actual; errors are forecast minus actual, in the unit of the measure.

    `mase` and `scaled_wis` are multiples of the seasonal-naive error, coverages shares of actuals inside the central
    interval of so many percent. What is not told apart is null.
    """

    unique_id: str | None
    place: str | None
    measure: str | None
    stream: str | None
    leads: str | None
    regime: str | None
    n: int
    fallbacks: int
    mae: float | None
    bias: float | None
    wis: float | None
    mase: float | None
    scaled_wis: float | None
    coverage_50: float | None
    coverage_80: float | None
    coverage_95: float | None


class ScoresAnswer(Answer):
    ledger: LedgerOut | None
    scores: list[ScoreOut]


class ReadyAnswer(Body):
    """`publication` is left out where keys are asked for and none is sent."""

    publication: PublicationOut | None = None
    status: Literal["ready"]
    store: Literal["ok", "unreachable"]


class AliveAnswer(Body):
    status: Literal["alive"]


class FindingOut(Body):
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
    Path(
        description="`place/measure`, or `place/measure/stream`, as it is, slashes and all", examples=["RXH/occupancy"]
    ),
]
TABLES: dict[str, object] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/x-ndjson": {"schema": {"type": "string"}},
}
EVERYWHERE = (401, 403, 429, 500)


def refusals(*statuses: int) -> Answers:
    """What any route may answer to whom it does not let in, and with these statuses."""
    return {
        error.status.value: {"model": ProblemAnswer, "description": error.title}
        for error in reversed(problems.PROBLEMS)
        if error.status in (*statuses, *EVERYWHERE)
    }


def answers(*problem_statuses: int, tables: bool = False) -> Answers:
    """What a route may answer beside its JSON."""
    described = refusals(*problem_statuses)
    described[304] = {"description": "The caller has this representation already"}
    if tables:
        described[200] = {"content": TABLES}
    return described


def of_system(document: dict[str, Any], system: System) -> dict[str, Any]:
    """The document with what a system's horizon and levels allow."""
    level = "|".join(re.escape(f"{level:g}") for level in system.quantiles)
    limits = {
        "horizon": {"minimum": 1, "maximum": system.horizon_days},
        "quantiles": {"pattern": f"^({level})(,({level}))*$"},
    }
    described = deepcopy(document)
    for parameter in _parameters(described):
        for kind in parameter["schema"].get("anyOf", [parameter["schema"]]):
            if kind.get("type") != "null":
                kind.update(limits.get(parameter["name"], {}))
    return described


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())


def finish(document: dict[str, Any]) -> None:
    """Say in OpenAPI's document what FastAPI does not: how a key is sent, and what errors are labelled as."""
    document.setdefault("components", {})["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, where the service asks for one."},
        "basic": {"type": "http", "scheme": "basic", "description": "The key as password; any user name."},
    }
    document["security"] = [{}, {"bearer": []}, {"basic": []}]
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
