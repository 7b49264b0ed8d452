"""API keys: long random secrets of which the store keeps a salted hash alone."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from service.auth.principal import Principal, Scope
from service.http.security import KEY_PREFIX

ID_BYTES, SECRET_BYTES, SALT_BYTES, HASH_BYTES = 5, 32, 16, 32
KEY = re.compile(rf"{KEY_PREFIX}_([0-9a-f]{{{2 * ID_BYTES}}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
MOST_PER_MINUTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. `id` is the part of it that is no secret."""

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
        """Whether `secret` is the one it was made with, compared in constant time."""
        return hmac.compare_digest(hashed(secret, self.salt), self.hash)

    def state(self, now: datetime) -> str:
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
    """A key, and its text, which is told once and kept nowhere."""
    key_id, secret, salt = (
        secrets.token_hex(ID_BYTES),
        secrets.token_urlsafe(SECRET_BYTES),
        secrets.token_bytes(SALT_BYTES),
    )
    key = Key(key_id, name, scopes, place, per_minute, now, expires_at, None, salt, hashed(secret, salt))
    return key, f"{KEY_PREFIX}_{key_id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Id and secret of a key's text; None where it is not one."""
    found = KEY.fullmatch(text)
    return None if found is None else (found.group(1), found.group(2))


def hashed(secret: str, salt: bytes) -> bytes:
    """One round of SHA-256: a secret of 256 random bits is not to be guessed, however quick a guess is."""
    return hashlib.sha256(salt + secret.encode()).digest()


DUMMY_KEY = new_key("nobody", frozenset(), datetime.min)[0]
"""What a text is compared with that names no key, so that this takes as long."""
