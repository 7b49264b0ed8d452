"""The outermost middleware: limits of a request, request ids, the access record, security headers, HEAD, and CORS."""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InvalidParameter, sentences
from service.http.access_record import (
    ANONYMOUS,
    REQUEST_ID,
    UNKNOWN_ROUTE,
    AccessRecord,
    Recorder,
    client_label,
    method_label,
    request_id_of,
)
from service.http.address import is_prefix, read_address
from service.http.connection import MAX_BODY_BYTES, STATE_KEY, LimitedConnection
from service.http.problems import UNEXPECTED_FAULT, Problem, ProblemType
from service.http.security import RAW_RESPONSE_HEADERS

RawHeaders = Iterable[tuple[bytes, bytes]]
LINK = b"link"
MAX_HEADERS = 100
MAX_LENGTH_DIGITS = 20

TWO_HOSTS = Problem(ProblemType.MALFORMED_REQUEST, "Send one Host header, as HTTP/1.1 (RFC 9112) has it.")
MANY_HEADERS = Problem(
    ProblemType.HEADER_FIELDS_TOO_LARGE,
    f"A request may have {MAX_HEADERS} headers.",
)
ODD_PREFIX = Problem(
    ProblemType.MALFORMED_REQUEST,
    "X-Forwarded-Prefix is to be a path such as /headroom: letters, digits and . _ ~ - between single slashes, "
    "without one at the end.",
)
NO_BODY = Problem(
    ProblemType.BODY_TOO_LARGE,
    f"No route takes a body; up to {MAX_BODY_BYTES:,} bytes are ignored. Send the request without one.",
)
SHUTTING_DOWN = Problem(
    ProblemType.SHUTTING_DOWN,
    "The service is being stopped or restarted, and this answer was not ready in time. Ask again.",
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Response:
    """The state of a response while it is sent."""

    status: int = 500
    size: int = 0
    started: bool = False
    complete: bool = False


class RequestMiddleware:
    """The outermost layer of the service. `recorder` is also for the server, which rejects some requests by itself.

    `root_path` is the prefix of its addresses; the `root_path` of a request, which a proxy gave, takes precedence.
    """

    def __init__(self, app: ASGIApp, recorder: Recorder, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = {**scope.get("state", {})}
        connection: LimitedConnection | None = state.pop(STATE_KEY, None)
        if connection is not None:
            connection.request_began()
        headers = headers_by_name(scope["headers"])
        address = read_address(scope["path"], scope["query_string"], scope.get("root_path") or self._root_path)
        state |= {
            "prefix": address.prefix,
            "request_id": request_id_of(headers.get("x-request-id")),
            "headers": headers,
            "key": None,
            "route": None,
        }
        is_head = scope["method"] == "HEAD"
        inner: Scope = {
            **scope,
            "path": address.path,
            "query_string": address.query_string,
            "root_path": "",
            "state": state,
        }
        if is_head:
            inner["method"] = "GET"
        response, began = _Response(), time.perf_counter()
        try:
            await self._answer(inner, receive, _wrap_send(send, response, state, is_head), response)
        finally:
            self.recorder.record(
                AccessRecord(
                    state["request_id"],
                    state["key"] or ANONYMOUS,
                    method_label(scope["method"]),
                    state["route"] or getattr(inner.get("route"), "path_format", UNKNOWN_ROUTE),
                    response.status,
                    time.perf_counter() - began,
                    response.size,
                    client_label(scope.get("client")),
                )
            )
            if connection is not None:
                connection.request_ended()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, response: _Response) -> None:
        request_id = scope["state"]["request_id"]
        try:
            broken = _broken_limit(scope)
            answer = self._app if broken is None else broken.response(scope["path"], request_id)
            await answer(scope, receive, send)
        except asyncio.CancelledError:  # by the server, when it has waited long enough for what is still open
            if response.started:
                raise
            await SHUTTING_DOWN.response(scope["path"], request_id)(scope, receive, send)
        except Exception:
            logger.exception("Request %s failed.", request_id)
            if response.complete:  # the routes' own last resort has answered, and raised it again to be logged
                return
            if response.started:
                raise
            await UNEXPECTED_FAULT.response(scope["path"], request_id)(scope, receive, send)


def _wrap_send(send: Send, response: _Response, state: dict[str, Any], is_head: bool) -> Send:
    """Return `send` with our headers on the response, and without its body where only its head was requested."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            response.status, response.started = message["status"], True
            headers = [*message.get("headers", ()), (REQUEST_ID, state["request_id"].encode())]
            if state["prefix"]:
                headers = list(_links_with(headers, state["prefix"].encode()))
            message = {**message, "headers": headers if "is_prepared" in state else headers + RAW_RESPONSE_HEADERS}
        elif message["type"] == "http.response.body":
            if is_head:
                message = {**message, "body": b""}
            response.size += len(message.get("body", b""))
            response.complete = not message.get("more_body", False)
        await send(message)

    return wrapped


def _links_with(headers: RawHeaders, prefix: bytes) -> RawHeaders:
    """Yield the headers, with the prefix in links: bodies are the same under each, and cached once."""
    return ((name, b"<%b%b" % (prefix, value[1:]) if name == LINK else value) for name, value in headers)


def headers_by_name(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by name. Several lines of one name are one list (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in sent:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _broken_limit(scope: Scope) -> Problem | None:
    """Return the problem of a request with two hosts (a proxy may use the other one), an odd prefix, or too much."""
    lines, headers = scope["headers"], scope["state"]["headers"]
    if len(lines) != len(headers) and sum(name == b"host" for name, _ in lines) > 1:
        return TWO_HOSTS
    if len(lines) > MAX_HEADERS:
        return MANY_HEADERS
    if scope["state"]["prefix"] and not is_prefix(scope["state"]["prefix"]):
        return ODD_PREFIX
    return NO_BODY if _body_bytes(headers) > MAX_BODY_BYTES else None


def _body_bytes(headers: dict[str, str]) -> int:
    """Return the announced length of the body, to which the server holds it; without one, more than is allowed."""
    if "transfer-encoding" in headers:
        return MAX_BODY_BYTES + 1
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < MAX_LENGTH_DIGITS else MAX_BODY_BYTES + 1


CORS_METHODS = ("GET", "HEAD")
CORS_HEADERS = ("Authorization", "If-None-Match", "If-Modified-Since", "X-Request-ID")
EXPOSED_HEADERS = ("ETag", "Last-Modified", "Link", "Retry-After", "X-Request-ID")
PREFLIGHT_SECONDS = 600
"""Seconds for which a browser may cache the answer to a preflight request."""

ORIGIN_HEADER = "Origin"
METHOD_HEADER = "Access-Control-Request-Method"
HEADERS_HEADER = "Access-Control-Request-Headers"
PRIVATE_NETWORK_HEADER = "Access-Control-Request-Private-Network"
NAMED_ORIGINS = "an origin that HEADROOM_ALLOWED_ORIGINS names"


class ProblemCORSMiddleware(CORSMiddleware):
    """Lets pages of the named web origins read, and no others. A rejected preflight is a problem like any other."""

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=CORS_METHODS,
            allow_headers=CORS_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight request. Starlette's own rejection is plain text."""
        found = tuple(self._invalid(request_headers))
        return _Rejection(found) if found else super().preflight_response(request_headers)

    def _invalid(self, headers: Headers) -> Iterator[InvalidParameter]:
        if not self.is_allowed_origin(headers[ORIGIN_HEADER]):
            yield InvalidParameter(ORIGIN_HEADER, headers[ORIGIN_HEADER], NAMED_ORIGINS)
        if headers[METHOD_HEADER] not in CORS_METHODS:
            yield InvalidParameter(METHOD_HEADER, headers[METHOD_HEADER], ", ".join(CORS_METHODS))
        names = headers.get(HEADERS_HEADER)
        if names is not None and any(name.strip().lower() not in self.allow_headers for name in names.split(",")):
            yield InvalidParameter(HEADERS_HEADER, names, ", ".join(CORS_HEADERS))
        if PRIVATE_NETWORK_HEADER in headers:
            yield InvalidParameter(PRIVATE_NETWORK_HEADER, headers[PRIVATE_NETWORK_HEADER], "nothing: leave it out")


class _Rejection(Response):
    """A rejected preflight request. The problem gets the id of its request when it is sent."""

    def __init__(self, parameters: tuple[InvalidParameter, ...]) -> None:
        self._problem = Problem(ProblemType.ORIGIN_REJECTED, sentences(parameters), parameters)
        super().__init__(status_code=self._problem.type.status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._problem.response(scope["path"], scope["state"]["request_id"])
        await response(scope, receive, send)
