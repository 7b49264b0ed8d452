"""Keys as rows. A newer release may have written one, or a person with SQL, so nothing in it is taken for granted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Select, String, Table, cast, select

from publication.schema import Instant
from service.auth.keys import HASH_BYTES, MOST_PER_MINUTE, NAME, SALT_BYTES, Key
from service.auth.principal import Scope

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("scopes", String, nullable=False),
    Column("place", String),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
INSTANTS = ("created_at", "expires_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class UnreadableKey:
    """A row that is no key we know: it opens nothing. `reason` says what was found."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """Every key that was ever made, by name."""

    keys: tuple[Key, ...] = ()
    unreadable: tuple[UnreadableKey, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or self.unreadable)


def printable(text: str) -> str:
    """On one line, and nothing that a terminal would obey."""
    return text if text.isprintable() else ascii(text)


def every_row() -> Select[Any]:
    """Instants as text: the driver would give up all rows for one that no datetime can hold, such as `infinity`."""
    columns = (cast(column, String).label(column.name) if column.name in INSTANTS else column for column in keys.c)
    return select(*columns).order_by(keys.c.name)


def keys_from_rows(rows: list[Mapping[str, Any]]) -> StoredKeys:
    """The rows that are keys, and those that are not."""
    found: list[Key] = []
    unreadable: list[UnreadableKey] = []
    for row in rows:
        try:
            found.append(_key(row))
        except (ArithmeticError, TypeError, ValueError) as error:
            unreadable.append(UnreadableKey(str(row["name"]), str(error)))
    return StoredKeys(tuple(found), tuple(unreadable))


def record(key: Key) -> dict[str, object]:
    """The key as a row."""
    fields = {field: getattr(key, field) for field in Key.__slots__}
    return fields | {"scopes": " ".join(sorted(key.scopes))}


def _key(row: Mapping[str, Any]) -> Key:
    """Raises what reading a value raises for a row that is not a key in all its columns."""
    _check(row)
    created_at, expires_at, revoked_at = (_instant(row[name]) for name in INSTANTS)
    if created_at is None:
        raise ValueError("created_at is missing")
    return Key(
        id=row["id"],
        name=row["name"],
        scopes=_scopes(row["scopes"]),
        place=row["place"],
        per_minute=row["per_minute"],
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        salt=row["salt"],
        hash=row["hash"],
    )


def _check(row: Mapping[str, Any]) -> None:
    """Hashes are not told: what is said of a row goes to the log."""
    place, per_minute = row["place"], row["per_minute"]
    if not NAME.fullmatch(row["name"]):
        raise ValueError("its name is none that a key can have")
    if place is not None and not (isinstance(place, str) and place):
        raise ValueError(f"place is {place!r}")
    if not (isinstance(per_minute, int) and 1 <= per_minute <= MOST_PER_MINUTE):
        raise ValueError(f"per_minute is {per_minute!r}, not a whole number from 1 to {MOST_PER_MINUTE:,}")
    for column, length in (("salt", SALT_BYTES), ("hash", HASH_BYTES)):
        if not isinstance(row[column], bytes) or len(row[column]) != length:
            raise ValueError(f"{column} does not have {length} bytes")


def _scopes(text: str) -> frozenset[Scope]:
    """A newer release may have scopes that narrow others, so a set that is not known whole opens nothing."""
    known = frozenset(scope for scope in Scope if scope in text.split())
    if not known or len(known) != len(text.split()):
        raise ValueError(f"scopes is {text!r}, and this release knows {' and '.join(Scope)}")
    return known


def _instant(text: str | None) -> datetime | None:
    """An instant as the database writes it; SQLite leaves out that it is in UTC."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
