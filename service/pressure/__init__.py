"""Pressure: the chances of each place and day, also under what-if, from published headroom."""

from service.pressure.aid import Aid, mutual_aid
from service.pressure.outlook import DayPressure, PlacePressure, worst_first
from service.pressure.what_if import NOTHING_CHANGED, Amounts, WhatIf, changed

__all__ = [
    "NOTHING_CHANGED",
    "Aid",
    "Amounts",
    "DayPressure",
    "PlacePressure",
    "WhatIf",
    "changed",
    "mutual_aid",
    "worst_first",
]
