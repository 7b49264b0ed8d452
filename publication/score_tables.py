"""The tables of live scores. They are replaced together, and stay small: what is not by series is by measure alone."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Float,
    ForeignKey,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.types import TypeEngine

from publication.control import ControlCheck, ControlState, Signal
from publication.database import Instant, metadata
from publication.live_scores import ChampionPeriod, LeadScore, LiveScores, Losses, QuantileShare, Score, Slice
from publication.vocabulary import series_key

live_scores = Table(
    "live_scores",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", String, nullable=False),
    Column("scored_at", Instant, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("n_publications", Integer, nullable=False),
)
COUNTS_OF_SCORE = ("n", "fallbacks", "publications")


def _table(name: str, key: Sequence[Column[Any]], *columns: Column[Any]) -> Table:
    """Return a table of scores, which belong to one row of `live_scores`; its rows differ in `key`."""
    owner: Column[Any] = Column("live_scores_id", ForeignKey("live_scores.id"), primary_key=True)
    return Table(name, metadata, owner, *key, *columns)


def _of_losses() -> list[Column[Any]]:
    counts: list[Column[Any]] = [Column(name, Integer, nullable=False) for name in COUNTS_OF_SCORE]
    return [*counts, *(Column(loss, Float) for loss in Losses._fields)]


def _key(name: str, of: type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, of, primary_key=True, autoincrement=False)


scores = _table(
    "scores",
    (_key("unique_id", String), _key("leads", String), _key("regime", String), _key("weeks", Integer)),
    Column("measure", String, nullable=False),
    *_of_losses(),
)
lead_scores = _table(
    "lead_scores", (_key("measure", String), _key("lead", Integer), _key("weeks", Integer)), *_of_losses()
)
champion_scores = _table(
    "champion_scores",
    (_key("first_cutoff", Date), _key("measure", String), _key("lead", Integer)),
    Column("last_cutoff", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("weeks", Integer, nullable=False),
    *_of_losses(),
)
quantile_shares = _table(
    "quantile_shares",
    (_key("measure", String), _key("quantile", Float), _key("weeks", Integer)),
    Column("n", Integer, nullable=False),
    Column("publications", Integer, nullable=False),
    Column("at_or_below", Float, nullable=False),
)
control_states = _table(
    "control_states",
    (_key("measure", String), _key("check", String)),
    Column("n_days", Integer, nullable=False),
    Column("evidence", Float),
    Column("unique_id", String),
    Column("since", Date),
    Column("found", Date),
    Column("size", Float),
    Column("expected", Float),
)

SAVED_PER_SYSTEM = 2
Row = TypeVar("Row", Score, LeadScore, QuantileShare, ControlState)


def scored_at(connection: Connection, system: str) -> datetime | None:
    """Return the instant at which the system was last scored; None if it never was."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    return None if row is None else row["scored_at"]


def read(connection: Connection, system: str) -> LiveScores | None:
    """Return the newest live scores of the system; None if there are none."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    if row is None:
        return None

    newest_id: int = row["id"]

    def rows(table: Table, read_row: Callable[[RowMapping], Row]) -> tuple[Row, ...]:
        mine = select(table).where(table.c.live_scores_id == newest_id)
        in_order = mine.order_by(*(column for column in table.primary_key if column.name != "live_scores_id"))
        return tuple(map(read_row, connection.execute(in_order).mappings()))

    return LiveScores(
        system=system,
        scored_at=row["scored_at"],
        first=row["first_day"],
        last=row["last_day"],
        n_publications=row["n_publications"],
        scores=rows(scores, _score),
        by_lead=rows(lead_scores, _lead_score),
        by_champion=rows(champion_scores, _champion_score),
        quantiles=rows(quantile_shares, _quantile_share),
        control=rows(control_states, _control_state),
    )


def write(connection: Connection, new: LiveScores) -> None:
    """Insert the live scores next to the newest ones, which stay, and delete older ones."""
    row = {
        "system": new.system,
        "scored_at": new.scored_at,
        "first_day": new.first,
        "last_day": new.last,
        "n_publications": new.n_publications,
    }
    new_id = connection.execute(insert(live_scores).returning(live_scores.c.id), row).scalar_one()
    records = {
        scores: [_record_of_score(score) for score in new.scores],
        lead_scores: [_record_of_lead(score) for score in new.by_lead],
        champion_scores: [_record_of_lead(score) | _record_of_champion(score.champion) for score in new.by_champion],
        quantile_shares: [share._asdict() for share in new.quantiles],
        control_states: [_record_of_state(state) for state in new.control],
    }
    for table, its_records in records.items():
        if its_records:
            connection.execute(insert(table), [{"live_scores_id": new_id, **record} for record in its_records])
    old = [row["id"] for row in connection.execute(_newest(new.system).offset(SAVED_PER_SYSTEM)).mappings()]
    for table in records:
        connection.execute(delete(table).where(table.c.live_scores_id.in_(old)))
    connection.execute(delete(live_scores).where(live_scores.c.id.in_(old)))


def _newest(system: str) -> Select[tuple[object, ...]]:
    """Order by the last day that is scored: scores of an earlier day do not take the place of today's."""
    mine = select(live_scores).where(live_scores.c.system == system)
    return mine.order_by(live_scores.c.last_day.desc(), live_scores.c.id.desc())


def _record_of_score(score: Score) -> dict[str, object]:
    of = score.of
    return {
        "unique_id": of.series,
        "measure": of.measure,
        "leads": of.leads,
        "regime": of.regime,
        "weeks": of.weeks,
        **_numbers(score),
    }


def _record_of_lead(score: LeadScore) -> dict[str, object]:
    return {"measure": score.measure, "lead": score.lead, "weeks": score.weeks, **_numbers(score)}


def _record_of_champion(period: ChampionPeriod | None) -> dict[str, object]:
    if period is None:
        raise ValueError("a score by champion has no period of a champion")
    return {"first_cutoff": period.first, "last_cutoff": period.last, "version": period.version}


def _numbers(score: Score | LeadScore) -> dict[str, object]:
    return {**{name: getattr(score, name) for name in COUNTS_OF_SCORE}, **score.losses._asdict()}


def _score(row: RowMapping) -> Score:
    series, measure, leads, regime = (_text(row, name) for name in ("unique_id", "measure", "leads", "regime"))
    of = Slice(series, measure, leads, regime, _count(row, "weeks"))
    series_key(row["unique_id"])
    return Score(of, _count(row, "n"), _count(row, "fallbacks"), _losses(row), _count(row, "publications"))


def _lead_score(row: RowMapping) -> LeadScore:
    return LeadScore(
        measure=_text(row, "measure"),
        lead=_count(row, "lead"),
        weeks=_count(row, "weeks"),
        n=_count(row, "n"),
        fallbacks=_count(row, "fallbacks"),
        losses=_losses(row),
        publications=_count(row, "publications"),
    )


def _champion_score(row: RowMapping) -> LeadScore:
    first, last = _day(row, "first_cutoff"), _day(row, "last_cutoff")
    return _lead_score(row)._replace(champion=ChampionPeriod(_count(row, "version"), first, last))


def _quantile_share(row: RowMapping) -> QuantileShare:
    return QuantileShare(
        measure=_text(row, "measure"),
        quantile=_number(row, "quantile"),
        weeks=_count(row, "weeks"),
        n=_count(row, "n"),
        at_or_below=_number(row, "at_or_below"),
        publications=_count(row, "publications"),
    )


def _record_of_state(state: ControlState) -> dict[str, object]:
    signal = dict.fromkeys(Signal._fields) if state.signal is None else state.signal._asdict()
    return {
        "measure": state.measure,
        "check": str(state.check),
        "n_days": state.n_days,
        "evidence": state.evidence,
        **signal,
    }


def _control_state(row: RowMapping) -> ControlState:
    return ControlState(
        measure=_text(row, "measure"),
        check=ControlCheck(_text(row, "check")),
        n_days=_count(row, "n_days"),
        evidence=None if row["evidence"] is None else _number(row, "evidence"),
        signal=None if all(row[name] is None for name in Signal._fields) else _signal(row),
    )


def _signal(row: RowMapping) -> Signal:
    return Signal(
        unique_id=None if row["unique_id"] is None else series_key(_text(row, "unique_id")).unique_id,
        since=_day(row, "since"),
        found=_day(row, "found"),
        size=_number(row, "size"),
        expected=_number(row, "expected"),
    )


def _losses(row: RowMapping) -> Losses:
    return Losses(*(None if row[loss] is None else _number(row, loss) for loss in Losses._fields))


def _text(row: RowMapping, name: str) -> str:
    """Raises ValueError where the row holds something else, as the next three do: SQLite stores what it is given."""
    value = row[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} of a score is {value!r}, which is no name")
    return value


def _count(row: RowMapping, name: str) -> int:
    value = row[name]
    if type(value) is not int:
        raise ValueError(f"{name} of a score is {value!r}, which is no count")
    return value


def _number(row: RowMapping, name: str) -> float:
    value = row[name]
    if not (isinstance(value, float) and isfinite(value)):
        raise ValueError(f"{name} of a score is {value!r}, which is no number")
    return value


def _day(row: RowMapping, name: str) -> date:
    value = row[name]
    if not isinstance(value, date):
        raise ValueError(f"{name} of a score is {value!r}, which is no day")
    return value
