"""Live scores: losses of issued forecasts against the actuals known when they were scored, and their tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from math import isfinite
from typing import NamedTuple

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

from publication.database import Instant, metadata
from publication.vocabulary import series_key

SLICES = ("series", "measure", "leads", "regime")
DEFAULT_SLICES = ("measure", "leads")


class Losses(NamedTuple):
    """Mean losses; errors are forecast minus actual. None where there is nothing to score.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of each series; coverages are shares of actuals inside the
    central interval of so many percent.
    """

    mae: float | None
    bias: float | None
    wis: float | None
    mase: float | None
    scaled_wis: float | None
    coverage_50: float | None
    coverage_80: float | None
    coverage_95: float | None

    def coverage(self, percent: int) -> float | None:
        """That of one of `vocabulary.COVERAGES`."""
        return {50: self.coverage_50, 80: self.coverage_80, 95: self.coverage_95}[percent]


class Slice(NamedTuple):
    """The forecasts that a score is of. None: not separated by this dimension."""

    series: str | None
    measure: str | None
    leads: str | None
    regime: str | None


class Score(NamedTuple):
    """Losses of the `n` forecasts of a slice that have an actual; `fallbacks` of them were fallbacks."""

    of: Slice
    n: int
    fallbacks: int
    losses: Losses


@dataclass(frozen=True)
class LiveScores:
    """Scores of the publications whose target days lie from `first` to `last`, by every slice; replaced together."""

    system: str
    scored_at: datetime
    first: date
    last: date
    n_publications: int
    scores: tuple[Score, ...]

    @cached_property
    def by_measure_and_leads(self) -> tuple[Score, ...]:
        return combined(self.scores, ("measure", "leads"))


def combined(scores: Iterable[Score], by: Sequence[str]) -> tuple[Score, ...]:
    """One score for each slice by those of `SLICES` in `by`: means over all its forecasts, in the slices' order."""
    sums: dict[Slice, _Sum] = {}
    restrict = _restriction_to(by)
    for score in scores:
        sums.setdefault(restrict(score.of), _Sum()).add(score)
    in_order = sorted(sums, key=lambda of: tuple(part or "" for part in of))
    return tuple(Score(of, sums[of].n, sums[of].fallbacks, sums[of].losses()) for of in in_order)


def _restriction_to(by: Sequence[str]) -> Callable[[Slice], Slice]:
    included = [name in by for name in SLICES]
    return lambda of: Slice(*(part if has_part else None for part, has_part in zip(of, included, strict=True)))


class _Sum:
    """Scores added up: each loss over the forecasts that have it."""

    def __init__(self) -> None:
        self.n = 0
        self.fallbacks = 0
        self._totals = [0.0] * len(Losses._fields)
        self._counts = [0] * len(Losses._fields)

    def add(self, score: Score) -> None:
        self.n += score.n
        self.fallbacks += score.fallbacks
        for i, loss in enumerate(score.losses):
            if loss is not None:
                self._totals[i] += loss * score.n
                self._counts[i] += score.n

    def losses(self) -> Losses:
        return Losses(*(total / n if n else None for total, n in zip(self._totals, self._counts, strict=True)))


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

scores = Table(
    "scores",
    metadata,
    Column("live_scores_id", ForeignKey("live_scores.id"), primary_key=True),
    Column("unique_id", String, primary_key=True),
    Column("leads", String, primary_key=True),
    Column("regime", String, primary_key=True),
    Column("measure", String, nullable=False),
    Column("n", Integer, nullable=False),
    Column("fallbacks", Integer, nullable=False),
    *(Column(loss, Float) for loss in Losses._fields),
)

SAVED_PER_SYSTEM = 2


def scored_at(connection: Connection, system: str) -> datetime | None:
    """Return the instant at which the system was last scored; None if it never was."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    return None if row is None else row["scored_at"]


def read(connection: Connection, system: str) -> LiveScores | None:
    """Return the newest live scores of the system; None if there are none."""
    row = connection.execute(_newest(system).limit(1)).mappings().first()
    if row is None:
        return None
    its_scores = select(scores).where(scores.c.live_scores_id == row["id"])
    in_order = its_scores.order_by(scores.c.unique_id, scores.c.leads, scores.c.regime)
    return LiveScores(
        system=system,
        scored_at=row["scored_at"],
        first=row["first_day"],
        last=row["last_day"],
        n_publications=row["n_publications"],
        scores=tuple(map(_score, connection.execute(in_order).mappings())),
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
    if new.scores:
        connection.execute(insert(scores), [_record(new_id, score) for score in new.scores])
    old = [row["id"] for row in connection.execute(_newest(new.system).offset(SAVED_PER_SYSTEM)).mappings()]
    connection.execute(delete(scores).where(scores.c.live_scores_id.in_(old)))
    connection.execute(delete(live_scores).where(live_scores.c.id.in_(old)))


def _newest(system: str) -> Select[tuple[object, ...]]:
    """Order by the last day that is scored: scores of an earlier day do not take the place of today's."""
    mine = select(live_scores).where(live_scores.c.system == system)
    return mine.order_by(live_scores.c.last_day.desc(), live_scores.c.id.desc())


def _record(live_scores_id: int, score: Score) -> dict[str, object]:
    return {
        "live_scores_id": live_scores_id,
        "unique_id": score.of.series,
        "measure": score.of.measure,
        "leads": score.of.leads,
        "regime": score.of.regime,
        "n": score.n,
        "fallbacks": score.fallbacks,
        **score.losses._asdict(),
    }


def _score(row: RowMapping) -> Score:
    """Raises ValueError where the row holds something else: SQLite stores what it is given."""
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
