"""Which pages of other web origins may read (CORS). Browsers ask beforehand: a refusal is a problem like any other."""

from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.problems import InvalidParameter, OriginRefusedError, problem_response, refused_origin

METHODS = ("GET", "HEAD")
ASKED_HEADERS = ("Authorization", "If-None-Match", "If-Modified-Since", "X-Request-ID")
SHOWN_HEADERS = ("ETag", "Last-Modified", "Link", "Retry-After", "X-Request-ID")
REMEMBERED_SECONDS = 600

ORIGIN = "Origin"
METHOD = "Access-Control-Request-Method"
NAMES = "Access-Control-Request-Headers"
PRIVATE_NETWORK = "Access-Control-Request-Private-Network"
NAMED_ORIGINS = "an origin that HEADROOM_ALLOWED_ORIGINS names"


class ProblemCORSMiddleware(CORSMiddleware):
    """Lets pages of the named origins read, and no others."""

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ASKED_HEADERS,
            expose_headers=SHOWN_HEADERS,
            max_age=REMEMBERED_SECONDS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser is told that asks whether a page may read. Starlette's own refusal is plain text."""
        findings = tuple(self._findings(request_headers))
        return _Refusal(refused_origin(findings)) if findings else super().preflight_response(request_headers)

    def _findings(self, headers: Headers) -> Iterator[InvalidParameter]:
        if not self.is_allowed_origin(headers[ORIGIN]):
            yield InvalidParameter(ORIGIN, headers[ORIGIN], NAMED_ORIGINS)
        if headers[METHOD] not in METHODS:
            yield InvalidParameter(METHOD, headers[METHOD], ", ".join(METHODS))
        asked = headers.get(NAMES)
        if asked is not None and any(name.strip().lower() not in self.allow_headers for name in asked.split(",")):
            yield InvalidParameter(NAMES, asked, ", ".join(ASKED_HEADERS))
        if PRIVATE_NETWORK in headers:
            yield InvalidParameter(PRIVATE_NETWORK, headers[PRIVATE_NETWORK], "nothing: leave it out")


class _Refusal(Response):
    """A problem that learns whose it is when it is sent."""

    def __init__(self, problem: OriginRefusedError) -> None:
        super().__init__(status_code=problem.status)
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem_response(self._problem, scope["path"], scope["state"]["request_id"])
        await answer(scope, receive, send)
