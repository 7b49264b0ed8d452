"""Digests of what was known of each series at a cutoff: whatever was made from other values has another one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import blake2b

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.history.event_days import concerns
from training.system.model import Event, SchoolTerm, SystemContext

DIGEST_BYTES = 16
Declared = tuple[date, date, str, str]
"""The first and last day of something declared, what it is, and all three as text."""


class Declarations:
    """The declarations of a system file on each series: its events and school terms, as models may see them."""

    def __init__(self, system: System, context: SystemContext) -> None:
        self._system = system
        self._context = context
        self._by_series: dict[str, tuple[Declared, ...]] = {}
        kinds = sorted({event.kind.value for event in context.events})
        hidden = sorted(map(str, context.hidden_holidays))
        self._everywhere = f"{context.holidays} {hidden} {kinds} {bool(context.school_terms)}"

    def until(self, unique_id: str, last: date) -> str:
        """As text, all that holds for a series on days up to the last; what begins later is not there."""
        if unique_id not in self._by_series:
            of_series = sorted(self._of(unique_id))
            self._by_series[unique_id] = tuple((*one, _as_text(*one)) for one in of_series)
        held = (
            text if end <= last else _as_text(first, last, what)
            for first, end, what, text in self._by_series[unique_id]
            if first <= last
        )
        return "\n".join([unique_id, self._everywhere, *held])

    def _of(self, unique_id: str) -> Iterable[tuple[date, date, str]]:
        key = series_key(unique_id)
        places = (None, key.place, *self._system.ancestors(key.place))
        for event in self._context.events:
            if concerns(event, key, self._system):
                yield event.first, event.last, _described(event, key.place)
        for term in self._context.school_terms:
            if term.place in places:
                yield term.first, term.last, SchoolTerm.__name__


def series_digests(table: pd.DataFrame, declarations: Declarations, horizon_days: int) -> dict[str, bytes]:
    """Return for each series of a wide frame the digest of its values, its days, and declarations up to the horizon."""
    if table.empty:
        return {}
    first, cutoff = table.index[0].date(), table.index[-1].date()
    last = cutoff + timedelta(days=horizon_days)
    rows = np.ascontiguousarray(table.to_numpy(dtype=float).T + 0.0)  # -0.0 and 0.0 are the same count
    days = f"{first} {cutoff} {horizon_days}\n".encode()
    return {
        unique_id: digest_of([days, declarations.until(unique_id, last).encode(), row.tobytes()])
        for unique_id, row in zip(map(str, table.columns), rows, strict=True)
    }


def pooled(digests: Mapping[str, bytes], unique_ids: Sequence[str] | None = None) -> bytes:
    """One digest of several series: of those named, else of all."""
    return digest_of(digests[unique_id] for unique_id in sorted(digests if unique_ids is None else unique_ids))


def digest_of(parts: Iterable[bytes]) -> bytes:
    """One digest of several byte strings, in their order."""
    content = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        content.update(len(part).to_bytes(8, "big"))
        content.update(part)
    return content.digest()


def _as_text(first: date, last: date, what: str) -> str:
    return f"{what} {first} {last}"


def _described(event: Event, place: str) -> str:
    """A bed change says by how many beds, and whether it is of this very place: only there it moves a series."""
    return f"{event.kind.value} {event.beds} {event.place == place}"
