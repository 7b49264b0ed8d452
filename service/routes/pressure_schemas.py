"""The body of pressure as OpenAPI documents it."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field

from service.routes.schemas import Answer, BedCount, BedsByLevel, HospitalDay, Lead, ResponseModel


class WhatIfOut(ResponseModel):
    """Requested changes by place: open beds, and discharges a day."""

    beds: Annotated[dict[str, float], Field(description="more (or fewer) beds, by place")]
    discharges: Annotated[dict[str, float], Field(description="more (or fewer) patients a day, by place")]


class DayPressureOut(ResponseModel):
    """One day of a place."""

    ds: HospitalDay
    lead: Lead
    beds: BedCount
    occupancy: BedsByLevel
    headroom: BedsByLevel
    over: Annotated[dict[str, float], Field(description="chance, 0 to 1, that occupancy / beds passes each threshold")]
    short: Annotated[dict[str, float], Field(description="chance, 0 to 1, that so many beds or more are missing")]
    level: Annotated[str | None, Field(description="name of the level of escalation; null where none is reached")]
    net_flow: Annotated[
        dict[str, float] | None,
        Field(description="admissions minus discharges, in patients, by quantile level; null without both"),
    ]


class PlacePressureOut(ResponseModel):
    """A place: `peak` has quantiles of the highest occupancy of the days after the cutoff, by how many days.

    A peak is left out once its last day is over. Without a day from today on, nothing is advised.
    """

    place: str
    parent: str | None
    name: str
    kind: str
    worst_day: Annotated[date | None, Field(description="from today on; null where every day is over")]
    driver: Annotated[
        str | None, Field(description="the component that adds most to occupancy on the worst day, its level apart")
    ]
    discharges_needed: Annotated[
        float | None, Field(description="further patients a day with which the worst day reaches the target")
    ]
    days: list[DayPressureOut]
    peak: Annotated[dict[str, BedsByLevel], Field(description="by how many days, in beds")]


class AidOut(ResponseModel):
    """Beds of one place for patients of another, and the chance that it passes `aid_rate` without and with them.

    The chances are named after the rate: `over_0.9_before` and `over_0.9_after` for 0.9.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True)
    __pydantic_extra__: dict[str, float]

    donor: str = Field(alias="from")
    receiver: str = Field(alias="to")
    ds: HospitalDay
    beds: Annotated[int, Field(description="beds")]
    before: float | None = Field(None, alias="over_0.95_before", description="chance, 0 to 1, without them")
    after: float | None = Field(None, alias="over_0.95_after", description="chance, 0 to 1, with them")


class AdviceOut(ResponseModel):
    """The days that places are ranked by and advised for: those that are not over, in the system's time zone."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: date | None = Field(alias="from", description="today, or the first day after it; null where all are over")
    stale: Annotated[bool, Field(description="whether every day is over, and nothing is advised")]
    note: Annotated[str | None, Field(description="in words, where days of the publication are over")]


class TargetsOut(ResponseModel):
    """The targets of the discharges needed and of mutual aid, as the parameters have them."""

    rate: Annotated[float, Field(description="occupancy / beds, for the discharges needed")]
    confidence: Annotated[float, Field(description="chance, 0 to 1, for the discharges needed")]
    aid_rate: Annotated[float, Field(description="occupancy / beds, for mutual aid")]
    aid_confidence: Annotated[float, Field(description="chance, 0 to 1, for mutual aid")]


class PressureAnswer(Answer):
    what_if: WhatIfOut
    targets: TargetsOut
    advice: AdviceOut
    places: list[PlacePressureOut]
    mutual_aid: list[AidOut]
