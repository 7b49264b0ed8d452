"""Everything that can go wrong, in one shape: RFC 9457 problem+json with a request id."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import MalformedPublicationError, StoreUnreachableError
from publication.redaction import MASK
from service.http.security import mask_keys

MEDIA_TYPE = "application/problem+json"
ALLOWED_METHODS = "GET, HEAD, OPTIONS"
VALUES_SHOWN, LONGEST_SHOWN = 20, 200
LONGEST_COMPARED, MOST_COMPARED = 100, 2000  # beyond, a search for what resembles it takes longer than it helps
RETRY_AFTER_SECONDS = 30
SECRET_PARAMETER = re.compile(r"pass|secret|token|auth|credential|^(api|access)?[_-]?key$", re.IGNORECASE)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InvalidParameter:
    """One thing that is wrong with a request: which parameter, what it held, what it may hold."""

    parameter: str
    found: str
    allowed: str

    @property
    def shown(self) -> str:
        """No more of what was found than helps to find it, and no password."""
        if SECRET_PARAMETER.search(self.parameter):
            return MASK
        rest = len(self.found) - LONGEST_SHOWN
        return self.found if rest <= 0 else f"{self.found[:LONGEST_SHOWN]}... and {rest} characters more"

    def __str__(self) -> str:
        return f"{self.parameter} was {self.shown!r}; allowed: {self.allowed}"


class ProblemError(Exception):
    """Base of what the service answers with an error status. `detail` is for the caller, and shows no internals.

    `principal`: the name of the key that asked, where that is known before the request is let in.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    kind: ClassVar[str] = "unexpected"
    title: ClassVar[str] = "The service failed unexpectedly"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, findings: tuple[InvalidParameter, ...] = (), **more: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = findings
        self.more = more
        self.principal: str | None = None


class MalformedRequestError(ProblemError):
    """What arrived is no HTTP request."""

    status = HTTPStatus.BAD_REQUEST
    kind = "malformed-request"
    title = "This is not an HTTP request that can be read"


class OriginRefusedError(ProblemError):
    """A browser asks whether a page of another web origin may read, and it may not."""

    status = HTTPStatus.BAD_REQUEST
    kind = "origin-refused"
    title = "Pages of this origin may not read this"
    headers: ClassVar[Mapping[str, str]] = {
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    }


class UnauthorisedError(ProblemError):
    """No key, or none that is valid. `reason`: missing, unknown, expired or revoked."""

    status = HTTPStatus.UNAUTHORIZED
    kind = "unauthorised"
    title = "A valid key is asked for"
    headers: ClassVar[Mapping[str, str]] = {
        "WWW-Authenticate": 'Basic realm="Headroom", charset="UTF-8", Bearer realm="Headroom"'
    }


class ForbiddenError(ProblemError):
    """A valid key, which is not for this."""

    status = HTTPStatus.FORBIDDEN
    kind = "forbidden"
    title = "The key is not for this"


class PlaceRemovedError(ForbiddenError):
    """A key of a place that the publication does not have."""

    kind = "place-removed"
    title = "The place of the key is not in the publication"


class ForeignHostError(ForbiddenError):
    """No key is asked for yet, and the request is meant for a host that is not this machine."""

    kind = "foreign-host"
    title = "Without a key the service answers this machine alone"


class RouteNotFoundError(ProblemError):
    status = HTTPStatus.NOT_FOUND
    kind = "not-found"
    title = "There is nothing at this address"


class MethodNotAllowedError(ProblemError):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    kind = "method-not-allowed"
    title = "The service only reads: use GET or HEAD"
    headers: ClassVar[Mapping[str, str]] = {"Allow": ALLOWED_METHODS}


class RequestTimeoutError(ProblemError):
    """A request does not arrive, or not whole."""

    status = HTTPStatus.REQUEST_TIMEOUT
    kind = "request-timeout"
    title = "The request did not arrive in time"


class BodyTooLargeError(ProblemError):
    """A body, where none is asked for, of more than may be ignored."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    kind = "body-too-large"
    title = "The service takes no bodies"
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}


class HeaderFieldsTooLargeError(ProblemError):
    """An address and headers of more than may be read."""

    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    kind = "header-fields-too-large"
    title = "The address or the headers are too long"


class TooManyRequestsError(ProblemError):
    """A key that asks more often than it may."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "too-many-requests"
    title = "The key asks too often"


class UnknownValueError(ProblemError):
    """A place, measure, stream, series or cutoff that is not published."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-value"
    title = "What was asked for is not published"


class InvalidParameterError(ProblemError):
    """A parameter that the route does not take, or whose value it cannot read."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-parameter"
    title = "A parameter is not right"


class DamagedError(ProblemError):
    """An older publication whose rows in the store are damaged."""

    kind = "publication-corrupt"
    title = "The publication is damaged in its store"


class NothingToServeError(ProblemError):
    """No publication has been seen yet."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "nothing-to-serve"
    title = "There is no publication to serve yet"


class StoreLostError(ProblemError):
    """The answer needs the store, and the store does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "store-unreachable"
    title = "The publication store does not answer"


class KeysUnknownError(ProblemError):
    """The keys have not been read yet; or there were none, and whether there are any now cannot be read."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "key-store-unavailable"
    title = "The keys cannot be read"


class ShuttingDownError(ProblemError):
    """The service is ending, and the answer is not ready in time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "shutting-down"
    title = "The service is being stopped"
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}


class TooManyConnectionsError(ProblemError):
    """More connections than the service holds open."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "too-many-connections"
    title = "Too many connections are open"


PROBLEMS: tuple[type[ProblemError], ...] = (
    MalformedRequestError,
    OriginRefusedError,
    UnauthorisedError,
    ForbiddenError,
    PlaceRemovedError,
    ForeignHostError,
    RouteNotFoundError,
    UnknownValueError,
    MethodNotAllowedError,
    RequestTimeoutError,
    BodyTooLargeError,
    InvalidParameterError,
    TooManyRequestsError,
    HeaderFieldsTooLargeError,
    NothingToServeError,
    StoreLostError,
    KeysUnknownError,
    ShuttingDownError,
    TooManyConnectionsError,
    ProblemError,
    DamagedError,
)

NO_ROUTE = "No route has this address. The routes are listed at /docs."
UNEXPECTED = "Something unforeseen went wrong here. It is in the service's log under this request id."
STORE_LOST = (
    "This answer is read from the publication store, which does not answer. The newest forecasts are still served."
)

DAMAGED = (
    "This publication cannot be read: what the store holds of it is damaged, as the service's log tells. "
    "The newest forecasts are still served; another cutoff may be asked for."
)


def one_of(values: list[str], near: str = "") -> str:
    """A readable list of what is allowed, what resembles `near` first, not endlessly long."""
    close = (
        get_close_matches(near, values, n=5) if len(near) <= LONGEST_COMPARED and len(values) <= MOST_COMPARED else []
    )
    ordered = close + [value for value in values if value not in close]
    rest = len(ordered) - VALUES_SHOWN
    return ", ".join(ordered[:VALUES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def problem_response(problem: ProblemError, instance: str, request_id: str) -> Response:
    """The problem as its HTTP answer."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    retry_after = problem.more.get("retry_after")
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after = RETRY_AFTER_SECONDS
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(problem_body(problem, instance, request_id), problem.status, headers, MEDIA_TYPE)


def problem_body(problem: ProblemError, instance: str, request_id: str) -> bytes:
    body = {
        "type": f"urn:headroom:problem:{problem.kind}",
        "title": problem.title,
        "status": problem.status.value,
        "detail": problem.detail,
        "instance": instance,
        "request_id": request_id,
        "errors": [{"parameter": f.parameter, "found": f.shown, "allowed": f.allowed} for f in problem.findings],
        **problem.more,
    }
    return mask_keys(json.dumps(body)).encode()


def install(app: FastAPI) -> None:
    """Let every error that a route or the router raises leave in this shape."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        return _answer(request, error)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, _error: Exception) -> Response:
        return _answer(request, ProblemError(UNEXPECTED))

    @app.exception_handler(StoreUnreachableError)
    async def _store_lost(request: Request, _error: StoreUnreachableError) -> Response:
        return _answer(request, StoreLostError(STORE_LOST, store="unreachable"))

    @app.exception_handler(MalformedPublicationError)
    async def _damaged(request: Request, error: MalformedPublicationError) -> Response:
        logger.error("%s", error)
        return _answer(request, DamagedError(DAMAGED))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        findings = tuple(
            # Pydantic puts a word of its own before the sentence of ours that the type of a parameter raises.
            InvalidParameter(
                str(item["loc"][-1]), str(item["input"]), str(item.get("ctx", {}).get("error", item["msg"]))
            )
            for item in error.errors()
        )
        return _answer(request, InvalidParameterError(_sentences(findings), findings))

    @app.exception_handler(HTTPException)
    async def _router(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            if request.method == "OPTIONS":
                return _options()
            return _answer(request, MethodNotAllowedError(f"{request.method} is not answered here. Use GET or HEAD."))
        if request.method == "OPTIONS" and request.scope["path"] == "*":  # of the service as a whole
            return _options()
        return _answer(request, RouteNotFoundError(NO_ROUTE))


def _options() -> Response:
    headers = {"Allow": ALLOWED_METHODS, "Cache-Control": "no-store"}
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def unknown(*findings: InvalidParameter) -> UnknownValueError:
    shown = findings[:VALUES_SHOWN]
    return UnknownValueError(_sentences(shown), shown)


def invalid(*findings: InvalidParameter) -> InvalidParameterError:
    shown = findings[:VALUES_SHOWN]
    return InvalidParameterError(_sentences(shown), shown)


def refused_origin(findings: tuple[InvalidParameter, ...]) -> OriginRefusedError:
    return OriginRefusedError(_sentences(findings), findings)


def _sentences(findings: tuple[InvalidParameter, ...]) -> str:
    return ". ".join(str(finding) for finding in findings) + "."


def _answer(request: Request, problem: ProblemError) -> Response:
    return problem_response(problem, request.url.path, request.state.request_id)
