"""Tables of live scores, notes on suspect values and the beds that a discharge frees have names of their own."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

GZIP = zlib.MAX_WBITS + 16

publications = sa.table(
    "publications", *map(sa.column, ("id", "digest")), sa.column("notes"), sa.column("document", sa.LargeBinary)
)


def upgrade() -> None:
    op.rename_table("ledgers", "live_scores")
    op.alter_column("scores", "ledger_id", new_column_name="live_scores_id")
    if _is_postgresql():  # where keys and sequences keep the names of before
        op.execute("ALTER INDEX IF EXISTS ledgers_pkey RENAME TO live_scores_pkey")
        op.execute("ALTER SEQUENCE IF EXISTS ledgers_id_seq RENAME TO live_scores_id_seq")
        op.execute("ALTER TABLE scores RENAME CONSTRAINT scores_ledger_id_fkey TO scores_live_scores_id_fkey")
    connection = op.get_bind()
    for publication_id in connection.execute(sa.select(publications.c.id)).scalars().all():
        mine = publications.c.id == publication_id
        _rename_kind(connection, mine)
        _rename_beds_freed(connection, mine)


def _rename_kind(connection: sa.Connection, mine: sa.ColumnElement[bool]) -> None:
    """Give notes of the kind "doubted" the kind "suspect". Damaged notes stay, and are found when they are read."""
    text = connection.execute(sa.select(sa.cast(publications.c.notes, sa.Text)).where(mine)).scalar_one()
    try:
        notes = json.loads(text)
        found = [note for note in notes if note["kind"] == "doubted"]
    except (LookupError, TypeError, ValueError):
        return
    for note in found:
        note["kind"] = "suspect"
    if found:
        value = sa.cast(sa.bindparam("listed", json.dumps(notes)), sa.JSON) if _is_postgresql() else json.dumps(notes)
        connection.execute(sa.update(publications).where(mine).values(notes=value))


def _rename_beds_freed(connection: sa.Connection, mine: sa.ColumnElement[bool]) -> None:
    """Replace a document that has `relief`, and its digest. A damaged one stays, and is found when it is read."""
    row = connection.execute(sa.select(publications.c.document, publications.c.digest).where(mine)).one()
    try:
        lines = zlib.decompress(row.document, wbits=GZIP).split(b"\n")
        if _digest(lines) != row.digest:
            return
        renamed = list(_renamed(lines))
    except (AttributeError, LookupError, TypeError, ValueError, zlib.error):
        return
    if renamed != lines:
        compressor = zlib.compressobj(1, wbits=GZIP)
        document = compressor.compress(b"\n".join(renamed)) + compressor.flush()
        connection.execute(sa.update(publications).where(mine).values(document=document, digest=_digest(renamed)))


def _digest(lines: Iterable[bytes]) -> str:
    return f"sha256:{hashlib.sha256(b''.join(lines)).hexdigest()}"


def _renamed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Each item of `headroom` is a line of its own."""
    is_headroom = False
    for line in lines:
        if line.endswith(b":[") or line == b"]":
            is_headroom = line == b',"headroom":['
        elif is_headroom:
            item: dict[str, Any] = json.loads(line.removeprefix(b","))
            item["beds_freed"] = item.pop("relief")
            comma = b"," if line.startswith(b",") else b""
            line = comma + json.dumps(item, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        yield line


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
