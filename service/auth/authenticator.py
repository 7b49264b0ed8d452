"""Authentication of requests: the key of a request, its state, its scope and its rate limit."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from service.auth.key_cache import KeyCache
from service.auth.keys import ANONYMOUS_PRINCIPAL, DUMMY_KEY, AnonymousPolicy, Key, Principal, Scope, parse_key
from service.errors import (
    ForbiddenError,
    ForeignHostError,
    KeyStoreUnavailableError,
    RequestError,
    TooManyRequestsError,
    UnauthorisedError,
)
from service.http.security import is_this_machine

PUBLIC_PATHS = frozenset({"/healthz", "/readyz"})
METRICS_PATH = "/metrics"
MINUTE_SECONDS = 60.0

KEY_REQUIRED = "This service requires a key. Send it as `Authorization: Bearer KEY`, or as the password of HTTP Basic."
NO_KEYS_YET = "Nobody may read here yet: no key has been made. Run `headroom-service keys create NAME`."
UNKNOWN_KEY = "The key that was sent is not one of this service. Ask whoever runs it."
INVALID_KEY = "The key {name} is {state}. Ask whoever runs the service for another."
FOREIGN_HOST = (
    "No key has been made yet, so only this machine is answered: use localhost or 127.0.0.1. For other names make "
    "a key with `headroom-service keys create NAME`, or start with --allow-anonymous where the network is guarded."
)
KEYS_UNAVAILABLE = "The keys cannot be read, so nobody is let in. They are read again every few seconds."
RATE_LIMITED = "The key {name} is allowed {per_minute} requests a minute. Wait {seconds} s, or ask for a higher limit."
WRONG_SCOPE = "The key {name} is not for this: it has {scopes}, and this requires {wanted}."


@dataclass(frozen=True, slots=True)
class AuthResult:
    """The principal, None for an anonymous request to a public path; and the name of the key that was sent."""

    principal: Principal | None
    key: str | None = None


class Authenticator:
    """Authenticates requests by their keys."""

    def __init__(self, key_cache: KeyCache, anonymous_policy: AnonymousPolicy) -> None:
        self._key_cache = key_cache
        self._anonymous_policy = anonymous_policy
        self._rate_limits = RateLimits()

    def authenticate(self, path: str, headers: Mapping[str, str], now: datetime, ticks: float) -> AuthResult:
        """Return the authenticated principal, or None for an anonymous request to a public path.

        Raises RequestError of status 401, 403, 429 or 503. `ticks` are seconds of a monotonic clock.
        """
        if self._key_cache.is_empty and self._anonymous_policy is not AnonymousPolicy.REJECT:
            principal = self._without_key(path, headers)
            return AuthResult(principal, None if principal is None else principal.name)
        if path in PUBLIC_PATHS:
            return self._at_public_path(headers, now)
        key = self._key(headers, now)
        wait_seconds = self._rate_limits.take(key.id, key.per_minute, ticks)
        if wait_seconds:
            seconds = ceil(wait_seconds)
            detail = RATE_LIMITED.format(name=key.name, per_minute=key.per_minute, seconds=seconds)
            raise _with_principal(key, TooManyRequestsError(detail, retry_after=seconds))
        wanted = Scope.METRICS if path == METRICS_PATH else Scope.READ
        if wanted not in key.scopes:
            scopes = " and ".join(sorted(key.scopes))
            detail = WRONG_SCOPE.format(name=key.name, scopes=scopes, wanted=wanted.value)
            raise _with_principal(key, ForbiddenError(detail))
        return AuthResult(key.principal, key.name)

    def _without_key(self, path: str, headers: Mapping[str, str]) -> Principal | None:
        if self._anonymous_policy is AnonymousPolicy.ALLOW or is_this_machine(headers.get("host")):
            return ANONYMOUS_PRINCIPAL
        if path in PUBLIC_PATHS:
            return None
        raise ForeignHostError(FOREIGN_HOST)

    def _at_public_path(self, headers: Mapping[str, str], now: datetime) -> AuthResult:
        try:
            key = self._key(headers, now)
        except RequestError as error:
            return AuthResult(None, error.principal)
        return AuthResult(key.principal if Scope.READ in key.scopes else None, key.name)

    def _key(self, headers: Mapping[str, str], now: datetime) -> Key:
        if not self._key_cache.is_loaded:
            raise KeyStoreUnavailableError(KEYS_UNAVAILABLE)
        authorization = headers.get("authorization")
        if authorization is None:
            raise UnauthorisedError(KEY_REQUIRED if self._key_cache.has_keys else NO_KEYS_YET, reason="missing")
        found = parse_key(key_text(authorization))
        key_id, secret = found or ("", "")
        key = self._key_cache.find(key_id)
        if not (key or DUMMY_KEY).opens(secret) or key is None:
            raise UnauthorisedError(UNKNOWN_KEY, reason="unknown")
        state = key.state(now)
        if state != "valid":
            error = UnauthorisedError(INVALID_KEY.format(name=key.name, state=state), reason=state)
            raise _with_principal(key, error)
        return key


def key_text(authorization: str) -> str:
    """Return the key of the header: after Bearer, or the password of Basic; an empty text where it has none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2].strip()
        except ValueError:  # not base64, not ASCII before, or not UTF-8 after
            return ""
    return ""


def _with_principal(key: Key, error: RequestError) -> RequestError:
    """Return the error, with the name of the key for the log and the metrics."""
    error.principal = key.name
    return error


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class RateLimits:
    """A token bucket for each key: it fills with the requests of a minute, and holds those of one minute.

    The buckets belong to one process: with several replicas, each allows a key as many requests.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key_id: str, per_minute: int, now: float) -> float:
        """Count one request at `now`, in seconds of a monotonic clock.

        Return 0 where it may pass, else the seconds until one may. Rejected requests are not counted.
        """
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = _Bucket(per_minute, now)
        rate = per_minute / MINUTE_SECONDS
        bucket.left = min(bucket.left + (now - bucket.filled_at) * rate, per_minute)
        bucket.filled_at = now
        if bucket.left < 1:
            return (1 - bucket.left) / rate
        bucket.left -= 1
        return 0.0
