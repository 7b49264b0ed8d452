"""Paths that are made some places at a time give what all of them at once give."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, System
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import build_history, build_system, counts
from training.frames import IndexArray
from training.history.point_in_time import PointInTimeHistory
from training.paths.joint import Paths
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.pressure import headroom
from training.pipeline.system_paths import PathChunk, SystemPaths, place_chunks, summarise

SITES = "ABCD"
MEASURES = (
    Measure("admissions", Kind.FLOW, "patients"),
    Measure("discharges", Kind.FLOW, "patients"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
SYSTEM = replace(build_system(), measures=MEASURES)
HORIZON = 7


@pytest.fixture(scope="module")
def made() -> tuple[Forecast, PointInTimeHistory]:
    levels = {"admissions": 40, "discharges": 40, "occupancy": 140, "beds": 160}
    table = pd.DataFrame(
        {f"{site}/{name}": counts(150, level, i) for i, site in enumerate(SITES) for name, level in levels.items()}
    )
    history = build_history(table, SYSTEM)
    return Forecaster(history, HORIZON).forecast({}, history.last_complete_day), history


def in_chunks(paths: SystemPaths, system: System, most: int) -> SystemPaths:
    """Return the same paths in chunks of about so many series."""
    [all_of_it] = paths.chunks()
    free = dict(zip(all_of_it.headroom.unique_ids, all_of_it.headroom.values, strict=True))

    def make(positions: IndexArray) -> PathChunk:
        ids = [paths.unique_ids[i] for i in positions]
        some = {i: free[i] for i in ids if i in free}
        return PathChunk(
            positions,
            all_of_it.margins[positions],
            Paths(tuple(ids), all_of_it.paths.values[positions]),
            Paths(tuple(some), np.array(list(some.values()))),
        )

    return SystemPaths(paths.unique_ids, place_chunks(system, paths.unique_ids, most), make)


@pytest.mark.parametrize(("most", "sizes"), [(1, [4, 4, 4, 4]), (5, [8, 8]), (100, [16])])
def test_a_chunk_has_complete_places_that_are_near_in_the_tree(most: int, sizes: Sequence[int]) -> None:
    ids = sorted(f"{site}/{measure.name}" for site in SITES for measure in MEASURES)
    chunks = place_chunks(SYSTEM, ids, most)
    assert [len(chunk) for chunk in chunks] == sizes
    assert sorted(np.concatenate(chunks).tolist()) == list(range(len(ids)))
    assert [sorted({ids[i][0] for i in chunk}) for chunk in chunks] == [
        list(SITES[start : start + sizes[0] // 4]) for start in range(0, 4, sizes[0] // 4)
    ]


@pytest.mark.parametrize("most", [1, 5])
def test_quantiles_of_sums_are_those_of_paths_that_are_all_there(
    made: tuple[Forecast, PointInTimeHistory], most: int
) -> None:
    forecast, _ = made
    paths = in_chunks(forecast.paths, SYSTEM, most)
    found = summarise(paths, forecast.parts, SYSTEM.quantiles, HORIZON)
    np.testing.assert_array_equal(found.quantiles, forecast.quantiles)
    values = forecast.paths.complete().values
    root = list(forecast.means.columns).index("north/admissions")
    total = sum(values[forecast.paths.unique_ids.index(f"{site}/admissions")] for site in SITES)
    middle = SYSTEM.quantiles.index(0.5)
    np.testing.assert_allclose(found.quantiles[root, :, middle], np.median(total, axis=-1), atol=0.0006)


@pytest.mark.parametrize("most", [1, 5])
def test_headroom_is_that_of_paths_that_are_all_there(made: tuple[Forecast, PointInTimeHistory], most: int) -> None:
    forecast, history = made
    chunked = replace(forecast, paths=in_chunks(forecast.paths, SYSTEM, most))
    assert headroom(chunked, history) == headroom(forecast, history)
    assert [of.place for of in headroom(chunked, history)] == ["north", "T1", "A", "B", "T2", "C", "D"]
