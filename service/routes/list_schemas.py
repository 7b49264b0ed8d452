"""Bodies of places and actuals, and of any list as rows, as OpenAPI documents them."""

from typing import Annotated

from pydantic import Field

from service.routes.schemas import ActualOut, Answer, ResponseModel, Unit


class PlaceRowOut(ResponseModel):
    """A place, with its id under the name that other lists have it."""

    place: str
    parent: Annotated[str | None, Field(description="id of the place above; null at the root")]
    name: str
    kind: Annotated[str, Field(description="system, trust, site, ward, ...")]
    depth: Annotated[int, Field(description="how many places are above it")]


class PlacesAnswer(Answer):
    places: list[PlaceRowOut]


class RowsAnswer(Answer):
    """The same list with `shape=rows`: the columns of the CSV, under their names."""

    rows: list[dict[str, str | float | bool | None]]


class SeriesActualsOut(ResponseModel):
    """The recent days of one series."""

    unique_id: str
    place: str
    measure: str
    stream: str | None
    unit: Unit
    days: list[ActualOut]


class ActualsAnswer(Answer):
    actuals: list[SeriesActualsOut]
