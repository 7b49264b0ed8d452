"""API keys, long random secrets of which a salted hash alone is stored, and the principals that they stand for."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto

from service.http.security import KEY_PREFIX

ID_BYTES, SECRET_BYTES, SALT_BYTES, HASH_BYTES = 5, 32, 16, 32
KEY_PATTERN = re.compile(rf"{KEY_PREFIX}_([0-9a-f]{{{2 * ID_BYTES}}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
KEY_NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
MAX_PER_MINUTE = 1_000_000_000


class Scope(StrEnum):
    """A part of the service that a key opens."""

    READ = "read"
    METRICS = "metrics"


class AnonymousPolicy(Enum):
    """The callers that may read as long as no key was ever made."""

    REJECT = auto()
    LOOPBACK = auto()
    """Callers that name this machine as the host. A page of another site in a browser here does not."""
    ALLOW = auto()


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a key, by its name, and its scopes. `place`: the root of the part of the system that it may see."""

    name: str | None
    scopes: frozenset[Scope]
    place: str | None = None

    @property
    def cache_control(self) -> str:
        """Return the Cache-Control of responses to this principal: always revalidated, and private with a key."""
        return "no-cache" if self.name is None else "private, no-cache"


ANONYMOUS_PRINCIPAL = Principal(None, frozenset(Scope))
"""Any caller, while no key was ever made."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored. `id` is the part of its text that is no secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    place: str | None
    per_minute: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    salt: bytes
    hash: bytes

    def opens(self, secret: str) -> bool:
        """Return whether `secret` is the one of this key, compared in constant time."""
        return hmac.compare_digest(hashed(secret, self.salt), self.hash)

    def state(self, now: datetime) -> str:
        """Return `valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "valid"

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.scopes, self.place)


def new_key(
    name: str,
    scopes: frozenset[Scope],
    now: datetime,
    place: str | None = None,
    per_minute: int = 600,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """Return a key, and its text, which is shown once and stored nowhere."""
    key_id, secret, salt = (
        secrets.token_hex(ID_BYTES),
        secrets.token_urlsafe(SECRET_BYTES),
        secrets.token_bytes(SALT_BYTES),
    )
    key = Key(key_id, name, scopes, place, per_minute, now, expires_at, None, salt, hashed(secret, salt))
    return key, f"{KEY_PREFIX}_{key_id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Return id and secret of a key's text; None where it is not one."""
    found = KEY_PATTERN.fullmatch(text)
    return None if found is None else (found.group(1), found.group(2))


def hashed(secret: str, salt: bytes) -> bytes:
    """Return one round of SHA-256: 256 random bits cannot be guessed, however fast each guess is."""
    return hashlib.sha256(salt + secret.encode()).digest()


DUMMY_KEY = new_key("nobody", frozenset(), datetime.min)[0]
"""The key that a text without a known id is compared with, so that this takes as long."""
