"""What happens to every request, whatever answers it: an id, a count, headers, HEAD, and no fault that leaves bare."""

import logging
import re
import time
import uuid
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics import RequestMetrics
from service.problems import ProblemError, problem_response
from service.security import API_POLICY, COMMON_HEADERS

REQUEST_ID = "X-Request-ID"
UNKNOWN_ROUTE = "unknown"
OTHER_METHOD = "other"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
UNEXPECTED = "Something unforeseen went wrong here. It is in the service's log under this request id."

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

logger = logging.getLogger(__name__)


@dataclass
class _Answer:
    """What is known of an answer while it leaves."""

    status: int = 500
    started: bool = False


class Edge:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, unrouted: tuple[str, ...] = ()) -> None:
        """`unrouted`: addresses that are answered without a route of ours, and are their own label."""
        self._app = app
        self._unrouted = unrouted
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        is_head = scope["method"] == "HEAD"
        inner: Scope = {**scope, "state": {**scope.get("state", {}), "request_id": request_id}}
        if is_head:
            inner["method"] = "GET"
        answer, began = _Answer(), time.perf_counter()
        sender = _dressed(send, answer, request_id, is_head)
        try:
            await self._answer(inner, receive, sender, answer)
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
            self._metrics.observe(method, _route(inner, self._unrouted), answer.status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:
            logger.exception("Request %s failed.", scope["state"]["request_id"])
            if answer.started:
                raise
            problem = problem_response(ProblemError(UNEXPECTED), scope["path"], scope["state"]["request_id"])
            await problem(scope, receive, send)


def _dressed(send: Send, answer: _Answer, request_id: str, is_head: bool) -> Send:
    """`send` with our headers on the answer, and without its body where only its head was asked for."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.started = message["status"], True
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = request_id
            for name, value in {"Content-Security-Policy": API_POLICY, **COMMON_HEADERS}.items():
                headers.setdefault(name, value)
        elif is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return dressed


def _request_id(headers: Headers) -> str:
    """The caller's own id where it is a plain one, so that both logs can be laid side by side."""
    given = headers.get(REQUEST_ID, "")
    return given if _WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope, unrouted: tuple[str, ...]) -> str:
    """The template of the route that answered: never the address itself, which anyone may invent."""
    template: object = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    path = scope["path"]
    return next((own for own in unrouted if path == own or path.startswith(f"{own}/")), UNKNOWN_ROUTE)
