"""The document of a publication: its content as canonical JSON, whose hash is its digest, compressed.

The same content has the same document on any day and any machine.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Protocol

from publication.days import target_day
from publication.levels import EscalationLevel
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Finding,
    Headroom,
    Measure,
    Note,
    Peak,
    Place,
    Publication,
    SeriesForecast,
    System,
)
from publication.packed import PackedRows, Reader, packed
from publication.vocabulary import CONTENT_KINDS, Check, Kind, NoteKind, SeriesKey, Severity, Treatment

NOT_CONTENT = ("issued_at", "revision")
OPTIONAL_FIELDS: dict[type, tuple[str, ...]] = {
    Headroom: ("net_flow",),
    Publication: ("findings", "headroom"),
    SeriesForecast: ("counted_on", "drivers"),
    System: ("levels",),
}
"""Left out where there are none: a publication of before there were any keeps its digest."""
COMPRESSION_LEVEL = 1  # 6 takes five seconds more for ten thousand series, to save a seventh (ADR 21)
GZIP = zlib.MAX_WBITS + 16  # zlib's sign for its format, which `zcat` reads
DOCUMENT_CHUNK_BYTES = 2**20
"""Of the compressed document, decompressed at a time: each time zlib lets go of the interpreter, then waits for it."""
DAYS_CACHED = 1000

ReadJson = Callable[[str | bytes], Any]


class Decompressor(Protocol):
    """The part of zlib's `decompressobj` that a document needs. It raises zlib.error for damaged data."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


NewDecompressor = Callable[[], Decompressor]
"""Makes a decompressor of gzip's format."""


def zlib_decompressor() -> Decompressor:
    """Return the standard library's decompressor."""
    return zlib.decompressobj(wbits=GZIP)


def digest(publication: Publication) -> str:
    """Return `sha256:` and the hash of the content: not the instant of issue, the revision, or notes on its making."""
    hashed = hashlib.sha256()
    for line in _lines(publication):
        hashed.update(line)
    return _digest(hashed.digest())


def write(publication: Publication) -> tuple[bytes, str]:
    """Return the document and the digest. An item of a list is a line of its own; the ends of lines are not hashed."""
    hashed, compressor = hashlib.sha256(), zlib.compressobj(COMPRESSION_LEVEL, wbits=GZIP)
    parts: list[bytes] = []
    for line in _lines(publication):
        hashed.update(line)
        parts.append(compressor.compress(line + b"\n"))
    parts.append(compressor.flush())
    return b"".join(parts), _digest(hashed.digest())


def read(
    document: bytes,
    digest: str,
    *,
    notes: Iterable[Mapping[str, Any]],
    issued_at: datetime,
    revision: int,
    read_json: ReadJson = json.loads,
    new_decompressor: NewDecompressor = zlib_decompressor,
) -> Publication:
    """Return the publication as it was issued; its numbers are packed. `notes` are all of them, as JSON has them.

    Raises ValueError, or another error of a reader, where the document or the notes are not what the digest is of.
    """
    found: dict[str, Any] = {"series": [], "headroom": [], "findings": []}
    reasons: dict[str, str | None] = {}
    for name, value in _parsed(_verified_lines(document, digest, new_decompressor), read_json):
        if name == "series":
            found["series"].append(series := _read_series(value))
            reasons[series.unique_id] = value["reason"]
        elif name == "headroom":
            found["headroom"].append(_read_headroom(value))
        elif name == "findings":
            found["findings"].append(_read_finding(value))
        else:
            found[name] = value
    listed = tuple(Note(**{**note, "kind": NoteKind(note["kind"])}) for note in notes)
    explained = _reasons(listed)
    if _texts(listed) != found["notes"] or any(explained.get(of) != reason for of, reason in reasons.items()):
        raise ValueError("its notes are not those of its document")
    return Publication(
        system=_read_system(found["system"]),
        cutoff=date.fromisoformat(found["cutoff"]),
        issued_at=issued_at,
        champion=Champion(**found["champion"]),
        data_digest=found["data_digest"],
        series=tuple(found["series"]),
        notes=listed,
        revision=revision,
        headroom=tuple(found["headroom"]),
        findings=tuple(found["findings"]),
    )


def read_headroom(
    document: bytes,
    digest: str,
    read_json: ReadJson = json.loads,
    new_decompressor: NewDecompressor = zlib_decompressor,
) -> tuple[Headroom, ...]:
    """Return the headroom alone. The rest of the document is hashed, not read: it raises what `read` does of it."""
    items = _items(_verified_lines(document, digest, new_decompressor), "headroom")
    return tuple(_read_headroom(read_json(item)) for item in items)


def read_series(
    document: bytes,
    digest: str,
    place: str,
    read_json: ReadJson = json.loads,
    new_decompressor: NewDecompressor = zlib_decompressor,
) -> tuple[SeriesForecast, ...]:
    """Return the series of one place alone. The rest is hashed, not read: it raises what `read` does of the document.

    Inside a text of JSON quotation marks are escaped: the start of a key is found in no text.
    """
    start_of_key = f'"key":[{_text(place)},'.encode()
    items = _items(_verified_lines(document, digest, new_decompressor), "series")
    return tuple(_read_series(read_json(item)) for item in items if start_of_key in item)


def verify(document: bytes, digest: str, new_decompressor: NewDecompressor = zlib_decompressor) -> None:
    """Raise ValueError where the document is not the one that its digest is of."""
    for _ in _verified_lines(document, digest, new_decompressor):
        pass


def _digest(hashed: bytes) -> str:
    return f"sha256:{hashed.hex()}"


def _lines(publication: Publication) -> Iterator[bytes]:
    """The text that is hashed, in lines: JSON with its keys in order."""
    lists: dict[str, Iterable[object]] = {
        "series": _series(publication),
        "headroom": publication.headroom,
        "findings": publication.findings,
    }
    names = sorted(of.name for of in fields(Publication) if of.name not in NOT_CONTENT)
    present = [name for name in names if name not in OPTIONAL_FIELDS[Publication] or getattr(publication, name)]
    for n, name in enumerate(present):
        start = f'{"," if n else "{"}"{name}":'
        if name in lists:
            yield f"{start}[".encode()
            for i, item in enumerate(lists[name]):
                yield f"{',' if i else ''}{_text(item)}".encode()
            yield b"]"
        else:
            value = _texts(publication.notes) if name == "notes" else getattr(publication, name)
            yield f"{start}{_text(value)}".encode()
    yield b"}"


def _series(publication: Publication) -> Iterator[dict[str, object]]:
    """Fields of each series, with the reason why a fallback stands in."""
    read_fields, reasons = _fields_reader(SeriesForecast), _reasons(publication.notes)
    return ({**read_fields(of), "reason": reasons.get(of.unique_id)} for of in publication.series)


def _texts(notes: Iterable[Note]) -> list[str]:
    """Notes on the content, but for those that say why a series is a fallback."""
    return [note.text for note in notes if note.kind in CONTENT_KINDS and not _is_reason(note)]


def _reasons(notes: Iterable[Note]) -> dict[str | None, str]:
    """The reasons for fallbacks, by series."""
    return {note.series: note.text for note in notes if _is_reason(note)}


def _is_reason(note: Note) -> bool:
    return note.kind is NoteKind.FALLBACK and note.series is not None


def _text(value: object) -> str:
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> object:
    """The form in which `json` can write a value: rows as tuples, our types by their fields, days as text."""
    if isinstance(value, PackedRows):
        return tuple(value)
    kind: type = type(value)
    return _fields_reader(kind)(value) if is_dataclass(kind) else str(value)


@cache  # it is called for each of a million days and actuals
def _fields_reader(kind: type) -> Callable[[object], dict[str, object]]:
    names = sorted(of.name for of in fields(kind))
    read_all, optional = attrgetter(*names), OPTIONAL_FIELDS.get(kind, ())

    def fields_of(value: object) -> dict[str, object]:
        found = dict(zip(names, read_all(value), strict=True))
        for name in optional:
            if not found[name]:
                del found[name]
        return found

    return fields_of


def _verified_lines(document: bytes, digest: str, new_decompressor: NewDecompressor) -> Iterator[bytes]:
    """The lines of the document. Raises ValueError after the last where they are not those that the digest is of."""
    hashed, decompressor, rest = hashlib.sha256(), new_decompressor(), b""
    try:
        for start in range(0, len(document), DOCUMENT_CHUNK_BYTES):
            text = rest + decompressor.decompress(document[start : start + DOCUMENT_CHUNK_BYTES])
            *lines, rest = text.split(b"\n")
            hashed.update(b"".join(lines))
            yield from lines
    except zlib.error as error:
        raise ValueError(f"its document cannot be decompressed ({error})") from error
    if rest or not decompressor.eof or _digest(hashed.digest()) != digest:
        raise ValueError("its document is not the one that its digest is of")


def _parsed(lines: Iterable[bytes], read_json: ReadJson) -> Iterator[tuple[str, Any]]:
    """Each field and its value; of a list, the field and one item at a time: requests are answered in between."""
    for listed, text in _split(lines):
        if listed:
            yield listed, read_json(text)
        else:
            yield from read_json(b"{" + text + b"}").items()


def _items(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The text of each item of one list."""
    return (text for listed, text in _split(lines) if listed == name)


def _split(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The name of a list and the text of an item, or no name and the text of a field, without the signs before it."""
    listed = ""
    for line in lines:
        if line.endswith(b":["):
            listed = line[2:-3].decode()
        elif line == b"]":
            listed = ""
        elif listed:
            yield listed, line.removeprefix(b",")
        elif line != b"}":
            yield "", line[1:]


def _read_series(item: Mapping[str, Any]) -> SeriesForecast:
    return SeriesForecast(
        key=SeriesKey(*item["key"]),
        unit=item["unit"],
        model=item["model"],
        fallback=item["fallback"],
        recent=_read_recent(item["recent"]),
        days=_read_days(item["days"]),
        drivers=packed(item["drivers"]) if "drivers" in item else (),
        counted_on=tuple(item.get("counted_on", ())),
    )


def _read_days(days: Sequence[Mapping[str, Any]]) -> Sequence[DayForecast]:
    if not days:
        return PackedRows((), 1, _no_day)
    numbers = [number for day in days for number in (day["mean"], *day["quantiles"])]
    leads = tuple(day["lead"] for day in days)
    return PackedRows(numbers, len(numbers) // len(days), _day_reader(days[0]["ds"], leads))


@lru_cache(DAYS_CACHED)  # the same for nearly every series
def _day_reader(first_day: str, leads: tuple[int, ...]) -> Reader[DayForecast]:
    cutoff = date.fromisoformat(first_day) - timedelta(days=leads[0])
    targets = [(target_day(cutoff, lead), lead) for lead in leads]

    def read_day(index: int, numbers: tuple[float, ...]) -> DayForecast:
        return DayForecast(*targets[index], numbers[0], numbers[1:])

    return read_day


def _no_day(_index: int, _numbers: tuple[float, ...]) -> DayForecast:
    raise IndexError


def _read_recent(actuals: Sequence[Mapping[str, Any]]) -> Sequence[Actual]:
    numbers = [0.0] * (2 * len(actuals))
    numbers[::2] = _ordinals(tuple([actual["ds"] for actual in actuals]))
    numbers[1::2] = [math.nan if (y := actual["y"]) is None else y for actual in actuals]
    return PackedRows(numbers, 2, _read_actual)


@lru_cache(DAYS_CACHED)  # the same for nearly every series
def _ordinals(days: tuple[str, ...]) -> list[float]:
    return [float(date.fromisoformat(ds).toordinal()) for ds in days]


def _read_actual(_index: int, numbers: tuple[float, ...]) -> Actual:
    ds, y = numbers
    return Actual(date.fromordinal(int(ds)), None if math.isnan(y) else y)


def _read_headroom(item: Mapping[str, Any]) -> Headroom:
    return Headroom(
        place=item["place"],
        beds=tuple(item["beds"]),
        occupancy=packed(item["occupancy"]),
        headroom=packed(item["headroom"]),
        beds_freed=tuple(item["beds_freed"]),
        peaks=tuple(Peak(peak["days"], tuple(peak["quantiles"]), peak["lead"]) for peak in item["peaks"]),
        net_flow=packed(item["net_flow"]) if "net_flow" in item else (),
    )


def _read_finding(item: Mapping[str, Any]) -> Finding:
    return Finding(
        series=item["series"],
        first=date.fromisoformat(item["first"]),
        last=date.fromisoformat(item["last"]),
        check=Check(item["check"]),
        severity=Severity(item["severity"]),
        reason=item["reason"],
        treatment=Treatment(item["treatment"]),
    )


def _read_system(item: Mapping[str, Any]) -> System:
    return System(
        **{
            **item,
            "thresholds": tuple(item["thresholds"]),
            "quantiles": tuple(item["quantiles"]),
            "measures": tuple(Measure(m["name"], Kind(m["kind"]), m["unit"]) for m in item["measures"]),
            "places": tuple(Place(**place) for place in item["places"]),
            "levels": tuple(EscalationLevel(**level) for level in item.get("levels", ())),
        }
    )
