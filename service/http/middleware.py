"""What happens to every request, whatever answers it: an id, a count, a log line, headers, HEAD, no bare fault."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
from service.http.problems import UNEXPECTED, BodyTooLargeError, ProblemError, ShuttingDownError, problem_response
from service.http.security import RAW_ANSWER_HEADERS

MOST_BODY_BYTES = 16 * 1024
NO_BODY = f"No route takes a body; up to {MOST_BODY_BYTES:,} bytes are ignored. Send the request without one."
ENDING = "The service is being stopped or restarted, and this answer was not ready in time. Ask again."

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Answer:
    """What is known of an answer while it leaves."""

    status: int = 500
    size: int = 0
    started: bool = False
    complete: bool = False


class RequestMiddleware:
    """The outermost layer of the service. `recorder`: for what must be refused before it gets here, too."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _by_name(scope["headers"])
        state: dict[str, Any] = {
            **scope.get("state", {}),
            "request_id": request_id_of(headers.get("x-request-id")),
            "headers": headers,
            "key": None,
            "route": None,
        }
        is_head = scope["method"] == "HEAD"
        inner: Scope = {**scope, "state": state}
        if is_head:
            inner["method"] = "GET"
        answer, began = _Answer(), time.perf_counter()
        try:
            await self._answer(inner, receive, _wrap_send(send, answer, state, is_head), answer)
        finally:
            self._tell(scope, inner, answer, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, answer: _Answer) -> None:
        request_id = scope["state"]["request_id"]
        try:
            if _body_bytes(scope["state"]["headers"]) > MOST_BODY_BYTES:
                await problem_response(BodyTooLargeError(NO_BODY), scope["path"], request_id)(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        except asyncio.CancelledError:  # by the server, when it has waited long enough for what is still open
            if answer.started:
                raise
            await problem_response(ShuttingDownError(ENDING), scope["path"], request_id)(scope, receive, send)
        except Exception:
            logger.exception("Request %s failed.", request_id)
            if answer.complete:  # the routes' own last resort has answered, and let it pass on to be logged
                return
            if answer.started:
                raise
            await problem_response(ProblemError(UNEXPECTED), scope["path"], request_id)(scope, receive, send)

    def _tell(self, outer: Scope, inner: Scope, answer: _Answer, duration_seconds: float) -> None:
        state = inner["state"]
        self.recorder.record(
            AccessRecord(
                state["request_id"],
                state["key"] or ANONYMOUS,
                method_label(outer["method"]),
                state["route"] or getattr(inner.get("route"), "path_format", UNKNOWN_ROUTE),
                answer.status,
                duration_seconds,
                answer.size,
                client_label(outer.get("client")),
            )
        )


def _wrap_send(send: Send, answer: _Answer, state: dict[str, Any], is_head: bool) -> Send:
    """`send` with our headers on the answer, and without its body where only its head was asked for."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.started = message["status"], True
            headers = [*message.get("headers", ()), (REQUEST_ID, state["request_id"].encode())]
            message = {**message, "headers": headers if "dressed" in state else headers + RAW_ANSWER_HEADERS}
        elif message["type"] == "http.response.body":
            if is_head:
                message = {**message, "body": b""}
            answer.size += len(message.get("body", b""))
            answer.complete = not message.get("more_body", False)
        await send(message)

    return dressed


def _by_name(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers; what came in several lines is one list (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in sent:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_bytes(headers: dict[str, str]) -> int:
    """As the request says; the server holds it to that. A body of unsaid length counts as too large."""
    if "transfer-encoding" in headers:
        return MOST_BODY_BYTES + 1
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < 20 else MOST_BODY_BYTES + 1
