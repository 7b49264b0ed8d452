"""Authentication, and the response cache: a request whose body is ready never reaches its route again."""

import math
import time
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.authenticator import Authenticator
from service.auth.keys import Principal
from service.errors import RequestError
from service.http.conditional import Representation, respond
from service.http.problems import NO_ROUTE, Problem
from service.observability.metrics import RequestMetrics
from service.publications.render_cache import Key
from service.publications.repository import Clock, PublicationRepository
from service.publications.served import ServedPublication

MAX_CACHED_ADDRESS = 1000
"""Characters of an address and its Accept header: the cache keeps no longer ones, which a caller may have made up."""


class AuthCacheMiddleware:
    """The layer before the routes. It sets `principal` for the routes, and `key` for the log and the metrics."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        repository: PublicationRepository,
        metrics: RequestMetrics,
        clock: Clock,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._repository = repository
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
        except RequestError as error:
            problem = Problem.of(error)
            state["key"] = error.principal
            self._metrics.reject(str(error.more.get("reason", problem.type.kind)))
            return problem.response(scope["path"], state["request_id"])
        principal, state["key"] = authenticated.principal, authenticated.key
        state["principal"] = principal
        state["address"] = None
        served = self._repository.newest
        if principal is None:
            return self._app
        if scope["path"].endswith("\n"):  # Starlette's patterns ignore it, the authenticator does not
            return NO_ROUTE.response(scope["path"], state["request_id"])
        if served is None or scope["method"] != "GET":
            return self._app
        accept, days_over = state["headers"].get("accept", ""), served.days_over(now)
        if len(accept) + len(scope["path"]) + len(scope["query_string"]) > MAX_CACHED_ADDRESS:
            return self._app
        state["newest"] = served.render_cache
        state["address"] = (
            principal.place,
            state["prefix"],
            scope["path"],
            scope["query_string"],
            accept,
            days_over,
        )
        ready = served.render_cache.find_alias(state["address"])
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
    request: Request,
    served: ServedPublication,
    key: Key,
    render: Callable[[], Representation],
    lifetime_seconds: float = math.inf,
) -> Response:
    """Return the body under `key`. Requests for the same address get it without its route, until the lifetime ends."""
    representation = await served.get(key, render)
    state = request.state
    if state.address is not None and served.render_cache is state.newest:
        route = request.scope["route"].path_format
        served.render_cache.remember(state.address, (served.place, *key), route, lifetime_seconds)
    return respond(representation, headers_of(request), current_principal(request).cache_control)
