"""Ledgers as rows of the store's tables, and back. The newest counts; one more is left to who is reading it."""

from datetime import datetime
from math import isfinite

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select

from publication.ledger import LiveScores, Losses, Score, Slice
from publication.schema import ledgers, scores
from publication.vocabulary import series_key

KEPT = 2


def scored_at(connection: Connection, system: str) -> datetime | None:
    """When the newest ledger of the system was made; None where there is none."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    return None if row is None else row["scored_at"]


def read(connection: Connection, system: str) -> LiveScores | None:
    """The newest ledger of the system; None where there is none."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    if row is None:
        return None
    of_ledger = select(scores).where(scores.c.ledger_id == row["id"])
    in_order = of_ledger.order_by(scores.c.unique_id, scores.c.leads, scores.c.regime)
    return LiveScores(
        system=system,
        scored_at=row["scored_at"],
        first=row["first_day"],
        last=row["last_day"],
        n_publications=row["n_publications"],
        scores=tuple(map(_score, connection.execute(in_order).mappings())),
    )


def write(connection: Connection, ledger: LiveScores) -> None:
    """Put the ledger beside the newest one, which stays, while older ones go."""
    heading = {
        "system": ledger.system,
        "scored_at": ledger.scored_at,
        "first_day": ledger.first,
        "last_day": ledger.last,
        "n_publications": ledger.n_publications,
    }
    ledger_id = connection.execute(insert(ledgers).returning(ledgers.c.id), heading).scalar_one()
    if ledger.scores:
        connection.execute(insert(scores), [_record(ledger_id, score) for score in ledger.scores])
    old = [row["id"] for row in connection.execute(_newest(ledger.system).offset(KEPT)).mappings()]
    connection.execute(delete(scores).where(scores.c.ledger_id.in_(old)))
    connection.execute(delete(ledgers).where(ledgers.c.id.in_(old)))


def _newest(system: str) -> Select[tuple[object, ...]]:
    """By the last day that they judge: what is scored for a day gone by does not take the place of today's."""
    return select(ledgers).where(ledgers.c.system == system).order_by(ledgers.c.last_day.desc(), ledgers.c.id.desc())


def _record(ledger_id: int, score: Score) -> dict[str, object]:
    return {
        "ledger_id": ledger_id,
        "unique_id": score.of.series,
        "measure": score.of.measure,
        "leads": score.of.leads,
        "regime": score.of.regime,
        "n": score.n,
        "fallbacks": score.fallbacks,
        **score.losses._asdict(),
    }


def _score(row: RowMapping) -> Score:
    """Raises ValueError where the row holds something else: SQLite keeps what it is given."""
    texts, counts = (row[name] for name in ("unique_id", "measure", "leads", "regime")), (row["n"], row["fallbacks"])
    losses = (row[loss] for loss in Losses._fields)
    are_numbers = all(loss is None or (isinstance(loss, float) and isfinite(loss)) for loss in losses)
    if not (are_numbers and all(type(n) is int for n in counts) and all(isinstance(text, str) for text in texts)):
        raise ValueError(f"a score of {row['unique_id']!r} holds what is no count, loss or name")
    series_key(row["unique_id"])
    return Score(
        Slice(row["unique_id"], row["measure"], row["leads"], row["regime"]),
        row["n"],
        row["fallbacks"],
        Losses(*(row[loss] for loss in Losses._fields)),
    )
