"""A publication as it is served: with its heading, and with what has been rendered of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime

from publication import days
from publication.model import Heading, Publication
from publication.vocabulary import Freshness
from service import rendering
from service.conditional import Representation
from service.pressure import WhatIf
from service.rendering import CSV_TYPE, JSON_TYPE, Json
from service.selection import EVERYTHING, Selection

Key = tuple[Hashable, ...]

FILTERED_BYTES_KEPT = 32 * 1024 * 1024


class Rendered:
    """What has been rendered of one publication. Whole bodies are kept, filtered ones while there is room."""

    def __init__(self, room: int = FILTERED_BYTES_KEPT) -> None:
        self._kept: dict[Key, Representation] = {}
        self._passing: OrderedDict[Key, Representation] = OrderedDict()
        self._room = room
        self._one_at_a_time = asyncio.Lock()

    def keep(self, key: Key, representation: Representation) -> None:
        self._kept[key] = representation

    async def get(self, key: Key, render: Callable[[], Representation]) -> Representation:
        """The representation under `key`, rendered off the event loop where there is none yet."""
        found = self._find(key)
        if found is not None:
            return found
        async with self._one_at_a_time:  # a crowd that asks for the same body renders it once
            found = self._find(key)
            if found is None:
                found = await asyncio.to_thread(render)
                self._add(key, found)
        return found

    def _find(self, key: Key) -> Representation | None:
        if key in self._passing:
            self._passing.move_to_end(key)
            return self._passing[key]
        return self._kept.get(key)

    def _add(self, key: Key, representation: Representation) -> None:
        self._passing[key] = representation
        while len(self._passing) > 1 and sum(kept.size for kept in self._passing.values()) > self._room:
            self._passing.popitem(last=False)


@dataclass(frozen=True)
class Edition:
    """One publication, never changed once made: a newer one takes its place in whole."""

    publication: Publication
    heading: Heading
    rendered: Rendered = field(default_factory=Rendered, compare=False)

    def freshness(self, now: datetime) -> Freshness:
        return days.freshness(self.heading.cutoff, now, self.publication.system.timezone)

    def body(self, content: Json, freshness: Freshness) -> Representation:
        """JSON with the block that every body carries."""
        whole = {"publication": rendering.publication_block(self.publication, self.heading, freshness), **content}
        return Representation.of(rendering.json_bytes(whole), JSON_TYPE)

    def forecasts(self, selection: Selection, freshness: Freshness) -> Representation:
        system = self.publication.system
        chosen = selection.series(self.publication)
        return self.body({"forecasts": [rendering.forecast_body(s, system, selection) for s in chosen]}, freshness)

    def detail(self, selection: Selection, freshness: Freshness) -> Representation:
        system = self.publication.system
        chosen = selection.series(self.publication)
        return self.body({"forecasts": [rendering.detail_body(s, system, selection) for s in chosen]}, freshness)

    def pressure(self, selection: Selection, what_if: WhatIf, freshness: Freshness) -> Representation:
        return self.body(rendering.pressure_body(self.publication, selection, what_if), freshness)

    def csv(self, selection: Selection) -> Representation:
        return Representation.of(rendering.forecasts_csv(self.publication, selection), CSV_TYPE)

    def render_whole(self, now: datetime) -> None:
        """Render what most callers ask for, before anyone does."""
        freshness = self.freshness(now)
        self.rendered.keep(("json", EVERYTHING, freshness), self.forecasts(EVERYTHING, freshness))
        self.rendered.keep(("csv", EVERYTHING), self.csv(EVERYTHING))
