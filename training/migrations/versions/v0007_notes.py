"""One list of notes with a kind, where there were notes, remarks, and a reason for each fallback."""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NOTES = (("series are fallbacks; each says why.", "fallback"), ("Pressure leaves out ", "capacity"), ("", "event"))
REMARKS = (
    ("The cutoff is ", "cutoff"),
    ("The history reaches only ", "cutoff"),
    ("The model registry was out of reach", "champion"),
    ("The champion could not be read", "champion"),
    (" counted on ", "weekdays"),
    (" doubted, and forecast from ", "doubted"),
    (" silent for too long ", "silent"),
    ("", "late"),
)
"""The kind of a sentence, by the first of these parts that it has: each was written in these words alone."""

Note = dict[str, str | None]

publications = sa.table("publications", sa.column("id", sa.Integer), sa.column("notes", sa.Text))
remarks = sa.table("remarks", *map(sa.column, ("publication_id", "position", "remark")))
series = sa.table("series", *map(sa.column, ("publication_id", "position", "unique_id", "place", "reason")))


def upgrade() -> None:
    connection = op.get_bind()
    as_text = sa.select(publications.c.id, sa.cast(publications.c.notes, sa.Text).label("notes"))
    for publication_id, notes in connection.execute(as_text).all():
        if (texts := _texts(notes)) is None:
            continue
        listed = [*_remarks(connection, publication_id), *map(_note, texts), *_reasons(connection, publication_id)]
        value = sa.cast(sa.bindparam("listed", json.dumps(listed)), sa.JSON) if _is_postgresql() else json.dumps(listed)
        connection.execute(sa.update(publications).where(publications.c.id == publication_id).values(notes=value))
    op.drop_table(remarks.name)
    op.drop_column(series.name, "reason")


def _texts(notes: str) -> list[str] | None:
    """None where they are no list of texts: what was damaged before stays so, and is found when it is read."""
    try:
        texts = json.loads(notes)
    except ValueError:
        return None
    is_sound = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return texts if is_sound else None


def _remarks(connection: sa.Connection, publication_id: int) -> Iterator[Note]:
    mine = sa.select(remarks.c.remark).where(remarks.c.publication_id == publication_id)
    for text in connection.execute(mine.order_by(remarks.c.position)).scalars():
        yield _note(text, REMARKS)


def _reasons(connection: sa.Connection, publication_id: int) -> Iterator[Note]:
    mine = sa.select(series.c.place, series.c.unique_id, series.c.reason).where(
        series.c.publication_id == publication_id, series.c.reason.is_not(None)
    )
    for place, unique_id, reason in connection.execute(mine.order_by(series.c.position)):
        yield {"kind": "fallback", "text": reason, "place": place, "series": unique_id}


def _note(text: str, kinds: tuple[tuple[str, str], ...] = NOTES) -> Note:
    kind = next(kind for part, kind in kinds if part in text)
    return {"kind": kind, "text": text, "place": None, "series": None}


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
