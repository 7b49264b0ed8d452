"""A publication's digest: the same content has the same digest on any day and any machine."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter

from publication.model import Note, Publication, SeriesForecast
from publication.packed import PackedRows
from publication.vocabulary import CONTENT_KINDS, NoteKind

NOT_CONTENT = ("issued_at", "revision")
OPTIONAL_FIELDS: dict[type, tuple[str, ...]] = {Publication: ("headroom",), SeriesForecast: ("counted_on", "drivers")}
"""Left out where there are none: a publication of before there were any keeps its digest."""


def digest(publication: Publication) -> str:
    """Return `sha256:` and the hash of the content: not the instant of issue, the revision, or notes on its making."""
    hashed = hashlib.sha256()
    for part in _canonical(publication):
        hashed.update(part.encode())
    return f"sha256:{hashed.hexdigest()}"


def _canonical(publication: Publication) -> Iterator[str]:
    """The text that is hashed: JSON with its keys in order, in parts, since that of a large one is never held whole."""
    lists: dict[str, Iterable[object]] = {"series": _series(publication), "headroom": publication.headroom}
    plain = {"notes": _texts(publication.notes)}
    names = sorted(of.name for of in fields(Publication) if of.name not in NOT_CONTENT)
    present = [name for name in names if name not in OPTIONAL_FIELDS[Publication] or getattr(publication, name)]
    for n, name in enumerate(present):
        yield f'{"," if n else "{"}"{name}":'
        yield from _list(lists[name]) if name in lists else (_text(plain.get(name, getattr(publication, name))),)
    yield "}"


def _series(publication: Publication) -> Iterator[dict[str, object]]:
    """Fields of each series, with the reason why a fallback stands in."""
    read = _reader(SeriesForecast)
    return ({**read(of), "reason": publication.fallback_reason(of.unique_id)} for of in publication.series)


def _texts(notes: Iterable[Note]) -> list[str]:
    """Notes on the content but for those on one series, which are with it."""
    return [note.text for note in notes if note.kind in CONTENT_KINDS and not _is_reason(note)]


def _is_reason(note: Note) -> bool:
    return note.kind is NoteKind.FALLBACK and note.series is not None


def _list(values: Iterable[object]) -> Iterator[str]:
    yield "["
    for n, value in enumerate(values):
        yield f"{',' if n else ''}{_text(value)}"
    yield "]"


def _text(value: object) -> str:
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> object:
    """What `json` can write, of what it cannot: rows as tuples, our types by their fields, days as text."""
    if isinstance(value, PackedRows):
        return tuple(value)
    kind: type = type(value)
    return _reader(kind)(value) if is_dataclass(kind) else str(value)


@cache  # it is called for each of a million days and actuals
def _reader(kind: type) -> Callable[[object], dict[str, object]]:
    names = sorted(of.name for of in fields(kind))
    read, later = attrgetter(*names), OPTIONAL_FIELDS.get(kind, ())

    def fields_of(value: object) -> dict[str, object]:
        found = dict(zip(names, read(value), strict=True))
        for name in later:
            if not found[name]:
                del found[name]
        return found

    return fields_of
