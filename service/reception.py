"""Admits a request, and answers at once what is ready: no route, parameter or schema is looked at a second time."""

import time
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access import Visitor
from service.access.gate import Gate
from service.conditional import Representation, respond
from service.edition import Edition
from service.freshness import Watcher
from service.metrics import RequestMetrics
from service.ports import Clock
from service.problems import NO_ROUTE, ProblemError, RouteNotFoundError, problem_response
from service.rendered import Key

LONGEST_REMEMBERED = 1000
"""Characters of an address and what it accepts: of longer ones, memory would hold what a caller made up."""


class Reception:
    """Between the edge and the routes. Sets `visitor` for the routes, and `key` for the log and the metrics."""

    def __init__(self, app: ASGIApp, gate: Gate, watcher: Watcher, metrics: RequestMetrics, clock: Clock) -> None:
        self._app = app
        self._gate = gate
        self._watcher = watcher
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> ASGIApp:
        state, now = scope["state"], self._clock()
        try:
            admitted = self._gate.admit(scope["path"], state["headers"], now, time.monotonic())
        except ProblemError as problem:
            state["key"] = problem.visitor
            self._metrics.refuse(str(problem.more.get("reason", problem.kind)))
            return problem_response(problem, scope["path"], state["request_id"])
        visitor, state["key"] = admitted.visitor, admitted.key
        state["visitor"] = visitor
        state["address"] = None
        edition = self._watcher.newest
        if visitor is None:
            return self._app
        if scope["path"].endswith("\n"):  # to Starlette's patterns the same address, to the gate another one
            return problem_response(RouteNotFoundError(NO_ROUTE), scope["path"], state["request_id"])
        if edition is None or scope["method"] != "GET":
            return self._app
        accept, freshness = state["headers"].get("accept", ""), edition.freshness(now)
        if len(accept) + len(scope["path"]) + len(scope["query_string"]) > LONGEST_REMEMBERED:
            return self._app
        state["newest"] = edition.rendered
        state["address"] = (visitor.place, scope["path"], scope["query_string"], accept, freshness)
        ready = edition.rendered.shortcut(state["address"])
        if ready is None:
            return self._app
        representation, state["route"] = ready
        return respond(representation, state["headers"], visitor.cache_control)


def visitor_of(request: Request) -> Visitor:
    """Who asks."""
    visitor: Visitor = request.state.visitor
    return visitor


def headers_of(request: Request) -> Mapping[str, str]:
    """What was sent, by name: several lines of one name as one list."""
    headers: Mapping[str, str] = request.state.headers
    return headers


async def reply(request: Request, edition: Edition, key: Key, render: Callable[[], Representation]) -> Response:
    """The body under `key`; if it is of the newest edition, the same request is answered without asking us again."""
    representation = await edition.get(key, render)
    state = request.state
    if state.address is not None and edition.rendered is state.newest:
        edition.rendered.remember(state.address, (edition.place, *key), request.scope["route"].path_format)
    return respond(representation, headers_of(request), visitor_of(request).cache_control)
