"""A publication as it is served: with its heading, and with what has been rendered of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from publication.days import DAYS_UNTIL_STALE, end_of_day, target_day
from publication.ledger import LiveScores
from publication.model import Publication, PublicationSummary
from publication.vocabulary import Freshness
from service import rendering
from service.http.bodies import Body, BodyBuilder, body_of
from service.http.conditional import Representation
from service.http.problems import PlaceRemovedError
from service.publications.render_cache import Key, RenderCache
from service.publications.restriction import heading_within, within
from service.queries.formats import CSV, JSON, Format
from service.queries.scenario import Scenario
from service.queries.scores import ScoreSelection
from service.queries.selection import EVERYTHING, Selection
from service.rendering import Json

FORECASTS, SERIES = "/v1/forecasts", "/v1/series"
GONE = "The publication that is served has no place {place!r}, which this key is for. Make a key for a place it has."


@dataclass(frozen=True, eq=False)
class ServedPublication:
    """One publication, or what one place sees of it; never changed once made: a newer one takes its place in whole.

    `place` is that place, None where all of it is seen.
    """

    publication: Publication
    heading: PublicationSummary
    place: str | None = None
    render_cache: RenderCache = field(default_factory=RenderCache)
    _views: dict[str, "ServedPublication"] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def freshness(self, now: datetime) -> Freshness:
        """As `publication.days.freshness`, in two comparisons: it is asked for at every request."""
        if now < self._late_from:
            return Freshness.FRESH
        return Freshness.LATE if now < self._stale_from else Freshness.STALE

    def last_modified(self, freshness: Freshness) -> datetime:
        """Since when a body with this freshness is as it is."""
        since = {Freshness.LATE: self._late_from, Freshness.STALE: self._stale_from}
        return max(self.heading.issued_at, since.get(freshness, self.heading.issued_at))

    async def view(self, place: str | None) -> "ServedPublication":
        """What `place` sees of it. Raises a 403 problem where the publication has no such place."""
        if place is None:
            return self
        if place not in self.publication.system.place_by_id:
            raise PlaceRemovedError(GONE.format(place=place))
        seen = self._views.get(place)
        if seen is not None:  # who has a view does not wait for another's
            return seen
        async with self._one_at_a_time:
            if place not in self._views:
                self._views[place] = await asyncio.to_thread(self._seen_from, place)
        return self._views[place]

    async def get(self, key: Key, render: Callable[[], Representation]) -> Representation:
        """The body under `key` of this view, rendered where there is none yet."""
        return await self.render_cache.get((self.place, *key), render)

    def body(
        self, content: Json, freshness: Freshness, link: str | None = None, since: datetime | None = None
    ) -> Representation:
        """JSON with the block that every body carries."""
        whole = {"publication": self.metadata(freshness), **content}
        return self.represent(rendering.json_bytes(whole), JSON, freshness, link, since)

    def metadata(self, freshness: Freshness) -> Json:
        return rendering.publication_block(self.publication, self.heading, freshness)

    def forecasts(
        self, selection: Selection, form: Format, freshness: Freshness, *, detailed: bool = False
    ) -> Representation:
        """The selected series; in tables there is nothing that grows stale."""
        [made] = self._forecasts(selection, (form,), freshness, detailed=detailed)
        return made

    def series(self, selection: Selection, freshness: Freshness) -> Representation:
        listed = [rendering.series_body(series) for series in selection.series(self.publication)]
        return self.body({"series": listed}, freshness, self.link(SERIES, selection))

    def pressure(self, selection: Selection, what_if: Scenario, freshness: Freshness) -> Representation:
        return self.body(rendering.pressure_body(self.publication, selection, what_if), freshness)

    def scores(
        self, selection: ScoreSelection, ledger: LiveScores | None, form: Format, freshness: Freshness
    ) -> Representation:
        """The selected scores of the ledger, as far as the places of this publication go."""
        found = selection.scores(self.publication, ledger)
        since = self.heading.issued_at if ledger is None else ledger.scored_at
        if form is JSON:
            whole = {"publication": self.metadata(freshness), **rendering.scores_body(ledger, found)}
            return self.represent(rendering.json_bytes(whole), form, freshness, since=since)
        table = rendering.scores_csv if form is CSV else rendering.scores_ndjson
        return self.represent(body_of(*table(found)), form, Freshness.FRESH, since=since)

    def represent(
        self,
        body: bytes | Body,
        form: Format,
        freshness: Freshness,
        link: str | None = None,
        since: datetime | None = None,
    ) -> Representation:
        """`since`: when what it tells beside the publication was made, perhaps in the same second."""
        more = {} if link is None else {"Link": link}
        modified = max(self.last_modified(freshness), since or self.heading.issued_at)
        return Representation.of(body, form.media_type, modified, more, allow_modified_since=since is None)

    def link(self, address: str, selection: Selection, form: Format | None = None) -> str | None:
        """The next page, of the same publication and in the same form (RFC 8288); None after the last."""
        following = selection.following(self.publication)
        if following is None:
            return None
        told = {"cutoff": self.heading.cutoff.isoformat(), "revision": str(self.heading.revision)}
        query = {**following.query(), **told, **({} if form is None else {"format": form.value})}
        return f'<{address}?{urlencode(query)}>; rel="next"'

    def prerender(self, now: datetime) -> dict[Key, Representation]:
        """What most callers ask for, to be kept before anyone does."""
        freshness = self.freshness(now)
        in_json, in_csv = self._forecasts(EVERYTHING, (JSON, CSV), freshness)
        return {
            (self.place, "forecasts", EVERYTHING, JSON, freshness): in_json,
            (self.place, "forecasts", EVERYTHING, CSV, None): in_csv,
        }

    def needs_rerender(self, now: datetime) -> bool:
        """Whether it has grown late or stale since it was rendered whole."""
        return not self.render_cache.keeps((self.place, "forecasts", EVERYTHING, JSON, self.freshness(now)))

    @cached_property
    def _late_from(self) -> datetime:
        return self._end_of(1)

    @cached_property
    def _stale_from(self) -> datetime:
        return self._end_of(DAYS_UNTIL_STALE)

    def _end_of(self, days_after_cutoff: int) -> datetime:
        return end_of_day(target_day(self.heading.cutoff, days_after_cutoff), self.publication.system.timezone)

    def _forecasts(
        self, selection: Selection, forms: Sequence[Format], freshness: Freshness, *, detailed: bool = False
    ) -> list[Representation]:
        """The selected series in each form, made side by side."""
        layouts = [self._layout(selection, form, freshness, detailed=detailed) for form in forms]
        drafts = [BodyBuilder() for _ in forms]
        for parts in rendering.format_rows(self.publication, selection, *layouts):
            for draft, part in zip(drafts, parts, strict=True):
                draft.add(part)
        return [
            self.represent(
                draft.done(),
                form,
                freshness if form is JSON else Freshness.FRESH,
                self.link(FORECASTS, selection, form),
            )
            for draft, form in zip(drafts, forms, strict=True)
        ]

    def _layout(
        self, selection: Selection, form: Format, freshness: Freshness, *, detailed: bool
    ) -> rendering.RowFormat:
        if form is JSON:
            return rendering.forecasts_json(self.publication, selection, self.metadata(freshness), detailed=detailed)
        table = rendering.forecasts_csv if form is CSV else rendering.forecasts_ndjson
        return table(self.publication, selection)

    def _seen_from(self, place: str) -> "ServedPublication":
        view = within(self.publication, place)
        return ServedPublication(view, heading_within(self.heading, view), place, self.render_cache)
