"""The benchmark of sizes: its systems have the series that are asked for, and its sampler sees steps and memory."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.scale.figures import Figures, StepCost
from benchmarks.scale.pictures import processor_seconds
from benchmarks.scale.steps import START, memory_bytes, step_of
from benchmarks.scale.systems import MEASURES, ScaleSystem


@pytest.mark.parametrize("n_series", [100, 300, 1_000, 10_000])
def test_a_system_has_the_series_that_are_asked_for(n_series: int, tmp_path: Path) -> None:
    system = ScaleSystem(n_series, tmp_path)
    assert MEASURES * (1 + system.n_trusts + system.n_sites) == n_series
    assert 3 <= system.n_sites / system.n_trusts <= 5


def test_a_function_outside_all_steps_counts_as_start_and_end() -> None:
    assert step_of(sys._getframe()) == START


def test_memory_is_that_of_a_python_process_at_least() -> None:
    assert 2**23 < memory_bytes(os.getpid()) < 2**36


def test_processor_seconds_of_a_step_are_its_part_of_the_clock() -> None:
    of = Figures(40.0, 20.0, 1.0, (StepCost("paths", 10.0, 1.0), StepCost("store", 30.0, 1.0)))
    assert processor_seconds(of, "paths") == 5.0
