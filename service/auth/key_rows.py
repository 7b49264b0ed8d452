"""Keys as rows of a table. Another release or a person may have written one, so each value is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, String, cast, select

from publication.key_tables import key_table
from service.auth.keys import HASH_BYTES, KEY_NAME_PATTERN, MAX_PER_MINUTE, SALT_BYTES, Key, Scope

INSTANT_COLUMNS = ("created_at", "expires_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class UnreadableKey:
    """A row that cannot be read as a key: it opens nothing. `reason` says what was found."""

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
    """Return the text with control characters escaped."""
    return text if text.isprintable() else ascii(text)


def every_row() -> Select[Any]:
    """Return the query of all keys, with instants as text: the driver fails for one such as `infinity`."""
    columns = (
        cast(column, String).label(column.name) if column.name in INSTANT_COLUMNS else column for column in key_table.c
    )
    return select(*columns).order_by(key_table.c.name)


def keys_from_rows(rows: list[Mapping[str, Any]]) -> StoredKeys:
    """Return the rows that are keys, and those that are not."""
    found: list[Key] = []
    unreadable: list[UnreadableKey] = []
    for row in rows:
        try:
            found.append(_key(row))
        except (ArithmeticError, TypeError, ValueError) as error:
            unreadable.append(UnreadableKey(str(row["name"]), str(error)))
    return StoredKeys(tuple(found), tuple(unreadable))


def record(key: Key) -> dict[str, object]:
    """Return the key as a row."""
    fields = {field: getattr(key, field) for field in Key.__slots__}
    return fields | {"scopes": " ".join(sorted(key.scopes))}


def _key(row: Mapping[str, Any]) -> Key:
    """Return the key of a row. Raises ArithmeticError, TypeError or ValueError where a column is not one of a key."""
    _check(row)
    created_at, expires_at, revoked_at = (_instant(row[name]) for name in INSTANT_COLUMNS)
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
    """Raise ValueError for a column that is not one of a key. It shows no hash, for it is logged."""
    place, per_minute = row["place"], row["per_minute"]
    if not KEY_NAME_PATTERN.fullmatch(row["name"]):
        raise ValueError("its name is none that a key can have")
    if place is not None and not (isinstance(place, str) and place):
        raise ValueError(f"place is {place!r}")
    if not (isinstance(per_minute, int) and 1 <= per_minute <= MAX_PER_MINUTE):
        raise ValueError(f"per_minute is {per_minute!r}, not a whole number from 1 to {MAX_PER_MINUTE:,}")
    for column, length in (("salt", SALT_BYTES), ("hash", HASH_BYTES)):
        if not isinstance(row[column], bytes) or len(row[column]) != length:
            raise ValueError(f"{column} does not have {length} bytes")


def _scopes(text: str) -> frozenset[Scope]:
    """Return the scopes. A newer release may have scopes that narrow others, so an unknown one is invalid."""
    known = frozenset(scope for scope in Scope if scope in text.split())
    if not known or len(known) != len(text.split()):
        raise ValueError(f"scopes is {text!r}, and this release knows {' and '.join(Scope)}")
    return known


def _instant(text: str | None) -> datetime | None:
    """Return the instant. SQLite writes it without its zone, UTC."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
