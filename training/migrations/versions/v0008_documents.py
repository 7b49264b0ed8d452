"""A publication is one row with its document, where it was rows of five tables."""

import json
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

CONTENT_KINDS = ("event", "capacity", "fallback")
GZIP = zlib.MAX_WBITS + 16
SERIES_AT_A_TIME = 100

Fields = dict[str, Any]

OWN = ("id", "cutoff", "champion_name", "champion_version", "champion_run_id", "data_digest", "description", "notes")
SERIES = ("place", "measure", "stream", "unit", "model", "fallback", "counted_on", "recent")

publications = sa.table("publications", *map(sa.column, OWN), sa.column("document", sa.LargeBinary))
series = sa.table("series", *map(sa.column, ("publication_id", "unique_id", "position", *SERIES)))
forecasts, drivers = (
    sa.table(name, *map(sa.column, ("publication_id", "unique_id", "by_day"))) for name in ("forecasts", "drivers")
)
headroom = sa.table("headroom", *map(sa.column, ("publication_id", "position", "by_day")))


def upgrade() -> None:
    connection = op.get_bind()
    own = connection.execute(sa.select(*(_text(publications.c[name]) for name in OWN)).order_by(sa.text("id"))).all()
    for column in ("description", "data_digest"):
        op.drop_column(publications.name, column)
    op.add_column(publications.name, sa.Column("document", sa.LargeBinary, nullable=False, server_default=""))
    for row in own:
        document = _document(connection, dict(row._mapping))
        mine = sa.update(publications).where(publications.c.id == int(row.id))
        connection.execute(mine.values(document=document))
    for table in (headroom, drivers, forecasts, series):
        op.drop_table(table.name)


def _document(connection: sa.Connection, row: Fields) -> bytes:
    """Return the document; that of a damaged publication is empty, or not that of its digest, so reading it fails."""
    compressor = zlib.compressobj(1, wbits=GZIP)
    try:
        parts = [compressor.compress(line.encode() + b"\n") for line in _lines(connection, row)]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return b""
    return b"".join((*parts, compressor.flush()))


def _lines(connection: sa.Connection, row: Fields) -> Iterator[str]:
    """Its content, as it was hashed when it was issued."""
    system, cutoff, notes = json.loads(row["description"]), date.fromisoformat(row["cutoff"]), json.loads(row["notes"])
    reasons = {note["series"]: note["text"] for note in notes if note["kind"] == "fallback" and note["series"]}
    texts = [n["text"] for n in notes if n["kind"] in CONTENT_KINDS and (n["kind"] != "fallback" or not n["series"])]
    champion = {"name": row["champion_name"], "version": int(row["champion_version"]), "run_id": row["champion_run_id"]}
    yield f'{{"champion":{_json(champion)}'
    yield f',"cutoff":{_json(row["cutoff"])}'
    yield f',"data_digest":{_json(row["data_digest"])}'
    mine = sa.select(_text(headroom.c.by_day)).where(headroom.c.publication_id == int(row["id"]))
    left = connection.execute(mine.order_by(headroom.c.position)).scalars().all()
    if left:
        yield ',"headroom":['
        yield from _items(json.loads(of) for of in left)
        yield "]"
    yield f',"notes":{_json(texts)}'
    yield ',"series":['
    yield from _items(_series(connection, int(row["id"]), cutoff, system["horizon_days"], reasons))
    yield "]"
    yield f',"system":{_json(system)}'
    yield "}"


def _series(
    connection: sa.Connection, publication_id: int, cutoff: date, horizon_days: int, reasons: dict[str, str]
) -> Iterator[Fields]:
    of_forecasts, of_drivers = (
        (table.c.publication_id == series.c.publication_id) & (table.c.unique_id == series.c.unique_id)
        for table in (forecasts, drivers)
    )
    wanted = sa.select(
        series.c.unique_id,
        *(series.c[name] for name in SERIES[:-1]),
        _text(series.c.recent),
        _text(forecasts.c.by_day),
        _text(drivers.c.by_day, "drivers"),
    )
    mine = wanted.select_from(series.outerjoin(forecasts, of_forecasts).outerjoin(drivers, of_drivers))
    in_order = mine.where(series.c.publication_id == publication_id).order_by(series.c.position)
    with connection.execute(in_order, execution_options={"yield_per": SERIES_AT_A_TIME}) as rows:
        for row in rows.mappings():
            counted_on = [*map(int, row["counted_on"] or "")]
            item: Fields = {
                "key": [row["place"], row["measure"], row["stream"]],
                "unit": row["unit"],
                "model": row["model"],
                "fallback": bool(row["fallback"]),
                "reason": reasons.get(row["unique_id"]),
                "recent": [{"ds": ds, "y": y} for ds, y in json.loads(row["recent"])],
                "days": _days(cutoff, horizon_days, counted_on, json.loads(row["by_day"])),
            }
            if row["drivers"] is not None:
                item["drivers"] = json.loads(row["drivers"])
            yield item | ({"counted_on": counted_on} if counted_on else {})


def _days(cutoff: date, horizon_days: int, counted_on: list[int], by_day: list[list[float]]) -> list[Fields]:
    targets = [(lead, cutoff + timedelta(days=lead)) for lead in range(1, horizon_days + 1)]
    counted = [(lead, day) for lead, day in targets if not counted_on or day.weekday() in counted_on]
    return [
        {"ds": day.isoformat(), "lead": lead, "mean": mean, "quantiles": quantiles}
        for (lead, day), (mean, *quantiles) in zip(counted, by_day, strict=True)
    ]


def _items(values: Iterator[Fields]) -> Iterator[str]:
    for n, value in enumerate(values):
        yield f"{',' if n else ''}{_json(value)}"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _text(column: sa.ColumnElement[Any], name: str | None = None) -> sa.ColumnElement[str]:
    """As text, which a damaged one may be, too."""
    return sa.cast(column, sa.Text).label(name or column.key)
