"""Representations and HTTP's conditions on them: media types, encodings, entity tags, 304."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.http.bodies import Body, DecompressedBody, body_of
from service.http.security import RESPONSE_HEADERS

REVALIDATE = "no-cache"
VARY = "Accept, Accept-Encoding"
MAX_CACHED_HEADERS = 512
SETTLED_AFTER = timedelta(minutes=2)
"""Other replicas serve a new body by then, so a caller who read it later than that has got no older one."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class EncodedBody:
    """One encoding of a body: its chunks, its headers, and its strong entity tag."""

    chunks: Iterable[bytes]
    size: int
    """Bytes that it occupies in memory."""
    tag: str
    shared_headers: RawHeaders
    headers: RawHeaders


@dataclass(frozen=True, slots=True)
class Representation:
    """One body, plain and gzip, each with its own strong entity tag: the same content, the same on every replica."""

    plain: EncodedBody
    gzipped: EncodedBody
    modified: datetime | None = field(default=None)
    """Its `Last-Modified`, where no other body of its address has the same."""
    settled: datetime | None = field(default=None)
    """From this instant on nobody can have got another body of its address, where that is known."""

    @classmethod
    def of(
        cls,
        body: bytes | Body,
        media_type: str,
        modified: datetime | None = None,
        more: Mapping[str, str] = NO_HEADERS,
        *,
        allow_modified_since: bool = True,
        current_since: datetime | None = None,
    ) -> "Representation":
        """Return both encodings of a body.

        `modified` is the instant of its last change; `allow_modified_since` says that no other body of its address has
        the same second. `current_since` is the instant from which on this process has answered its address with it.
        `more` are headers in addition to those of every response.
        """
        made = body_of(body) if isinstance(body, bytes) else body
        since = None if modified is None else format_datetime(modified, usegmt=True)
        always = {"Last-Modified": since, **RESPONSE_HEADERS, **more}
        return cls(
            _encoded(made.plain, made.length, f'"{made.tag}"', media_type, always),
            _encoded(
                made.zipped,
                sum(map(len, made.zipped)),
                f'"{made.tag}-gzip"',
                media_type,
                always | {"Content-Encoding": "gzip"},
            ),
            modified.replace(microsecond=0) if modified is not None and allow_modified_since else None,
            None if current_since is None else current_since + SETTLED_AFTER,
        )

    @property
    def tag(self) -> str:
        return self.plain.tag

    @property
    def size(self) -> int:
        """Bytes that it occupies in memory."""
        return self.plain.size + self.gzipped.size


class PreparedResponse(Response):
    """A response with complete headers. Its chunks are sent as fast as the caller takes them, and others get a turn."""

    def __init__(self, status: int, headers: RawHeaders, chunks: Iterable[bytes]) -> None:
        self.status_code = status
        self.raw_headers = list(headers)
        self.background = None
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["is_prepared"] = True
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        held: bytes | None = None  # the last one is to be sent as such
        for chunk in self._chunks:
            if held is not None:
                await send({"type": "http.response.body", "body": held, "more_body": True})
                await asyncio.sleep(0)
            held = chunk
        await send({"type": "http.response.body", "body": held or b""})


def respond(
    representation: Representation, headers: Mapping[str, str], cache_control: str = REVALIDATE
) -> PreparedResponse:
    """Return the representation in the accepted encoding, or 304 where the caller has it already."""
    encoded = representation.gzipped if accepts_gzip(headers.get("accept-encoding", "")) else representation.plain
    control = ((b"cache-control", cache_control.encode()),)
    if _is_known(headers, encoded.tag, representation):
        return PreparedResponse(304, encoded.shared_headers + control, ())
    return PreparedResponse(200, encoded.headers + control, encoded.chunks)


def matches(if_none_match: str, tag: str) -> bool:
    """Return whether `If-None-Match` names the tag, by weak comparison (RFC 9110)."""
    if if_none_match.strip() in {"*", tag}:
        return True
    return tag in {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}


@lru_cache(MAX_CACHED_HEADERS)
def accepts_gzip(accept_encoding: str) -> bool:
    return _weight(accept_encoding, "gzip") > 0


@lru_cache(MAX_CACHED_HEADERS)
def preferred(accept: str, offered: tuple[str, ...]) -> str:
    """Return the media type that `Accept` weighs most; the first of those that weigh the same."""
    return max(offered, key=lambda kind: _weight(accept, kind, f"{kind.split('/')[0]}/*", "*/*"))


def _is_known(headers: Mapping[str, str], tag: str, representation: Representation) -> bool:
    """Return whether the caller has it: by its tag, else by the time of its `Last-Modified` or since when it is known.

    Between the two, a caller who sends a time of its own clock may have read the body before, of this process or of
    another replica. Times are compared to the second, as they are sent.
    """
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None:
        return matches(if_none_match, tag)
    if_modified_since = headers.get("if-modified-since")
    since = None if if_modified_since is None else http_date(if_modified_since)
    if since is None:
        return False
    return since == representation.modified or (representation.settled is not None and since >= representation.settled)


@lru_cache(MAX_CACHED_HEADERS)
def http_date(text: str) -> datetime | None:
    """Return the instant of an HTTP date in any of its three notations (RFC 9110, 5.6.7); None for other text."""
    if text.count(",") > 1:  # several dates: the parser would take the first
        return None
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _encoded(
    chunks: Iterable[bytes], length: int, tag: str, media_type: str, always: Mapping[str, str | None]
) -> EncodedBody:
    shared = {"ETag": tag, "Vary": VARY, **always}
    kind = {"Content-Type": media_type, "Content-Length": str(length)}
    not_in_304 = {"Content-Encoding"}
    return EncodedBody(
        chunks,
        0 if isinstance(chunks, DecompressedBody) else length,
        tag,
        _raw({name: value for name, value in shared.items() if name not in not_in_304}),
        _raw(shared | kind),
    )


def _raw(headers: Mapping[str, str | None]) -> RawHeaders:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items() if value is not None)


def _weight(header: str, *names: str) -> float:
    """Return the weight of the first of `names` (then of `*`) that the header lists; 0 where it lists none."""
    weights = dict(_weighted(item) for item in header.split(","))
    return next((weights[name] for name in (*names, "*") if name in weights), 0.0)


def _weighted(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
