"""The history of sums: as known at each cutoff, with their beds."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import build_history, build_system, table_of
from training.reconciliation import SumsHistory
from training.system.model import Event, EventKind, SystemContext

NAN = np.nan


def test_sums_are_known_when_their_parts_are() -> None:
    table = table_of(
        {"A/attendances": [1.0, 2.0, 3.0, NAN], "B/attendances": [10.0, 20.0, NAN, 40.0], "C/occupancy": [5.0] * 4}
    )
    history = SumsHistory(build_history(table))
    cutoff = pd.Timestamp(table.index[1])
    known = history.as_of(cutoff)
    assert list(known.columns) == ["T1/attendances", "north/attendances"]  # occupancy has one part: it has no sum
    assert known["T1/attendances"].tolist() == [11.0, 22.0]
    assert history.as_of(pd.Timestamp(table.index[3]))["T1/attendances"].tolist()[:2] == [11.0, 22.0]
    assert history.as_of(pd.Timestamp(table.index[3]))["T1/attendances"].isna().tolist() == [False, False, True, True]
    assert history.imputed(pd.Timestamp(table.index[3]))["T1/attendances"].notna().all()


def test_declared_beds_of_a_site_are_those_of_its_trust() -> None:
    event = Event(date(2022, 1, 5), date(2022, 1, 6), "A", "beds", EventKind.BED_CHANGE, "+12 beds")
    table = table_of({"A/beds": [100.0, 100.0, 112.0, 112.0], "B/beds": [50.0] * 4})
    system = replace(build_system(), measures=(Measure("beds", Kind.CAPACITY, "beds"),))
    history = SumsHistory(build_history(table, system, SystemContext("", (event,))))
    days = pd.DatetimeIndex(table.index)
    assert history.bed_steps(days, ["T1/beds", "north/beds"]).tolist() == [[0.0, 0.0]] * 2 + [[12.0, 12.0]] * 2
    assert history.imputed(days[3])["T1/beds"].tolist() == [150.0] * 4
