"""Lets in who belongs: finds the key of a request, and refuses with a reason that tells nothing else."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from service.auth.key_cache import KeyCache
from service.auth.keys import DUMMY_KEY, Key, parse_key
from service.auth.limits import Limits
from service.auth.principal import ANONYMOUS_PRINCIPAL, AnonymousPolicy, Principal, Scope
from service.http.problems import (
    ForbiddenError,
    ForeignHostError,
    KeysUnknownError,
    ProblemError,
    TooManyRequestsError,
    UnauthorisedError,
)
from service.http.security import is_this_machine

PUBLIC_PATHS = frozenset({"/healthz", "/readyz"})
NO_KEY = "This service asks for a key. Send it as `Authorization: Bearer KEY`, or as the password of HTTP Basic."
NO_KEYS_YET = "Nobody may read here yet: no key has been made. Run `headroom-service keys create NAME`."
NOT_A_KEY = "The key that was sent is not one of this service. Ask whoever runs it."
NOT_NOW = "The key {name} is {state}. Ask whoever runs the service for another."
FOREIGN_HOST = (
    "No key has been made yet, so only this machine is answered: ask for localhost or 127.0.0.1. For other names make "
    "a key with `headroom-service keys create NAME`, or start with --allow-anonymous where the network is guarded."
)
KEYS_UNKNOWN = "The keys cannot be read, so nobody is let in. They are asked for again every few seconds."
TOO_MANY = (
    "The key {name} may ask {per_minute} times a minute. Wait {seconds} s, or ask whoever runs the service for more."
)
NOT_FOR_THAT = "The key {name} is not for this: it has {scopes}, and this asks for {wanted}."


@dataclass(frozen=True, slots=True)
class AuthResult:
    """Who asks, None where that is to learn nothing; and the name of the key that was sent, valid for this or not."""

    principal: Principal | None
    key: str | None = None


class Authenticator:
    """Decides who a request is from, and whether it may pass."""

    def __init__(self, key_cache: KeyCache, anonymous_policy: AnonymousPolicy) -> None:
        self._key_cache = key_cache
        self._anonymous_policy = anonymous_policy
        self._limits = Limits()

    def authenticate(self, path: str, headers: Mapping[str, str], now: datetime, ticks: float) -> AuthResult:
        """Return the authenticated principal, or None for an anonymous request to a public path.

        Raises a 401, 403, 429 or 503 problem. `ticks` are seconds of a clock that only goes forward.
        """
        if self._key_cache.is_empty and self._anonymous_policy is not AnonymousPolicy.REFUSE:
            principal = self._without_key(path, headers)
            return AuthResult(principal, None if principal is None else principal.name)
        if path in PUBLIC_PATHS:
            return self._quietly(headers, now)
        key = self._key(headers, now)
        wait_seconds = self._limits.take(key.id, key.per_minute, ticks)
        if wait_seconds:
            seconds = ceil(wait_seconds)
            detail = TOO_MANY.format(name=key.name, per_minute=key.per_minute, seconds=seconds)
            raise _of(key, TooManyRequestsError(detail, retry_after=seconds))
        wanted = Scope.METRICS if path == "/metrics" else Scope.READ
        if wanted not in key.scopes:
            scopes = " and ".join(sorted(key.scopes))
            raise _of(key, ForbiddenError(NOT_FOR_THAT.format(name=key.name, scopes=scopes, wanted=wanted.value)))
        return AuthResult(key.principal, key.name)

    def _without_key(self, path: str, headers: Mapping[str, str]) -> Principal | None:
        if self._anonymous_policy is AnonymousPolicy.ALLOW or is_this_machine(headers.get("host")):
            return ANONYMOUS_PRINCIPAL
        if path in PUBLIC_PATHS:
            return None
        raise ForeignHostError(FOREIGN_HOST)

    def _quietly(self, headers: Mapping[str, str], now: datetime) -> AuthResult:
        try:
            key = self._key(headers, now)
        except ProblemError as problem:
            return AuthResult(None, problem.principal)
        return AuthResult(key.principal if Scope.READ in key.scopes else None, key.name)

    def _key(self, headers: Mapping[str, str], now: datetime) -> Key:
        if not self._key_cache.is_loaded:
            raise KeysUnknownError(KEYS_UNKNOWN)
        authorization = headers.get("authorization")
        if authorization is None:
            raise UnauthorisedError(NO_KEY if self._key_cache.has_keys else NO_KEYS_YET, reason="missing")
        found = parse_key(secret_of(authorization))
        key_id, secret = found or ("", "")
        key = self._key_cache.find(key_id)
        if not (key or DUMMY_KEY).opens(secret) or key is None:
            raise UnauthorisedError(NOT_A_KEY, reason="unknown")
        state = key.state(now)
        if state != "valid":
            raise _of(key, UnauthorisedError(NOT_NOW.format(name=key.name, state=state), reason=state))
        return key


def secret_of(authorization: str) -> str:
    """The key that the header carries: after Bearer, or as the password of Basic; nothing where it carries none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2].strip()
        except ValueError:  # not base64, not ASCII before, or not UTF-8 after
            return ""
    return ""


def _of(key: Key, problem: ProblemError) -> ProblemError:
    """The problem, with whose it is: for the log and the metrics."""
    problem.principal = key.name
    return problem
