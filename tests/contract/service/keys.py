"""Keys for tests, in a file of their own as an operator makes them."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from service.auth.key_store import KeyStore
from service.auth.keys import Scope, new_key
from tests.contract.service.client import MORNING

READ, METRICS = frozenset({Scope.READ}), frozenset({Scope.METRICS})


@dataclass(frozen=True)
class Bunch:
    """A store of keys, and the text of each."""

    store: KeyStore
    text: dict[str, str]

    def bearer(self, name: str) -> str:
        return f"Bearer {self.text[name]}"

    def add(
        self,
        name: str,
        scopes: frozenset[Scope] = READ,
        place: str | None = None,
        per_minute: int = 100_000,
        expires_at: datetime | None = None,
    ) -> None:
        key, self.text[name] = new_key(name, scopes, MORNING, place, per_minute, expires_at)
        self.store.add(key)


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def make_bunch(folder: Path) -> Bunch:
    """One key of each kind; `soon` is valid until an hour after the morning at which tests stand."""
    bunch = Bunch(KeyStore(f"sqlite:///{folder / 'keys.db'}", writable=True), {})
    bunch.add("reader")
    bunch.add("scraper", METRICS)
    bunch.add("both", READ | METRICS)
    bunch.add("trust-h", place="RXH")
    bunch.add("site", place="RXK2")
    bunch.add("elsewhere", place="RYZ")
    bunch.add("expired", expires_at=MORNING)
    bunch.add("soon", expires_at=MORNING + timedelta(hours=1))
    bunch.add("revoked")
    bunch.store.revoke("revoked", MORNING)
    return bunch
