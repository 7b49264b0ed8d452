"""The state of the last publication: read where it is complete and of this code, else made again."""

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites
from training.pipeline.forecaster import Forecaster
from training.pipeline.state import CODE_FILE, MEANS_FILE, PipelineState, StateFolder

TABLE = four_sites(120)
RECIPE = {"attendances": "SeasonalNaive", "occupancy": "SeasonalNaive"}
LAST = pd.Timestamp(TABLE.index[-1])


@pytest.fixture(scope="module")
def state() -> PipelineState:
    forecaster = Forecaster(build_history(TABLE, build_system()), 7)
    forecaster.forecast(RECIPE, LAST)
    return forecaster.state(RECIPE, LAST)


def n_saved(state: PipelineState) -> int:
    return sum(len(block.values) for _, block in state.means.blocks())


def test_what_was_written_last_is_read(state: PipelineState, tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "states" / "north", "1")
    assert n_saved(folder.read()) == 0
    folder.write(PipelineState())
    folder.write(state)
    assert n_saved(folder.read()) == n_saved(state) > 0
    assert sorted(p.name for p in (tmp_path / "states").iterdir()) == ["north"]


def test_a_state_of_other_code_or_damaged_counts_for_nothing(state: PipelineState, tmp_path: Path) -> None:
    folder = tmp_path / "north"
    StateFolder(folder, "1").write(state)
    assert n_saved(StateFolder(folder, "2").read()) == 0
    (folder / MEANS_FILE).write_bytes(b"not parquet")
    assert n_saved(StateFolder(folder, "1").read()) == 0
    (folder / CODE_FILE).unlink()
    assert n_saved(StateFolder(folder, "1").read()) == 0


def test_two_states_together_have_what_either_has(state: PipelineState) -> None:
    assert n_saved(state.with_more(PipelineState())) == n_saved(PipelineState().with_more(state)) == n_saved(state)


def test_a_place_that_cannot_be_written_ends_nothing(state: PipelineState, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    StateFolder(tmp_path / "file" / "north", "1").write(state)
    assert (tmp_path / "file").read_text() == ""
