"""Bodies of statistical control as OpenAPI documents them."""

from typing import Annotated

from pydantic import Field

from publication.control import ControlCheck
from service.routes.schemas import Answer, HospitalDay, LiveScoresOut, ResponseModel

SignalNumber = Annotated[float | None, Field(description="in the unit of the check; null without a signal")]


class ControlOut(ResponseModel):
    """The state of one check of a measure; the columns after `signal` are null where there is none.

    A signal that has neither `unique_id` nor `place` is of all places together.
    """

    measure: str
    check: ControlCheck
    days: Annotated[int, Field(description="days that are checked, published by the current champion")]
    evidence: Annotated[
        float | None,
        Field(description="share of the limit: a signal begins at 1; null where there is too little to check"),
    ]
    signal: bool
    unique_id: Annotated[str | None, Field(description="the series that shows it most")]
    place: str | None
    since: Annotated[HospitalDay | None, Field(description="the day on which it is likely to have begun")]
    found: Annotated[HospitalDay | None, Field(description="the first day on which its evidence passed the limit")]
    size: SignalNumber
    expected: SignalNumber
    sentence: Annotated[str | None, Field(description="the signal in words")]


class ControlAnswer(Answer):
    live_scores: LiveScoresOut | None
    control: list[ControlOut]
