"""The table of problem types (RFC 9457), and the one mapping of errors to it."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import MalformedPublicationError, StoreUnreachableError
from service.errors import (
    ForbiddenError,
    ForeignHostError,
    InvalidParameter,
    InvalidParameterError,
    KeyStoreUnavailableError,
    NothingToServeError,
    PlaceRemovedError,
    RequestError,
    TooManyRequestsError,
    UnauthorisedError,
    UnknownValueError,
    sentences,
)
from service.http.security import mask_keys

PROBLEM_JSON = "application/problem+json"
ANSWERED_METHODS = "GET, HEAD, OPTIONS"
RETRY_AFTER_SECONDS = 30

NONE: Mapping[str, str] = MappingProxyType({})
CLOSE = {"Connection": "close"}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Headroom", charset="UTF-8", Bearer realm="Headroom"'}
PREFLIGHT = {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

logger = logging.getLogger(__name__)


class ProblemType(Enum):
    """Status, title and headers of each problem; its name in lower case is the end of its URN."""

    MALFORMED_REQUEST = HTTPStatus.BAD_REQUEST, "This is not an HTTP request that can be read", CLOSE
    ORIGIN_REJECTED = HTTPStatus.BAD_REQUEST, "Pages of this origin may not read this", PREFLIGHT
    UNAUTHORISED = HTTPStatus.UNAUTHORIZED, "A valid key is required", CHALLENGE
    FORBIDDEN = HTTPStatus.FORBIDDEN, "The key is not for this"
    PLACE_REMOVED = HTTPStatus.FORBIDDEN, "The place of the key is not in the publication"
    FOREIGN_HOST = HTTPStatus.FORBIDDEN, "Without a key the service answers this machine alone"
    NOT_FOUND = HTTPStatus.NOT_FOUND, "There is nothing at this address"
    UNKNOWN_VALUE = HTTPStatus.NOT_FOUND, "The requested value is not published"
    METHOD_NOT_ALLOWED = (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The service only reads: use GET or HEAD",
        {"Allow": ANSWERED_METHODS},
    )
    REQUEST_TIMEOUT = HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time", CLOSE
    BODY_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The service takes no bodies", CLOSE
    INVALID_PARAMETER = HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter is not right"
    TOO_MANY_REQUESTS = HTTPStatus.TOO_MANY_REQUESTS, "The key has too many requests"
    HEADER_FIELDS_TOO_LARGE = (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The address or the headers are too long",
        CLOSE,
    )
    NOTHING_TO_SERVE = HTTPStatus.SERVICE_UNAVAILABLE, "There is no publication to serve yet"
    STORE_UNREACHABLE = HTTPStatus.SERVICE_UNAVAILABLE, "The publication store does not answer"
    KEY_STORE_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE, "The keys cannot be read"
    SHUTTING_DOWN = HTTPStatus.SERVICE_UNAVAILABLE, "The service is being stopped", CLOSE
    TOO_MANY_CONNECTIONS = HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections are open", CLOSE
    UNEXPECTED = HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed unexpectedly"
    PUBLICATION_CORRUPT = HTTPStatus.INTERNAL_SERVER_ERROR, "The publication is damaged in its store"

    def __init__(self, status: HTTPStatus, title: str, headers: Mapping[str, str] = NONE) -> None:
        self.status = status
        self.title = title
        self.headers = headers

    @property
    def kind(self) -> str:
        """Return the end of its URN."""
        return self.name.lower().replace("_", "-")


TYPE_OF_ERROR: dict[type[RequestError], ProblemType] = {
    UnauthorisedError: ProblemType.UNAUTHORISED,
    ForbiddenError: ProblemType.FORBIDDEN,
    PlaceRemovedError: ProblemType.PLACE_REMOVED,
    ForeignHostError: ProblemType.FOREIGN_HOST,
    UnknownValueError: ProblemType.UNKNOWN_VALUE,
    InvalidParameterError: ProblemType.INVALID_PARAMETER,
    TooManyRequestsError: ProblemType.TOO_MANY_REQUESTS,
    NothingToServeError: ProblemType.NOTHING_TO_SERVE,
    KeyStoreUnavailableError: ProblemType.KEY_STORE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is answered. `more` are further members of its JSON."""

    type: ProblemType
    detail: str
    parameters: tuple[InvalidParameter, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, error: RequestError) -> "Problem":
        """Return the problem of an error of the domain."""
        return cls(TYPE_OF_ERROR[type(error)], error.detail, error.parameters, error.more)

    def response(self, instance: str, request_id: str) -> Response:
        """Return the problem as an HTTP response, and log it."""
        retry_after = self.more.get("retry_after")
        if self.type.status == HTTPStatus.SERVICE_UNAVAILABLE:
            retry_after = RETRY_AFTER_SECONDS
        headers = {"Cache-Control": "no-store", **self.type.headers}
        self._log(request_id)
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        return Response(self._body(instance, request_id), self.type.status, headers, PROBLEM_JSON)

    def _log(self, request_id: str) -> None:
        """Log type, parameters and reason: never a value, in which a caller may have written anything."""
        fields = {
            "request_id": request_id,
            "status": self.type.status.value,
            "problem": self.type.kind,
            "parameters": [name_label(of.parameter) for of in self.parameters],
            "reason": "; ".join(dict.fromkeys(of.allowed for of in self.parameters)) or self.type.title,
        }
        is_fault = self.type.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        logger.log(logging.WARNING if is_fault else logging.INFO, "rejected", extra={"fields": fields})

    def _body(self, instance: str, request_id: str) -> bytes:
        body = {
            "type": f"urn:headroom:problem:{self.type.kind}",
            "title": self.type.title,
            "status": self.type.status.value,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
            "errors": [{"parameter": p.parameter, "found": p.printable, "allowed": p.allowed} for p in self.parameters],
            **self.more,
        }
        return mask_keys(json.dumps(body)).encode()


def name_label(parameter: str) -> str:
    """Return the name of a parameter as it is logged, where it is a plain one and not a key."""
    return parameter if PLAIN_NAME.fullmatch(parameter) and mask_keys(parameter) == parameter else "-"


NO_ROUTE = Problem(ProblemType.NOT_FOUND, "No route has this address. The routes are listed at /docs.")
UNEXPECTED_FAULT = Problem(
    ProblemType.UNEXPECTED,
    "Something unforeseen went wrong here. It is in the service's log under this request id.",
)
STORE_LOST = Problem(
    ProblemType.STORE_UNREACHABLE,
    "This answer is read from the publication store, which does not answer. The newest forecasts are still served.",
    more={"store": "unreachable"},
)
CORRUPT = Problem(
    ProblemType.PUBLICATION_CORRUPT,
    "This publication cannot be read: what the store holds of it is damaged, as the service's log says. "
    "The newest forecasts are still served; another cutoff may be requested.",
)


def install(app: FastAPI) -> None:
    """Answer every error of a route or of the router with its problem."""

    @app.exception_handler(RequestError)
    async def _request_error(request: Request, error: RequestError) -> Response:
        return _response(request, Problem.of(error))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, _error: Exception) -> Response:
        return _response(request, UNEXPECTED_FAULT)

    @app.exception_handler(StoreUnreachableError)
    async def _store_lost(request: Request, _error: StoreUnreachableError) -> Response:
        return _response(request, STORE_LOST)

    @app.exception_handler(MalformedPublicationError)
    async def _corrupt(request: Request, error: MalformedPublicationError) -> Response:
        logger.error("%s", error)
        return _response(request, CORRUPT)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        # Pydantic puts a word of its own before our sentence, which the type of a parameter raises.
        parameters = tuple(
            InvalidParameter(
                str(item["loc"][-1]), str(item["input"]), str(item.get("ctx", {}).get("error", item["msg"]))
            )
            for item in error.errors()
        )
        return _response(request, Problem(ProblemType.INVALID_PARAMETER, sentences(parameters), parameters))

    @app.exception_handler(HTTPException)
    async def _router(request: Request, error: HTTPException) -> Response:
        is_known = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        if request.method == "OPTIONS" and (is_known or request.scope["path"] == "*"):  # `*` is the service itself
            headers = {"Allow": ANSWERED_METHODS, "Cache-Control": "no-store"}
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        if is_known:
            detail = f"{request.method} is not answered here. Use GET or HEAD."
            return _response(request, Problem(ProblemType.METHOD_NOT_ALLOWED, detail))
        return _response(request, NO_ROUTE)


def _response(request: Request, problem: Problem) -> Response:
    return problem.response(request.url.path, request.state.request_id)
