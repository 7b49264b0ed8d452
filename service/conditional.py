"""Representations and HTTP's conditions on them: encodings, entity tags, 304."""

import gzip
import hashlib
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response

REVALIDATE = "no-cache"
VARY = "Accept, Accept-Encoding"
TAG_LENGTH = 32
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Representation:
    """One body, plain and gzip, each with its own strong entity tag: the same content, the same on every replica."""

    media_type: str
    plain: bytes
    gzipped: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "Representation":
        tag = hashlib.sha256(body).hexdigest()[:TAG_LENGTH]
        return cls(media_type, body, gzip.compress(body, GZIP_LEVEL, mtime=0), tag)

    @property
    def size(self) -> int:
        """Bytes that it holds in memory."""
        return len(self.plain) + len(self.gzipped)


def respond(representation: Representation, headers: Headers, cache_control: str = REVALIDATE) -> Response:
    """The representation in the encoding that was asked for, or 304 where the caller has it already."""
    zipped = _weight(headers.get("accept-encoding", ""), "gzip") > 0
    tag = f'"{representation.tag}{"-gzip" if zipped else ""}"'
    answer = {"ETag": tag, "Cache-Control": cache_control, "Vary": VARY}
    if matches(headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=answer)
    if zipped:
        answer["Content-Encoding"] = "gzip"
    body = representation.gzipped if zipped else representation.plain
    return Response(body, headers=answer, media_type=representation.media_type)


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag: weak comparison, as RFC 9110 asks of this header."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return tag in {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}


def prefers_csv(accept: str | None) -> bool:
    """Whether `Accept` weighs text/csv above application/json; JSON wins a draw."""
    if not accept:
        return False
    weigh = {kind: _weight(accept, kind, f"{kind.split('/')[0]}/*", "*/*") for kind in ("text/csv", "application/json")}
    return weigh["text/csv"] > weigh["application/json"]


def _weight(header: str, *names: str) -> float:
    """Weight of the first of `names` (then of `*`) that the header lists; 0 where it lists none."""
    weights = dict(_weighted(item) for item in header.split(","))
    return next((weights[name] for name in (*names, "*") if name in weights), 0.0)


def _weighted(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
