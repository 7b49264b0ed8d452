"""A publication's digest: the same content has the same digest on any day and any machine."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter

from publication.model import Publication, SeriesForecast
from publication.packed import PackedRows

NOT_CONTENT = ("issued_at", "revision", "remarks")
LISTED = ("series", "headroom")
OPTIONAL_FIELDS: dict[type, tuple[str, ...]] = {Publication: ("headroom",), SeriesForecast: ("counted_on", "drivers")}
"""Left out where there are none: a publication of before there were any keeps its digest."""


def digest(publication: Publication) -> str:
    """`sha256:` and the hash of everything but the instant of issue, the revision and the remarks."""
    hashed = hashlib.sha256()
    for part in _canonical(publication):
        hashed.update(part.encode())
    return f"sha256:{hashed.hexdigest()}"


def _canonical(publication: Publication) -> Iterator[str]:
    """The text that is hashed: JSON with its keys in order, in parts, since that of a large one is never held whole."""
    names = sorted(of.name for of in fields(Publication) if of.name not in NOT_CONTENT)
    told = [name for name in names if name not in OPTIONAL_FIELDS[Publication] or getattr(publication, name)]
    for n, name in enumerate(told):
        yield f'{"," if n else "{"}"{name}":'
        value = getattr(publication, name)
        yield from _list(value) if name in LISTED else (_text(value),)
    yield "}"


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


@cache  # it is asked for each of a million days and actuals
def _reader(kind: type) -> Callable[[object], dict[str, object]]:
    names = sorted(of.name for of in fields(kind))
    read, later = attrgetter(*names), OPTIONAL_FIELDS.get(kind, ())

    def fields_of(value: object) -> dict[str, object]:
        told = dict(zip(names, read(value), strict=True))
        for name in later:
            if not told[name]:
                del told[name]
        return told

    return fields_of
