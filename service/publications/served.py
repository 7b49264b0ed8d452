"""A publication as it is served, complete or restricted to one place, with its rendered bodies."""

import asyncio
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from cachetools import LRUCache

from publication.days import DAYS_UNTIL_STALE, end_of_day, target_day
from publication.live_scores import LiveScores
from publication.model import Finding, Publication, PublicationSummary
from publication.vocabulary import Freshness
from service.errors import PlaceRemovedError
from service.http.bodies import Body, BodyBuilder
from service.http.conditional import NO_HEADERS, Representation
from service.publications.render_cache import Key, RenderCache
from service.publications.restriction import restrict_summary, restrict_to_place
from service.queries.control import ControlSelection
from service.queries.reporting import Reporting, stopped_series
from service.queries.selection import (
    CSV,
    EVERYTHING,
    JSON,
    ROWS,
    FindingSelection,
    Form,
    Page,
    ScoreSelection,
    Selection,
)
from service.queries.system_pressure import PressureSelection, Ranking, SystemPressure
from service.rendering.actuals import actuals_body, actuals_table
from service.rendering.bodies import Json, json_bytes, publication_block, series_body, stopped_body, system_body
from service.rendering.catalogue import places_table, series_table
from service.rendering.control import control_body, control_table
from service.rendering.findings import counts_body, finding_body, findings_table
from service.rendering.forecasts import (
    RowFormat,
    forecasts_csv,
    forecasts_json,
    forecasts_ndjson,
    forecasts_rows,
    format_rows,
)
from service.rendering.pressure import pressure_json
from service.rendering.pressure_table import pressure_table
from service.rendering.scores import scores_body, scores_table
from service.rendering.tables import Table, table_parts

FORECASTS_PATH, SERIES_PATH, FINDINGS_PATH = "/v1/forecasts", "/v1/series", "/v1/findings"
ACTUALS_PATH = "/v1/actuals"
ALL_PRESSURE = PressureSelection(EVERYTHING)
PRESSURES_HELD = 4
"""Sets of days and targets for which the pressure of all places is held: 4 kB a place."""
PLACE_REMOVED = (
    "The publication that is served has no place {place!r}, which this key is for. Make a key for a place it has."
)


CompleteBodies = dict[Key, Representation]
"""Bodies of everything, by their keys in the cache."""


def pressure_key(wanted: PressureSelection, form: Form, days_over: int) -> Key:
    """Return the key of a body of pressure in the cache."""
    return ("pressure", wanted, form, days_over)


@dataclass(frozen=True, eq=False)
class ServedPublication:
    """One publication, or the part of it below one place. It never changes: a newer one replaces it.

    `place` is that place, None for the complete publication. `loaded_at` is the instant since which it can be served;
    `shares_second`: another publication of the system was issued in the same second.
    """

    publication: Publication
    summary: PublicationSummary
    place: str | None = None
    loaded_at: datetime | None = None
    shares_second: bool = False
    render_cache: RenderCache = field(default_factory=RenderCache)
    _views: dict[str, "ServedPublication"] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pressures: LRUCache[Key, SystemPressure] = field(default_factory=lambda: LRUCache(PRESSURES_HELD))
    _one_ranking_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def days_over(self, now: datetime) -> int:
        """Return how many days of the horizon are over, in a search of instants known before: each request needs it."""
        return bisect_right(self._day_ends, now)

    def freshness(self, now: datetime) -> Freshness:
        """Return the same as `publication.days.freshness`, by the number of days that are over."""
        return self._freshness_after(self.days_over(now))

    def last_modified(self, freshness: Freshness) -> datetime:
        """Return the instant of the last change of a body with this freshness."""
        since = {Freshness.LATE: self._day_ends[0], Freshness.STALE: self._day_ends[DAYS_UNTIL_STALE - 1]}
        return max(self.summary.issued_at, since.get(freshness, self.summary.issued_at))

    async def view(self, place: str | None) -> "ServedPublication":
        """Return the part that `place` may see. Raises PlaceRemovedError where the publication has no such place."""
        if place is None:
            return self
        if place not in self.publication.system.place_by_id:
            raise PlaceRemovedError(PLACE_REMOVED.format(place=place))
        view = self._views.get(place)
        if view is not None:  # a view that is made does not wait for another one
            return view
        async with self._one_at_a_time:
            if place not in self._views:
                self._views[place] = await asyncio.to_thread(self._restricted_to, place)
        return self._views[place]

    async def get(self, key: Key, render: Callable[[], Representation]) -> Representation:
        """Return the body under `key` of this view, rendered where there is none yet."""
        return await self.render_cache.get((self.place, *key), render)

    def answer(
        self,
        form: Form,
        freshness: Freshness,
        nested: Callable[[], Json],
        table: Callable[[], Table],
        link: str | None = None,
        since: datetime | None = None,
    ) -> Representation:
        """Return a list in any form: `nested` makes its JSON, `table` everything else. See `represent` for `since`."""
        if form is JSON:
            return self.body(nested(), freshness, link, since)
        return self._table(table(), form, freshness, link, since)

    def body(
        self, content: Json, freshness: Freshness, link: str | None = None, since: datetime | None = None
    ) -> Representation:
        """Return JSON with the metadata that every body carries."""
        body = {"publication": self.metadata(freshness), **content}
        return self.represent(json_bytes(body), JSON, freshness, link, since)

    def metadata(self, freshness: Freshness) -> Json:
        """Return the publication's own part of every body."""
        return publication_block(self.publication, self.summary, freshness)

    def forecasts(
        self, selection: Selection, form: Form, freshness: Freshness, *, detailed: bool = False
    ) -> Representation:
        """Return the selected series."""
        [made] = self._forecasts(selection, (form,), freshness, detailed=detailed)
        return made

    def series(self, selection: Selection, form: Form, freshness: Freshness) -> Representation:
        """Return the list of the selected series, without forecasts."""
        publication = self.publication
        found, stopped = selection.series(publication), self._not_forecast(selection)
        return self.answer(
            form,
            freshness,
            lambda: {
                "series": [series_body(publication, series) for series in found],
                "not_forecast": [stopped_body(of, reporting) for of, reporting in stopped],
            },
            lambda: series_table(publication, found, stopped),
            self.link(SERIES_PATH, selection, form),
        )

    def places(self, selection: Selection, form: Form, freshness: Freshness) -> Representation:
        """Return the selected places."""
        system = self.publication.system
        table = places_table(system, selection.place_ids(system))
        return self.answer(form, freshness, lambda: {"places": list(table.objects())}, lambda: table)

    def actuals(self, selection: Selection, form: Form, freshness: Freshness) -> Representation:
        """Return the recent actuals of the selected series."""
        publication = self.publication
        return self.answer(
            form,
            freshness,
            lambda: {"actuals": actuals_body(publication, selection)},
            lambda: actuals_table(publication, selection),
            self.link(ACTUALS_PATH, selection, form),
        )

    def system(self, freshness: Freshness) -> Representation:
        """Return the system, and how much of its newest data is doubted."""
        counts = counts_body(self.publication.findings)
        return self.body({"system": system_body(self.publication.system), "findings": counts}, freshness)

    def findings(self, selection: FindingSelection, form: Form, freshness: Freshness) -> Representation:
        """Return the selected findings."""
        found = selection.findings(self.publication)
        return self.answer(
            form,
            freshness,
            lambda: {"findings": [finding_body(finding) for finding in found]},
            lambda: findings_table(found),
            self.link(FINDINGS_PATH, selection, form),
        )

    def pressure(self, wanted: PressureSelection, form: Form, days_over: int) -> Representation:
        """Return the pressure of the selected places under a scenario. It changes when a day is over."""
        publication, freshness = self.publication, self._freshness_after(days_over)
        ranking = self.ranking(wanted, days_over).selected(publication, wanted.series)
        builder = BodyBuilder()
        if form is JSON:
            builder.add(json_bytes({"publication": self.metadata(freshness)})[:-1] + b",")
            builder.add(pressure_json(publication, wanted, ranking, days_over)[1:])
        else:
            for part in pressure_table(publication, wanted, ranking, form, self.metadata(freshness)):
                builder.add(part)
        since = self._day_ends[days_over - 1] if days_over else self.summary.issued_at
        return self._dated(builder.done(), form, max(since, self.summary.issued_at))

    def ranking(self, wanted: PressureSelection, days_over: int) -> Ranking:
        """Return the pressure of all places under the scenario. It is computed once without one, for each few days."""
        leads = wanted.series.leads(self.publication)
        shown = range(leads.start - 1, leads.stop - 1)
        key = (days_over, shown, wanted.targets)
        with self._one_ranking_at_a_time:
            if key not in self._pressures:
                self._pressures[key] = SystemPressure(self.publication, days_over, shown, wanted.targets)
            found = self._pressures[key]
        return found.ranking(wanted.what_if)

    def scores(
        self, selection: ScoreSelection, live_scores: LiveScores | None, form: Form, freshness: Freshness
    ) -> Representation:
        """Return the selected live scores of the places of this publication."""
        found = selection.scores(self.publication, live_scores)
        return self.answer(
            form,
            freshness,
            lambda: scores_body(live_scores, found),
            lambda: scores_table(found),
            since=self.summary.issued_at if live_scores is None else live_scores.scored_at,
        )

    def control(
        self, selection: ControlSelection, live_scores: LiveScores | None, form: Form, freshness: Freshness
    ) -> Representation:
        """Return the selected states of statistical control."""
        found = selection.states(self.publication, live_scores)
        return self.answer(
            form,
            freshness,
            lambda: control_body(live_scores, found),
            lambda: control_table(found),
            since=self.summary.issued_at if live_scores is None else live_scores.scored_at,
        )

    def _table(
        self, table: Table, form: Form, freshness: Freshness, link: str | None, since: datetime | None
    ) -> Representation:
        builder = BodyBuilder()
        for part in table_parts(table, form, self.metadata(freshness)):
            builder.add(part)
        return self.represent(builder.done(), form, freshness, link, since)

    def represent(
        self,
        body: bytes | Body,
        form: Form,
        freshness: Freshness,
        link: str | None = None,
        since: datetime | None = None,
    ) -> Representation:
        """Return the body with its headers. `since`: the last change of what it holds in addition to the publication,
        perhaps in the same second. Freshness changes nothing in tables without metadata."""
        more = {} if link is None else {"Link": link}
        modified = self.last_modified(freshness if form.has_metadata else Freshness.FRESH)
        if since is not None:
            return Representation.of(body, form.media_type, max(modified, since), more, allow_modified_since=False)
        return self._dated(body, form, modified, more)

    def _dated(
        self, body: bytes | Body, form: Form, modified: datetime, more: Mapping[str, str] = NO_HEADERS
    ) -> Representation:
        """Return a body that changes with the publication and its freshness alone."""
        return Representation.of(
            body,
            form.media_type,
            modified,
            more,
            allow_modified_since=not self.shares_second,
            current_since=None if self.loaded_at is None else max(self.loaded_at, modified),
        )

    def link(self, path: str, selection: Page, form: Form) -> str | None:
        """Return the link to the next page (RFC 8288), of the same publication and form; None after the last."""
        following = selection.following(self.publication)
        if following is None:
            return None
        publication = {"cutoff": self.summary.cutoff.isoformat(), "revision": str(self.summary.revision)}
        query = following.query() | publication | form.query()
        return f'<{path}?{urlencode(query, doseq=True)}>; rel="next"'

    def prerender(self, now: datetime, is_stopped: Callable[[], bool] = lambda: False) -> CompleteBodies | None:
        """Return the bodies that most callers request, rendered before the first request.

        None where `is_stopped` has returned True in the meantime.
        """
        freshness = self.freshness(now)
        forecasts = self._forecasts(EVERYTHING, (JSON, CSV), freshness, is_stopped=is_stopped)
        if not forecasts or is_stopped():
            return None
        in_json, in_csv = forecasts
        days_over = self.days_over(now)
        return {
            (self.place, *pressure_key(ALL_PRESSURE, JSON, days_over)): self.pressure(ALL_PRESSURE, JSON, days_over),
            (self.place, "forecasts", EVERYTHING, JSON, freshness): in_json,
            (self.place, "forecasts", EVERYTHING, CSV, None): in_csv,
        }

    def needs_rerender(self, now: datetime) -> bool:
        """Return whether a day is over since it was rendered: it is late then, or stale, or its pressure changes."""
        return not self.render_cache.has_complete((self.place, *pressure_key(ALL_PRESSURE, JSON, self.days_over(now))))

    def _not_forecast(self, selection: Selection) -> list[tuple[Finding, Reporting]]:
        """Return the selected series that have stopped: on the first page, for they have no place among the others."""
        if selection.after is not None:
            return []
        admits = selection.predicate(self.publication.system)
        return [(of, reporting) for of, reporting in stopped_series(self.publication) if admits(of.key)]

    @cached_property
    def _day_ends(self) -> tuple[datetime, ...]:
        """The local midnights that end the days of the horizon, and the day after which a publication is stale."""
        system = self.publication.system
        n_days = max(system.horizon_days, DAYS_UNTIL_STALE)
        return tuple(
            end_of_day(target_day(self.summary.cutoff, lead), system.timezone) for lead in range(1, n_days + 1)
        )

    def _freshness_after(self, days_over: int) -> Freshness:
        if not days_over:
            return Freshness.FRESH
        return Freshness.LATE if days_over < DAYS_UNTIL_STALE else Freshness.STALE

    def _forecasts(
        self,
        selection: Selection,
        forms: Sequence[Form],
        freshness: Freshness,
        *,
        detailed: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> list[Representation]:
        """Return the selected series in each format, rendered together; nothing once `is_stopped` returns True."""
        formats = [self._row_format(selection, form, freshness, detailed=detailed) for form in forms]
        builders = [BodyBuilder() for _ in forms]
        for parts in format_rows(self.publication, selection, *formats):
            if is_stopped():
                return []
            for builder, part in zip(builders, parts, strict=True):
                builder.add(part)
        return [
            self.represent(
                builder.done(),
                form,
                freshness,
                self.link(FORECASTS_PATH, selection, form),
            )
            for builder, form in zip(builders, forms, strict=True)
        ]

    def _row_format(self, selection: Selection, form: Form, freshness: Freshness, *, detailed: bool) -> RowFormat:
        if form is JSON:
            return forecasts_json(self.publication, selection, self.metadata(freshness), detailed=detailed)
        if form is ROWS:
            return forecasts_rows(self.publication, selection, self.metadata(freshness))
        table = forecasts_csv if form is CSV else forecasts_ndjson
        return table(self.publication, selection)

    def _restricted_to(self, place: str) -> "ServedPublication":
        view = restrict_to_place(self.publication, place)
        return ServedPublication(
            view, restrict_summary(self.summary, view), place, self.loaded_at, self.shares_second, self.render_cache
        )
