"""The query parameters of the pages. Others are ignored: mail programs and portals add their own to a link."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from publication.live_scores import MOST_WEEKS
from publication.model import Publication
from service.errors import InvalidParameter, one_of, unknown
from service.queries.parameters import Day, PressureParameters, Weeks, allow
from service.queries.scenario import Amounts, Scenario

MAX_WORDS_LENGTH = 200
MAX_CHANGE = 99_999
Words = Annotated[str, Field(max_length=MAX_WORDS_LENGTH)]
Change = Annotated[
    float | None,
    Field(ge=-MAX_CHANGE, le=MAX_CHANGE, allow_inf_nan=False),
    BeforeValidator(lambda text: text or None),  # an empty field of the form
    allow(f"a number, {-MAX_CHANGE:,} to {MAX_CHANGE:,}"),
]


@dataclass(frozen=True, slots=True)
class PageChoice:
    """The choice of a reader on the system page: the kind of place, words of a name, all rows, and a scenario."""

    kind: str | None = None
    find: str | None = None
    every: bool = False
    what_if: Scenario = Scenario()  # noqa: RUF009  it is frozen


class SystemPageParameters(BaseModel):
    """The choice of rows, and the scenario; `place` and its changes are what the form of the page sends."""

    kind: Words | None = None
    find: Words | None = None
    all: bool | None = None
    beds: str | None = None
    discharges: str | None = None
    place: Words | None = None
    more_beds: Change = None
    more_discharges: Change = None

    def choice(self) -> PageChoice:
        """Return the choice. Raises InvalidParameterError for a scenario that cannot be read."""
        scenario = PressureParameters(beds=self.beds or None, discharges=self.discharges or None).pressure().what_if
        return PageChoice(self.kind or None, (self.find or "").strip() or None, bool(self.all), scenario)

    def added(self, publication: Publication) -> Scenario | None:
        """Return the scenario with what the form adds to it; None where no form was sent.

        Raises UnknownValueError for a place without published pressure.
        """
        if not self.place:
            return None
        place, before = _named(publication, self.place.strip()), self.choice().what_if
        return Scenario(
            _changed(before.beds, place, self.more_beds), _changed(before.discharges, place, self.more_discharges)
        )


class PlacePageParameters(BaseModel):
    """The day whose drivers are shown."""

    day: Day | None = None


class AccuracyPageParameters(BaseModel):
    """The measure, the place and the weeks whose scores are shown."""

    measure: str | None = None
    place: str | None = None
    weeks: Weeks = MOST_WEEKS


def _named(publication: Publication, text: str) -> str:
    """Return the id of the place that the text names: by its id, or by its name, in any case of letters."""
    there = publication.headroom_by_place
    if text in there:
        return text
    places = [publication.system.place_by_id[place] for place in there]
    wanted = text.casefold()
    found = [place.id for place in places if wanted in (place.id.casefold(), place.name.casefold())]
    if len(found) == 1:
        return found[0]
    raise unknown(InvalidParameter("place", text, one_of(list(there), text) or "no pressure is published"))


def _changed(amounts: Amounts, place: str, change: float | None) -> Amounts:
    """Return the changes with the one of a place replaced; an empty field of the form leaves them as they are."""
    if change is None or math.isclose(change, 0):
        return amounts
    others = [(of, amount) for of, amount in amounts if of != place]
    return tuple(sorted([*others, (place, change)]))
