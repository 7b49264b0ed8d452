"""Columns of the flat tables of a publication, in their order: what BI tools read."""

from dataclasses import dataclass
from enum import StrEnum

from publication.live_scores import Losses
from publication.model import System
from publication.pressure import SHORT_BY
from publication.vocabulary import quantile_column


class ColumnKind(StrEnum):
    """Kind of the values of a column. An instant is in UTC."""

    TEXT = "text"
    DAY = "day"
    INSTANT = "instant"
    COUNT = "count"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class FlatColumn:
    """A column of a flat table."""

    name: str
    kind: ColumnKind


def publication_columns() -> tuple[FlatColumn, ...]:
    """Of the one row that describes a publication, and the live scores that were exported with it."""
    return _of(
        "system:text cutoff:day revision:count issued_at:instant digest:text champion:text champion_version:count "
        "champion_run_id:text series:count fallbacks:count scored_at:instant"
    )


def place_columns() -> tuple[FlatColumn, ...]:
    """Of the tree: one row a place."""
    return _of("system:text place:text parent:text name:text kind:text depth:count")


def forecast_columns(system: System) -> tuple[FlatColumn, ...]:
    """Of forecasts: one row a series and day."""
    before = "system:text unique_id:text place:text measure:text stream:text cutoff:day ds:day lead:count mean:number"
    return (*_of(before), *_quantiles(system, ""), *_of("model:text fallback:flag"))


def pressure_columns(system: System) -> tuple[FlatColumn, ...]:
    """Of pressure: one row a place and day."""
    chances = (*(f"over_{threshold}" for threshold in system.thresholds), *(f"short_{beds}" for beds in SHORT_BY))
    return (
        *_of("system:text place:text parent:text name:text kind:text cutoff:day ds:day lead:count beds:number"),
        *_quantiles(system, "occupancy_"),
        *_quantiles(system, "headroom_"),
        *_quantiles(system, "net_flow_"),
        *(FlatColumn(name, ColumnKind.NUMBER) for name in chances),
        FlatColumn("level", ColumnKind.TEXT),
    )


def actual_columns() -> tuple[FlatColumn, ...]:
    """Of recent actuals: one row a series and day."""
    return _of("system:text unique_id:text place:text measure:text stream:text unit:text ds:day y:number check:text")


def score_columns() -> tuple[FlatColumn, ...]:
    """Of live scores: one row a series, band of leads, regime and number of weeks."""
    before = "system:text unique_id:text place:text measure:text stream:text leads:text regime:text"
    losses = (FlatColumn(name, ColumnKind.NUMBER) for name in Losses._fields)
    return (*_of(before), *_of("n:count fallbacks:count"), *losses, *_of("weeks:count publications:count"))


def control_columns() -> tuple[FlatColumn, ...]:
    """Of statistical control: one row a measure and check. Those after `signal` are null where there is none."""
    return _of(
        "system:text measure:text check:text days:count evidence:number signal:flag unique_id:text place:text "
        "since:day found:day size:number expected:number sentence:text"
    )


def _of(names: str) -> tuple[FlatColumn, ...]:
    pairs = (word.split(":") for word in names.split())
    return tuple(FlatColumn(name, ColumnKind(kind)) for name, kind in pairs)


def _quantiles(system: System, prefix: str) -> tuple[FlatColumn, ...]:
    return tuple(FlatColumn(f"{prefix}{quantile_column(q)}", ColumnKind.NUMBER) for q in system.quantiles)
