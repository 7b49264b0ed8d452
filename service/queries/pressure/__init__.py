"""Pressure: the chances of each place and day, from published headroom."""

from service.queries.pressure.aid import Aid, mutual_aid
from service.queries.pressure.outlook import DayPressure, PlacePressure, rank_by_pressure

__all__ = [
    "Aid",
    "DayPressure",
    "PlacePressure",
    "mutual_aid",
    "rank_by_pressure",
]
