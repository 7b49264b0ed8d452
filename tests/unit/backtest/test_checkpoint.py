"""Checkpoints of an interrupted backtest."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_system
from training.backtest.run import Checkpoint, key_of, run_checkpointed
from training.errors import HistoryError
from training.system.model import SystemContext

FIT_DAYS = [pd.Timestamp(day) for day in ("2022-02-06", "2022-04-03", "2022-05-29")]
CUTOFFS = [day + pd.Timedelta(days=later) for day in FIT_DAYS for later in (0, 13, 55)]


class Maker:
    """Makes one row for each cutoff; goes away when it is asked for a cutoff that it dies at."""

    def __init__(self, dies_at: pd.Timestamp | None = None) -> None:
        self.asked: list[list[pd.Timestamp]] = []
        self.dies_at = dies_at

    def __call__(self, cutoffs: Sequence[pd.Timestamp]) -> pd.DataFrame:
        self.asked.append(list(cutoffs))
        if self.dies_at in cutoffs:
            raise KeyboardInterrupt
        return pd.DataFrame({"cutoff": cutoffs, "y": [float(cutoff.day) for cutoff in cutoffs]})


def test_cutoffs_that_share_a_refit_day_are_made_together(tmp_path: Path) -> None:
    make = Maker()
    made = run_checkpointed(CUTOFFS, make, Checkpoint(tmp_path / "key"))
    assert make.asked == [CUTOFFS[0:3], CUTOFFS[3:6], CUTOFFS[6:9]]
    assert made["cutoff"].tolist() == CUTOFFS


def test_an_interrupted_backtest_goes_on_where_it_stopped(tmp_path: Path) -> None:
    complete = run_checkpointed(CUTOFFS, Maker(), Checkpoint(tmp_path / "other"))
    checkpoint = Checkpoint(tmp_path / "key")
    with pytest.raises(KeyboardInterrupt):
        run_checkpointed(CUTOFFS, Maker(dies_at=CUTOFFS[7]), checkpoint)
    assert checkpoint.n_saved == 2
    later = Maker()
    pd.testing.assert_frame_equal(run_checkpointed(CUTOFFS, later, checkpoint), complete)
    assert later.asked == [CUTOFFS[6:9]]


def test_what_is_cleared_is_made_anew(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "key")
    run_checkpointed(CUTOFFS, Maker(), checkpoint)
    checkpoint.clear()
    assert (checkpoint.n_saved, list(tmp_path.iterdir())) == (0, [])
    checkpoint.clear()  # nothing to clear is no error
    make = Maker()
    run_checkpointed(CUTOFFS, make, checkpoint)
    assert len(make.asked) == 3


def test_what_was_left_unfinished_is_not_taken_for_done(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    (tmp_path / "2022-02-06.77.unfinished").write_bytes(b"PAR1")
    assert checkpoint.load(FIT_DAYS[0]) is None
    assert checkpoint.n_saved == 0


def test_what_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    complete = run_checkpointed(CUTOFFS, Maker(), Checkpoint(tmp_path))
    (tmp_path / f"{FIT_DAYS[1]:%Y-%m-%d}.parquet").write_bytes(b"PAR1")
    make = Maker()
    pd.testing.assert_frame_equal(run_checkpointed(CUTOFFS, make, Checkpoint(tmp_path)), complete)
    assert make.asked == [CUTOFFS[3:6]]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "backtests").write_text("a file where a folder should be")
    with pytest.raises(HistoryError, match=r"Writing .*2022-02-06\.parquet: .*start the backtest again"):
        Checkpoint(tmp_path / "backtests" / "key").save(FIT_DAYS[0], Maker()(CUTOFFS[:1]))


def test_a_key_names_what_forecasts_depend_on() -> None:
    parts = ["sha256:1", 400, build_system(), SystemContext("GB-ENG"), {"chosen": ["Ridge"]}, 28, ["2022-01-08"], None]
    others: list[object] = [
        "sha256:2",
        401,
        build_system(levels=[0.5]),
        SystemContext("PT"),
        {"chosen": ["AutoETS"]},
        7,
        ["2022-01-09"],
        365,
    ]
    changed = [key_of([*parts[:i], other, *parts[i + 1 :]]) for i, other in enumerate(others)]
    assert len({key_of(parts), *changed}) == len(parts) + 1
    assert key_of(parts) == key_of(list(parts))
