"""Authentication, and the response cache: a request whose body is ready never reaches its route again."""

import time
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth import Principal
from service.auth.authenticator import Authenticator
from service.http.conditional import Representation, respond
from service.http.problems import NO_ROUTE, ProblemError, RouteNotFoundError, problem_response
from service.observability.metrics import RequestMetrics
from service.publications.poller import StorePoller
from service.publications.ports import Clock
from service.publications.render_cache import Key
from service.publications.served import ServedPublication

LONGEST_REMEMBERED = 1000
"""Characters of an address and what it accepts: of longer ones, memory would hold what a caller made up."""


class AuthCacheMiddleware:
    """Between the edge and the routes. Sets `principal` for the routes, and `key` for the log and the metrics."""

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, poller: StorePoller, metrics: RequestMetrics, clock: Clock
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._poller = poller
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
            authenticated = self._authenticator.authenticate(scope["path"], state["headers"], now, time.monotonic())
        except ProblemError as problem:
            state["key"] = problem.principal
            self._metrics.refuse(str(problem.more.get("reason", problem.kind)))
            return problem_response(problem, scope["path"], state["request_id"])
        principal, state["key"] = authenticated.principal, authenticated.key
        state["principal"] = principal
        state["address"] = None
        served = self._poller.newest
        if principal is None:
            return self._app
        if scope["path"].endswith("\n"):  # to Starlette's patterns the same address, to the gate another one
            return problem_response(RouteNotFoundError(NO_ROUTE), scope["path"], state["request_id"])
        if served is None or scope["method"] != "GET":
            return self._app
        accept, freshness = state["headers"].get("accept", ""), served.freshness(now)
        if len(accept) + len(scope["path"]) + len(scope["query_string"]) > LONGEST_REMEMBERED:
            return self._app
        state["newest"] = served.render_cache
        state["address"] = (principal.place, scope["path"], scope["query_string"], accept, freshness)
        ready = served.render_cache.shortcut(state["address"])
        if ready is None:
            return self._app
        representation, state["route"] = ready
        return respond(representation, state["headers"], principal.cache_control)


def current_principal(request: Request) -> Principal:
    """Return the authenticated principal of the request."""
    principal: Principal = request.state.principal
    return principal


def headers_of(request: Request) -> Mapping[str, str]:
    """Return the headers of the request by name; several lines of one name are one list."""
    headers: Mapping[str, str] = request.state.headers
    return headers


async def cached_response(
    request: Request, served: ServedPublication, key: Key, render: Callable[[], Representation]
) -> Response:
    """Return the body under `key`, and let the same address find one of the newest publication without a route."""
    representation = await served.get(key, render)
    state = request.state
    if state.address is not None and served.render_cache is state.newest:
        served.render_cache.remember(state.address, (served.place, *key), request.scope["route"].path_format)
    return respond(representation, headers_of(request), current_principal(request).cache_control)
